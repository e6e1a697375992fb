import { extendSchema, parse } from "graphql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { prefixOf } from "../src/domain/id.ts";
import { schema } from "../src/schema/index.ts";
import { startApp, type App } from "./app.ts";
import { callForCursor, callWith, placesOf, type Place } from "./isolation-calls.ts";
import { isOwnTold, needsOf, replyTo, valuesOf } from "./isolation-replies.ts";
import { folded, furnishDefault, furnishNew, nobodys, type Holder } from "./isolation-tenants.ts";
import { contentOf, everything } from "./second-tenant.ts";

/** Where the caller's own value is answered like nobody's, too, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "Mutation.createTenant(input:).key": "only operators make tenants",
  "Query.tenants(after:)": "only operators list tenants",
  "Mutation.upsertWebhook(input:).webhook.key": "any but the key beside the webhook is refused",
};

const places = placesOf(schema);
const covered: Place[] = [];
let app: App;
/** Of the default tenant, where the operator made everything. */
let theirs: Holder;
/** Asks what changes nothing. */
let reader: Holder;

beforeAll(async () => {
  app = await startApp();
  // First, so that lists of the newest first have something of its own behind what is theirs.
  reader = await furnishNew(app, "reader");
  theirs = await furnishDefault(app);
  for (const holder of [theirs, reader]) await folded(app, holder);
});

afterAll(async () => {
  const count = (wanted: string) => covered.filter(({ operation }) => operation === wanted).length;
  const counts = `${count("query")} q, ${count("mutation")} m, ${count("subscription")} s`;
  process.stdout.write(`isolation: ${covered.length} id arguments covered (${counts})\n`);
  await app[Symbol.asyncDispose]();
});

test.each(places.map((place) => [place.name, place] as const))(
  "%s answers the other tenant's value like nobody's, and one's own otherwise",
  async (name, place) => {
    // What a mutation does is not in the way of the next one: each has a tenant of its own.
    const caller = place.operation === "mutation" ? await furnishNew(app, newName()) : reader;
    const asking = { app, caller, strangers: strangersOf(caller) };
    const content = contentOf(app, theirs.tenantId);
    const values = await valuesOf(app, theirs, place);
    expect(values).not.toEqual([]);
    for (const value of values) {
      const reply = await replyTo(value, place, asking);
      expect(reply, value).toBe(await replyTo(nobodys(value), place, asking));
      if ("orderBy" in place.beside) expect(reply).toContain(`"nodes":[{`);
      if (place.kind === "STREAM_CURSOR")
        expect(reply).toBe(await replyTo("garbage", place, asking));
    }
    expect(contentOf(app, theirs.tenantId)).toEqual(content);
    expect(await isOwnTold(place, asking), "one's own value").toBe(!(name in EXCEPTIONS));
    covered.push(place);
  },
);

/** The ids of all that is not the caller's. */
function strangersOf({ tenantId }: Holder): string[] {
  const rows = Object.values(everything(app)).flat();
  const others = rows.filter((row) => (row["tenant_id"] ?? row["id"]) !== tenantId);
  return others.map((row) => String(row["id"])).filter((id) => prefixOf(id));
}

let names = 0;
const newName = () => `writer-${++names}`;

test("every exception is a place of the schema", () => {
  const known = places.map(({ name }) => name);
  for (const name of Object.keys(EXCEPTIONS)) expect(known).toContain(name);
});

test("a new argument is found wherever it stands, and named when no call of it can be made", () => {
  const grown = extendSchema(
    schema,
    parse(`
      input NewInput { refs: [NewRef!], count: Int! }
      enum NewOrder { ODD, EVEN }
      input NewRef { webhookKey: String, label: String }
      extend type Query { plain(deliveryId: ID!): Boolean, needy(input: NewInput!): Boolean }
      extend type Query { sorted(after: String, orderBy: NewOrder! = ODD): Boolean }
      extend type Viewer { remote(ids: [ID!]): Boolean }
      extend type Webhook { history(start: StreamStart): Boolean }
    `),
  );
  const known = new Set(places.map(({ name }) => name));
  const added = new Map(
    placesOf(grown)
      .filter(({ name }) => !known.has(name))
      .map((place) => [place.name, place]),
  );
  expect([...added.keys()].toSorted()).toEqual([
    "Query.needy(input:).refs.webhookKey",
    "Query.plain(deliveryId:)",
    "Query.sorted(after:) by EVEN",
    "Query.sorted(after:) by ODD",
    "Viewer.remote(ids:)",
    "Webhook.history(start:).after",
  ]);
  const call = (name: string) => callWith(grown, added.get(name)!, "x", needsOf(reader));
  expect(call("Query.plain(deliveryId:)").query).toContain("plain(deliveryId: $deliveryId)");
  expect(call("Query.sorted(after:) by EVEN").variables).toMatchObject({ orderBy: "EVEN" });
  expect(() => call("Query.needy(input:).refs.webhookKey")).toThrow(
    "Query.needy(input:).refs.webhookKey: the table has no value for NewInput.count",
  );
  expect(() => call("Viewer.remote(ids:)")).toThrow("Viewer.remote(ids:): no way leads to");
  expect(() => callForCursor(added.get("Webhook.history(start:).after")!, needsOf(reader))).toThrow(
    "Webhook.history(start:).after: nothing says where",
  );
});
