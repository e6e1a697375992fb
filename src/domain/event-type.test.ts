import { expect, test } from "vitest";
import { BUILT_IN } from "./catalog/built-in.ts";
import {
  type EventType,
  expandPatterns,
  findEventType,
  matchesType,
  searchEventTypes,
} from "./event-type.ts";

const namesOf = (types: readonly EventType[]) => types.map((type) => type.name);

function typeNamed(name: string, changes: Partial<EventType> = {}): EventType {
  const [sample] = BUILT_IN;
  if (!sample) throw new Error("the catalog is empty");
  return { ...sample, id: `typ_${name}`, name, aliases: [], builtIn: false, ...changes };
}

test("every type is found by its name and by each of its aliases", () => {
  for (const type of BUILT_IN) {
    expect(findEventType(type.name)).toBe(type);
    for (const alias of type.aliases) expect(findEventType(alias.name)).toBe(type);
  }
});

test.each(["", "payment", "PAYMENT_RECEIVED", "payment_*", "constructor", "typ_payment_received"])(
  "%j is no type's name",
  (name) => expect(findEventType(name)).toBeUndefined(),
);

test("a search without conditions lists the whole catalog in its order", () => {
  expect(searchEventTypes({})).toEqual(BUILT_IN);
  expect(searchEventTypes({ search: " ", categories: [] })).toEqual(BUILT_IN);
  expect(searchEventTypes({ search: null, categories: null })).toEqual(BUILT_IN);
});

test.each([
  ["a name", "subsite_cpt", ["subsite_cpt_created"]],
  ["a title, in any case", "wooCOMMERCE", ["subsite_woocommerce_order"]],
  ["a description", "grace period", ["membership_expired"]],
  ["an alias", "expiring_soon", ["domain_renewal_reminder"]],
  ["a category and a title", "  checkout   failed ", ["checkout_failed"]],
  ["words that no single type has", "grace checkout", []],
])("a search finds %s", (_where, search, found) => {
  expect(namesOf(searchEventTypes({ search }))).toEqual(found);
});

test("categories are whole names in any case, and search narrows them", () => {
  const sites = searchEventTypes({ categories: ["sites", "CUSTOMERS"] });
  expect(new Set(sites.map((type) => type.category))).toEqual(new Set(["Customers", "Sites"]));
  expect(sites).toHaveLength(5);
  expect(searchEventTypes({ categories: ["site"] })).toEqual([]);
  expect(namesOf(searchEventTypes({ categories: ["Sites"], search: "demo" }))).toEqual([
    "demo_site_expiring",
  ]);
});

test("deprecated and retired types are listed when asked for", () => {
  const types = [
    typeNamed("current"),
    typeNamed("old", { deprecationReason: "use current" }),
    typeNamed("gone", { retiredAt: new Date(0) }),
  ];
  expect(namesOf(searchEventTypes({}, types))).toEqual(["current"]);
  expect(searchEventTypes({ includeDeprecated: true }, types)).toEqual(types);
});

test("patterns expand to canonical names, each once and in the order of the catalog", () => {
  expect(expandPatterns(["invoice_sent", "payment_*", "refund_issued"])).toEqual({
    names: [
      "payment_received",
      "payment_created",
      "payment_updated",
      "payment_failed",
      "invoice_sent",
    ],
    unknown: [],
  });
  expect(expandPatterns(["*"])).toEqual({ names: namesOf(BUILT_IN), unknown: [] });
  expect(expandPatterns([])).toEqual({ names: [], unknown: [] });
});

test("patterns that stand for no type are named", () => {
  const patterns = ["", "payment_recieved", "payments_*", "site_published", "Payment_*"];
  expect(expandPatterns(patterns)).toEqual({
    names: ["site_published"],
    unknown: ["", "payment_recieved", "payments_*", "Payment_*"],
  });
});

test("patterns expand over a tenant's own types and their aliases", () => {
  const own = typeNamed("order_paid", { aliases: [{ name: "sale", note: null }] });
  expect(expandPatterns(["sale", "plan_change"], [...BUILT_IN, own]).names).toEqual([
    "membership_updated",
    "order_paid",
  ]);
  expect(matchesType(["sal*"], own.name, own.aliases)).toBe(true);
  expect(matchesType(["order_*"], own.name)).toBe(true);
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
  expect(matchesType([pattern], name)).toBe(matches);
});

test("one pattern of several is enough, and none is not", () => {
  expect(matchesType(["site_*", "payment_failed"], "payment_failed")).toBe(true);
  expect(matchesType([], "payment_failed")).toBe(false);
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
    const matched = namesOf(BUILT_IN).filter((name) => matchesType([pattern], name));
    expect(matched).toEqual(expandPatterns([pattern]).names);
  }
});

test("a pattern with many stars costs no more than the product of the lengths", () => {
  const pattern = `${"*a".repeat(5_000)}b`;
  const startedAt = performance.now();
  expect(matchesType([pattern], "a".repeat(10_000))).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
