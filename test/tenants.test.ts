import { beforeAll, afterAll, expect, test } from "vitest";
import { createIds, prefixOf, type IdPrefix } from "../src/domain/id.ts";
import { eventually, startApp, type App } from "./app.ts";
import { DeliverPause, DeliverDelete } from "./deliver-documents.ts";
import {
  deliveriesOf,
  HeldReceiver,
  holdingReceiver,
  runTest,
  settled,
  webhookOf,
} from "./deliver-receiver.ts";
import {
  addSecondTenant,
  contentOf,
  everything,
  openDatabase,
  type SecondTenant,
} from "./second-tenant.ts";
import { makeInbox, makeWebhook, publishSample, sample } from "./steps.ts";
import {
  INBOX_STREAM,
  MUTATIONS,
  NEWEST_VISIT,
  ONE,
  QUERIES,
  STREAMS,
} from "./tenants-documents.ts";

const newId = createIds(() => new Date());
/** What the API answered before the second tenant came, to each question. */
const before = new Map<string, string>();
let app: App;
let receiver: HeldReceiver;
let second: SecondTenant;
let inboxId: string;
let webhookId: string;
/** Of the second tenant: in flight while the tests run. */
let theirDelivery: string;
/** What the default tenant has of each kind. */
let ours: string[];

const asked = (): [string, object][] => QUERIES.map((query) => [query, { inboxId, webhookId }]);

async function answer(query: string, variables: object): Promise<string> {
  const response = await app.post({ query, variables });
  const text = await response.text();
  expect(text).not.toContain('"errors"');
  return text.replaceAll(app.url, "");
}

/** A stream's whole history, as text. */
async function historyOf(query: string): Promise<string> {
  const told: unknown[] = [];
  const stream = app.client().iterate({ query, variables: { start: { last: 500 }, inboxId } });
  for await (const { data, errors } of stream) {
    expect(errors).toBeUndefined();
    const [message] = Object.values(data ?? {}) as { __typename: string; at: string }[];
    if (message?.__typename === "StreamCaughtUp") break;
    told.push(message);
  }
  return JSON.stringify(told).replaceAll(app.url, "");
}

/** Something of every kind in every state that lists tell apart. */
async function furnish(): Promise<void> {
  const { id, url } = await makeInbox(app, { name: "Inbox OURS" });
  inboxId = id;
  await fetch(url, { method: "POST", body: "visit OURS" });
  receiver.answerAll(({ headers }) => ({
    status: headers["hookwire-event-type"] === "payment_created" ? 500 : 200,
  }));
  const webhook = { url: receiver.url, name: "Webhook OURS", retryDelays: [] };
  webhookId = (await makeWebhook(app, { ...webhook, key: "shared" })).id;
  await makeWebhook(app, { ...webhook, key: "key-OURS", eventTypes: ["domain_created"] });
  const held = await makeWebhook(app, { ...webhook, description: "OURS" });
  await app.run(DeliverPause, { id: held.id });
  const gone = await makeWebhook(app, {
    ...webhook,
    paused: true,
    eventTypes: ["payment_received"],
  });
  for (const [type, idempotencyKey] of [
    ["payment_received", "shared"],
    ["payment_created", "key-OURS"],
    ["domain_created", undefined],
  ] as const) {
    const payload = { ...(await sample(app, type)), note: "OURS" };
    const { eventId } = await publishSample(app, { type, payload, idempotencyKey });
    for (const delivery of await deliveriesOf(app, eventId))
      await settled(app, delivery, "SUCCEEDED", "FAILED", "HELD");
  }
  await runTest(app, webhookId);
  await app.run(DeliverDelete, { id: gone.id });
  await eventually(async () => (await webhookOf(app, webhookId)).deliveryCount === 3);
}

