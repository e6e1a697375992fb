import { extendSchema, parse } from "graphql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findEventType } from "../src/domain/event-type.ts";
import { prefixOf } from "../src/domain/id.ts";
import { schema } from "../src/schema/index.ts";
import { startApp, type App } from "./app.ts";
import { callForCursor, callWith, placesOf, type Needs, type Place } from "./isolation-calls.ts";
import {
  ask,
  comparable,
  cursorIn,
  folded,
  furnishDefault,
  furnishNew,
  nobodys,
  someOf,
  type Holder,
} from "./isolation-tenants.ts";
import { contentOf, everything } from "./second-tenant.ts";

interface Asking {
  readonly caller: Holder;
  /** Ids that no reply to the caller may have. */
  readonly strangers: readonly string[];
}

const WEBHOOK = { name: "Made", url: "http://127.0.0.1:2/", eventTypes: ["domain_created"] };

/** What calls need besides the value that they are about, by schema coordinate; "(first:)" is of any field. */
const VALUES: Readonly<Record<string, (mine: Holder) => unknown>> = {
  "(first:)": () => 5,
  "(start:)": () => ({ last: 100 }),
  "Subscription.inboxRequests(inboxId:)": ({ idOf }) => idOf("Inbox"),
  "CreateAccessTokenInput.scopes": () => ["WEBHOOKS_READ"],
  "CreateApiKeyInput.name": () => "Made",
  "CreateApiKeyInput.scopes": () => ["WEBHOOKS_READ"],
  "CreateTenantInput.name": () => "Made",
  "CreateWebhookInput.name": () => WEBHOOK.name,
  "CreateWebhookInput.url": () => WEBHOOK.url,
  "CreateWebhookInput.eventTypes": () => WEBHOOK.eventTypes,
  "PublishEventInput.type": () => "payment_received",
  "PublishEventInput.payload": () => findEventType("payment_received")!.samplePayload,
  "TestWebhookInput.webhook": ({ idOf }) => ({ id: idOf("Webhook") }),
  "UpdateInboxInput.name": () => "Changed",
  "UpdateWebhookInput.name": () => "Changed",
  "UpsertWebhookInput.key": () => "made",
  "UpsertWebhookInput.webhook": () => WEBHOOK,
};

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
  theirs = await furnishDefault(app);
  reader = await furnishNew(app, "reader");
  for (const holder of [theirs, reader]) await folded(app, holder);
});

afterAll(async () => {
  const count = (wanted: string) => covered.filter(({ operation }) => operation === wanted).length;
  const counts = `${count("query")} q, ${count("mutation")} m, ${count("subscription")} s`;
  process.stdout.write(`isolation: ${covered.length} id arguments covered (${counts})\n`);
  await app[Symbol.asyncDispose]();
});

function needsOf(mine: Holder): Needs {
  const valueOf = (coordinate: string) =>
    (VALUES[coordinate] ?? VALUES[coordinate.replace(/^.*\(/, "(")])?.(mine);
  return { valueOf, idOf: mine.idOf };
}

/** What a holder could put in this place: ids of all types, all keys, the cursor of this very list or stream. */
async function valuesOf(holder: Holder, place: Place): Promise<readonly string[]> {
  if (place.kind === "ID") return someOf(holder);
  if (place.kind === "KEY") return holder.keys;
  const cursor = cursorIn(await ask(app, holder, callForCursor(place, needsOf(holder))));
  return cursor === undefined ? [] : [cursor];
}

/** A caller's reply to a value in this place. Neither the value nor the caller's own ids and keys can be told from others. */
async function replyTo(
  value: string,
  place: Place,
  { caller, strangers }: Asking,
): Promise<string> {
  let text = await ask(app, caller, callWith(schema, place, value, needsOf(caller)));
  const hidden = prefixOf(value) ? caller.keys : [...caller.keys, value];
  for (const one of hidden) text = text.replaceAll(`"${one}"`, `"<key>"`);
  // Keys are made of ids, so that the keys of others are found as well.
  for (const id of strangers)
    if (id !== value && text.includes(id)) expect.fail(`${value} is answered with ${id}: ${text}`);
  return comparable(text);
}

test.each(places.map((place) => [place.name, place] as const))(
  "%s answers the other tenant's value like nobody's, and one's own otherwise",
  async (name, place) => {
    // What a mutation does is not in the way of the next one: each has a tenant of its own.
    const caller = place.operation === "mutation" ? await furnishNew(app, newName()) : reader;
    const asking = { caller, strangers: strangersOf(caller) };
    const content = contentOf(app, theirs.tenantId);
    const values = await valuesOf(theirs, place);
    expect(values).not.toEqual([]);
    for (const value of values) {
      const reply = await replyTo(value, place, asking);
      expect(reply, value).toBe(await replyTo(nobodys(value), place, asking));
      if (place.kind === "STREAM_CURSOR")
        expect(reply).toBe(await replyTo("garbage", place, asking));
    }
    expect(contentOf(app, theirs.tenantId)).toEqual(content);
    expect(await isOwnTold(place, asking), "one's own value").toBe(!(name in EXCEPTIONS));
    covered.push(place);
  },
);

/** Whether some value of the caller's own is answered otherwise than one that names nothing. */
async function isOwnTold(place: Place, asking: Asking): Promise<boolean> {
  for (const value of await valuesOf(asking.caller, place)) {
    const nothing = place.kind.endsWith("CURSOR") ? "garbage" : nobodys(value);
    if ((await replyTo(value, place, asking)) !== (await replyTo(nothing, place, asking)))
      return true;
  }
  return false;
}

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
      input NewRef { webhookKey: String, label: String }
      extend type Query { plain(deliveryId: ID!): Boolean, needy(input: NewInput!): Boolean }
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
    "Viewer.remote(ids:)",
    "Webhook.history(start:).after",
  ]);
  const call = (name: string) => callWith(grown, added.get(name)!, "x", needsOf(reader));
  expect(call("Query.plain(deliveryId:)").query).toContain("plain(deliveryId: $deliveryId)");
  expect(() => call("Query.needy(input:).refs.webhookKey")).toThrow(
    "Query.needy(input:).refs.webhookKey: the table has no value for NewInput.count",
  );
  expect(() => call("Viewer.remote(ids:)")).toThrow("Viewer.remote(ids:): no way leads to");
  expect(() => callForCursor(added.get("Webhook.history(start:).after")!, needsOf(reader))).toThrow(
    "Webhook.history(start:).after: nothing says where",
  );
});
