import { afterAll, beforeAll, expect, test } from "vitest";
import { schema } from "../src/schema/index.ts";
import { startApp, type App } from "./app.ts";
import { placesOf, type Place } from "./isolation-calls.ts";
import { contentAbout, divide, type Divided } from "./isolation-narrow.ts";
import { isOwnTold, replyTo, valuesOf } from "./isolation-replies.ts";
import { folded, nobodys, type Holder } from "./isolation-tenants.ts";

const AFFECTED = "EventTypeChange.affectedWebhooks(after:)";
const TENANTS = "Query.tenants(after:)";
const NO_TENANTS = "only operators make and list tenants";
const NO_KEYS = "a token can't have KEYS_ADMIN";
const NO_AUDIT = "such a token can't have AUDIT_READ";
const NO_PUBLISHING = "such a token can't have EVENTS_PUBLISH";
const NOTHING_NEW = "what is made belongs to none of the token's webhooks";
/** Where the token's own value is answered like nobody's, too, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  [AFFECTED]: NOTHING_NEW,
  "Mutation.createApiKey(input:).tenantId": NO_KEYS,
  "Mutation.createTenant(input:).key": NO_TENANTS,
  "Mutation.createWebhook(input:).key": NOTHING_NEW,
  "Mutation.publishEvent(input:).idempotencyKey": NO_PUBLISHING,
  "Mutation.publishEvents(input:).events.idempotencyKey": NO_PUBLISHING,
  "Mutation.revokeApiKey(input:).apiKeyId": NO_KEYS,
  "Mutation.upsertWebhook(input:).key": NOTHING_NEW,
  "Mutation.upsertWebhook(input:).webhook.key": NOTHING_NEW,
  "Query.apiKeys(after:)": NO_KEYS,
  "Query.auditLog(after:)": NO_AUDIT,
  "Query.auditLog(filter:).subject": NO_AUDIT,
  [TENANTS]: NO_TENANTS,
};

/** Where the tenant's cursor is the token's as well: a position, from where on it is told what is its own. */
const SHARED = [
  "Subscription.deliveryUpdates(start:).after",
  "Subscription.webhookUpdates(start:).after",
];

const places = placesOf(schema);
const covered: Place[] = [];
let app: App;
/** Asks what changes nothing. */
let reader: Divided;

beforeAll(async () => {
  app = await startApp();
  reader = await divide(app, "reader");
  await folded(app, reader.theirs);
});

afterAll(async () => {
  process.stdout.write(
    `isolation: ${covered.length} id arguments covered for a token that is for some webhooks\n`,
  );
  await app[Symbol.asyncDispose]();
});

test.each(places.map((place) => [place.name, place] as const))(
  "%s answers a token for some webhooks for the value of another one of the tenant like for nobody's, and for its own otherwise",
  async (name, place) => {
    const isMutation = place.operation === "mutation";
    const { mine, theirs } = isMutation ? await divide(app, newName()) : reader;
    const asking = { app, caller: mine, strangers: theirs.ids };
    const content = contentAbout(app, theirs);
    const values = await valuesOf(app, theirs, place);
    expect(values.length === 0, "nothing to ask for").toBe(name === TENANTS || name === AFFECTED);
    for (const value of values) {
      if (place.kind === "LIST_CURSOR") expect(isOf(theirs, value)).toBe(true);
      const reply = await replyTo(value, place, asking);
      if (SHARED.includes(name)) expect(reply).toContain("StreamCaughtUp");
      else expect(reply, value).toBe(await replyTo(nobodys(value), place, asking));
    }
    expect(contentAbout(app, theirs)).toEqual(content);
    expect(await isOwnTold(place, asking), "one's own value").toBe(!(name in EXCEPTIONS));
    covered.push(place);
  },
);

/** Whether a cursor stands at one of these rows. */
function isOf({ ids }: Holder, cursor: string): boolean {
  const text = Buffer.from(cursor, "base64url").toString();
  return ids.some((id) => text.includes(id));
}

let names = 0;
const newName = () => `writer-${++names}`;

test("every exception is a place of the schema", () => {
  const known = places.map(({ name }) => name);
  for (const name of [...Object.keys(EXCEPTIONS), ...SHARED]) expect(known).toContain(name);
});