/** Health and counts have come to rest, for both tenants. */
function folded(): Promise<boolean> {
  return eventually(async () => {
    const { tenant = [], log = [] } = everything(app);
    return tenant.every(({ id, folded_position: position }) => {
      const positions = log.flatMap((row) =>
        row["tenant_id"] === id ? [Number(row["position"])] : [],
      );
      return position === Math.max(...positions);
    });
  });
}

beforeAll(async () => {
  // What is still held at the end is cut at once.
  app = await startApp({
    // The queries of this test ask for everything at once.
    env: { HOOKWIRE_DRAIN: "PT0S", HOOKWIRE_LIMIT_COST: "1000000" },
  });
  receiver = await holdingReceiver();
  await furnish();
  await folded();
  for (const [query, variables] of asked()) before.set(query, await answer(query, variables));
  for (const query of STREAMS) before.set(query, await historyOf(query));
  ours = [
    ...new Set([...before.values()].join().match(/\b(wh|sec|evt|dlv|att|inb|inr)_\w{26}\b/g)),
  ];
  await app.stop();
  second = addSecondTenant(app);
  {
    const db = openDatabase(app);
    // One of their deliveries is due, so that something happens for them while the tests watch.
    const where = "tenant_id = ? and event_type = 'payment_created' and status = 'FAILED'";
    const due = db.prepare<string, { id: string }>(
      `update delivery set status = 'PENDING', due_at = 1, finished_at = null where ${where} returning id`,
    );
    theirDelivery = due.get(second.tenantId)?.id ?? "";
    db.close();
  }
  receiver.answerAll(() => undefined);
  await app.start();
  await eventually(async () => receiver.inFlight === 1);
  await folded();
}, 30_000);

afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

test("what the tests compare is not empty: something of every kind, and a second tenant with as much", () => {
  const kinds = new Set(ours.map(prefixOf));
  expect(kinds).toEqual(new Set(["att", "dlv", "evt", "inb", "inr", "sec", "wh"]));
  for (const id of ours) expect(second.ids).toContain(second.twin(id));
  const { webhook, event, delivery, inbox, log } = contentOf(app, second.tenantId);
  for (const rows of [webhook, event, delivery, inbox, log])
    expect(rows?.length).toBeGreaterThan(0);
  const all = [...before.values()].join();
  for (const status of ["SUCCEEDED", "FAILED", "HELD", "CANCELLED"])
    expect(all.includes(`"${status}"`), status).toBe(true);
});

test("every list, filter, count and connection answers what it did before the second tenant came", async () => {
  for (const [query, variables] of asked())
    expect(await answer(query, variables), query).toBe(before.get(query));
});

test("the history of every stream is what it was", async () => {
  for (const query of STREAMS) expect(await historyOf(query), query).toBe(before.get(query));
});

test("an id or key of the second tenant answers exactly like one that does not exist", async () => {
  const keys = ["key-THEIRS"];
  // The tests ask with the operator's key, to which tenants and who did what in them are no secret.
  const isOpen = (id: string) => ["ten", "aud"].includes(prefixOf(id) ?? "");
  for (const id of [...second.ids.filter((one) => !isOpen(one)), ...keys]) {
    const prefix: IdPrefix | undefined = prefixOf(id);
    const nobodys = prefix ? newId(prefix) : "key-NOBODYS";
    const text = await answer(ONE, { id, key: id });
    expect(text.replaceAll(id, nobodys), id).toBe(await answer(ONE, { id: nobodys, key: nobodys }));
  }
  // The same question finds what is ours.
  for (const id of [webhookId, inboxId, "key-OURS", "shared"])
    expect(await answer(ONE, { id, key: id })).toContain("OURS");
});

test("a stream of an inbox of the second tenant is refused like one of an inbox that does not exist", async () => {
  const refusals = [];
  for (const id of [second.twin(inboxId), newId("inb")]) {
    const stream = app.client().iterate({ query: INBOX_STREAM, variables: { inboxId: id } });
    const { value } = await stream.next();
    refusals.push(JSON.stringify(value).replaceAll(id, ""));
  }
  expect(refusals[0]).toMatch(/"errors".*NOT_FOUND/);
  expect(refusals[0]).toBe(refusals[1]);
});

