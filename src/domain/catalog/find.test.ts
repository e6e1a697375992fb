import { expect, test } from "vitest";
import { BUILT_IN } from "./built-in.ts";
import { BUILT_IN_CATALOG, Catalog, matchesType } from "./catalog.ts";
import type { EventType } from "./entry.ts";

const catalog = BUILT_IN_CATALOG;

const namesOf = (types: readonly EventType[]) => types.map((type) => type.name);

function typeNamed(name: string, changes: Partial<EventType> = {}): EventType {
  const [sample] = BUILT_IN;
  if (!sample) throw new Error("the catalog is empty");
  return { ...sample, id: `typ_${name}`, name, aliases: [], builtIn: false, ...changes };
}

test("every type is found by its name and by each of its aliases", () => {
  for (const type of BUILT_IN) {
    expect(catalog.find(type.name)).toBe(type);
    for (const alias of type.aliases) expect(catalog.find(alias.name)).toBe(type);
  }
});

test.each(["", "payment", "PAYMENT_RECEIVED", "payment_*", "constructor", "typ_payment_received"])(
  "%j is no type's name",
  (name) => expect(catalog.find(name)).toBeUndefined(),
);

test("a search without conditions lists the whole catalog in its order", () => {
  expect(catalog.search({})).toEqual(BUILT_IN);
  expect(catalog.search({ search: " ", categories: [] })).toEqual(BUILT_IN);
  expect(catalog.search({ search: null, categories: null })).toEqual(BUILT_IN);
});

test.each([
  ["a name", "subsite_cpt", ["subsite_cpt_created"]],
  ["a title, in any case", "wooCOMMERCE", ["subsite_woocommerce_order"]],
  ["a description", "grace period", ["membership_expired"]],
  ["an alias", "expiring_soon", ["domain_renewal_reminder"]],
  ["a category and a title", "  checkout   failed ", ["checkout_failed"]],
  ["words that no single type has", "grace checkout", []],
])("a search finds %s", (_where, search, found) => {
  expect(namesOf(catalog.search({ search }))).toEqual(found);
});

test("categories are whole names in any case, and search narrows them", () => {
  const sites = catalog.search({ categories: ["sites", "CUSTOMERS"] });
  expect(new Set(sites.map((type) => type.category))).toEqual(new Set(["Customers", "Sites"]));
  expect(sites).toHaveLength(5);
  expect(catalog.search({ categories: ["site"] })).toEqual([]);
  expect(namesOf(catalog.search({ categories: ["Sites"], search: "demo" }))).toEqual([
    "demo_site_expiring",
  ]);
});

test("deprecated and retired types are listed when asked for", () => {
  const types = [
    typeNamed("current"),
    typeNamed("old", { deprecationReason: "use current" }),
    typeNamed("gone", { retiredAt: new Date(0) }),
  ];
  const own = new Catalog(types);
  expect(namesOf(own.search({}))).toEqual([...namesOf(BUILT_IN), "current"]);
  expect(own.search({ includeDeprecated: true })).toEqual([...BUILT_IN, ...types]);
});

test("patterns match types by name and alias, each once and in the order of the catalog", () => {
  expect(namesOf(catalog.matched(["invoice_sent", "payment_*", "refund_issued"]))).toEqual([
    "payment_received",
    "payment_created",
    "payment_updated",
    "payment_failed",
    "invoice_sent",
  ]);
  expect(catalog.matched(["*"])).toEqual(BUILT_IN);
  expect(catalog.matched([])).toEqual([]);
});

test.each(["", "payment_recieved", "payments_*", "Payment_*"])("%j matches no type", (pattern) =>
  expect(catalog.matched([pattern])).toEqual([]),
);

test("patterns match a tenant's own types and their aliases, and no retired ones", () => {
  const own = typeNamed("order_paid", { aliases: [{ name: "sale", note: null }] });
  const gone = typeNamed("order_gone", { retiredAt: new Date(0) });
  const both = new Catalog([own, gone]);
  expect(namesOf(both.matched(["sale", "plan_change", "order_*"]))).toEqual([
    "membership_updated",
    "order_paid",
  ]);
  expect(both.wants(["sal*"], "order_paid")).toBe(true);
  expect(both.find("order_gone")).toBe(gone);
});

test("an alias of a retired type may become a name of another one", () => {
  const gone = typeNamed("old", {
    aliases: [{ name: "sale", note: null }],
    retiredAt: new Date(0),
  });
  const sale = typeNamed("sale");
  expect(new Catalog([gone, sale]).find("sale")).toBe(sale);
  expect(new Catalog([sale, gone]).find("sale")).toBe(sale);
});

test.each([
  ["payment_received", "payment_received", true],
  ["payment_received", "payment_received_late", false],
  ["payment_successful", "payment_received", true],
  ["refund_*", "payment_updated", true],
  ["*", "anything_at_all", true],
  ["**", "x", true],
  ["payment_*", "payment_failed", true],
  ["payment_*", "renewal_payment_created", false],
  ["*_created", "membership_created", true],
  ["*_created", "membership_created_again", false],
  ["*payment*created", "renewal_payment_created", true],
  ["a*b*c", "a_b_b_c", true],
  ["a*b*c", "a_c_b", false],
  ["a*a", "a", false],
  ["payment_received*", "payment_received", true],
  ["payment_*", "payment_x.y", false],
  ["payment.received", "payment_received", false],
  ["", "payment_received", false],
])("pattern %j and type %j: %j", (pattern, name, matches) => {
  const aliases = catalog.find(name)?.aliases ?? [];
  expect(matchesType([pattern], { name, aliases })).toBe(matches);
});

test("one pattern of several is enough, and none is not", () => {
  expect(catalog.wants(["site_*", "payment_failed"], "payment_failed")).toBe(true);
  expect(catalog.wants([], "payment_failed")).toBe(false);
});

test("matching and expanding agree for every type and every kind of pattern", () => {
  for (const pattern of [
    "*",
    "*_created",
    "domain_*",
    "site_*",
    "*e*i*",
    "plan_change",
    "nothing",
  ]) {
    const matched = namesOf(BUILT_IN).filter((name) => catalog.wants([pattern], name));
    expect(matched).toEqual(namesOf(catalog.matched([pattern])));
  }
});

test("a pattern with many stars costs no more than the product of the lengths", () => {
  const pattern = `${"*a".repeat(5_000)}b`;
  const startedAt = performance.now();
  expect(matchesType([pattern], { name: "a".repeat(10_000), aliases: [] })).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