test("no mutation reaches what is the second tenant's, and each is refused as if it were not there", async () => {
  const content = contentOf(app, second.tenantId);
  const oneOfEach = new Map(ours.map((id) => [prefixOf(id), id])).values().toArray();
  for (const query of MUTATIONS)
    for (const id of [...oneOfEach, webhookId]) {
      const theirs = second.twin(id);
      const nobodys = newId(theirs.slice(0, theirs.indexOf("_")) as IdPrefix);
      const text = await answer(query, { id: theirs, mine: webhookId });
      expect(text.replaceAll(theirs, nobodys), query).toBe(
        await answer(query, { id: nobodys, mine: webhookId }),
      );
      expect(text).toContain('"code":"NOT_FOUND"');
    }
  expect(contentOf(app, second.tenantId)).toEqual(content);
});

test("a visit that names a delivery of the second tenant is kept like one that names nobody's", async () => {
  const told: string[] = [];
  for (const id of [theirDelivery, newId("dlv")]) {
    const headers = {
      "hookwire-delivery": id,
      "webhook-id": "evt",
      "webhook-signature": "v1,x",
      "webhook-timestamp": "1",
    };
    await fetch(`${app.url}/in/${inboxId}`, { method: "POST", body: "{}", headers });
    told.push((await answer(NEWEST_VISIT, { inboxId })).replaceAll(id, ""));
  }
  expect(told[0]).toContain('"requests"');
  expect(told[0]).toBe(told[1]);
  const kept = contentOf(app, ourTenant())["inbox_request"]?.slice(-2);
  expect(kept?.map((row) => row["delivery_id"])).toEqual([null, null]);
});

function ourTenant(): string {
  const webhook = everything(app)["webhook"]?.find((row) => row["id"] === webhookId);
  return String(webhook?.["tenant_id"]);
}

test("a key that the second tenant has used is free", async () => {
  const published = await publishSample(app, {
    idempotencyKey: "key-THEIRS",
    type: "customer_created",
  });
  expect(published.isNew).toBe(true);
  expect(
    (await makeWebhook(app, { url: receiver.url, key: "key-THEIRS", paused: true })).id,
  ).toMatch(/^wh_/);
});

test("what is published goes to the own webhooks only, and the streams tell nothing of what happens next door", async () => {
  const streams = STREAMS.map((query) => app.client().iterate({ query, variables: { inboxId } }));
  for (const stream of streams)
    expect(JSON.stringify((await stream.next()).value)).toContain("StreamCaughtUp");
  const positions = () => contentOf(app, second.tenantId)["log"]?.length ?? 0;
  const position = positions();
  // Their attempt in flight ends, and their inbox gets a visit.
  for (const request of receiver.all.slice())
    if (request.delivery === theirDelivery) request.answer(500);
  expect((await fetch(`${app.url}/in/${second.twin(inboxId)}`, { method: "POST" })).status).toBe(
    200,
  );
  await eventually(async () => positions() >= position + 2);
  // One webhook is active, one is paused; the twins of both want it, too.
  receiver.answerAll({ status: 200 });
  const { matchedWebhooks, eventId } = await publishSample(app, { type: "payment_created" });
  const rows = everything(app)["delivery"]?.filter((row) => row["event_id"] === eventId);
  expect(rows).toHaveLength(matchedWebhooks);
  for (const row of rows ?? []) expect(second.ids).not.toContain(row["webhook_id"]);
  await app.run(DeliverPause, { id: webhookId });
  await fetch(`${app.url}/in/${inboxId}`, { method: "POST" });
  for (const stream of streams) {
    const told = JSON.stringify((await stream.next()).value);
    expect(ours.some((id) => told.includes(id)) || told.includes(eventId)).toBe(true);
    for (const id of second.ids) expect(told).not.toContain(id);
  }
});
