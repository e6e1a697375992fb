import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import { graphql } from "./generated/gql.ts";
import { openDatabase } from "./second-tenant.ts";
import { makeInbox, makeWebhook, publishSample, sample } from "./steps.ts";
import { HandClock, ScriptedSender, status } from "./world.ts";

const RetentionState = graphql(`
  query RetentionState {
    publishedEvents(first: 100) {
      nodes {
        id
      }
    }
    deliveries(first: 100) {
      totalCount {
        value
      }
      nodes {
        id
        eventId
        status
        webhookName
      }
    }
  }
`);

const RetentionPublishMany = graphql(`
  mutation RetentionPublishMany($events: [PublishEventInput!]!) {
    publishEvents(input: { events: $events }) {
      __typename
    }
  }
`);

const RetentionPause = graphql(`
  mutation RetentionPause($id: ID!) {
    pauseWebhook(input: { webhook: { id: $id } }) {
      __typename
    }
  }
`);

const RetentionDelete = graphql(`
  mutation RetentionDelete($id: ID!) {
    deleteWebhook(input: { webhook: { id: $id } }) {
      __typename
    }
  }
`);

const RetentionRedeliver = graphql(`
  mutation RetentionRedeliver($id: ID!) {
    redeliverDelivery(input: { deliveryId: $id }) {
      __typename
    }
  }
`);

const HOUR = 3_600_000;

// Ids hold the time of their making, which is the machine's: it goes along with the hand clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

interface Aging extends AsyncDisposable {
  readonly app: App;
  restart(): Promise<void>;
  pass(ms: number): void;
  /** Goes on until this is seen, a minute of the clock at a time: that is how often old rows are looked for. */
  until(isSeen: () => Promise<boolean> | boolean): Promise<void>;
  /** The answer of an inbox. */
  visit(url: string): Promise<Response>;
  /** Rows of a table; a condition may follow its name. */
  count(table: string): number;
  readonly sender: ScriptedSender;
}

async function startAging(): Promise<Aging> {
  const clock = new HandClock();
  const sender = new ScriptedSender(clock, [status(200)]);
  const circumstances = { clock, sender, random: () => 0 };
  vi.setSystemTime(clock.now());
  const app = await startApp({ env: { HOOKWIRE_RETENTION: "P1D" }, circumstances });
  const pass = (ms: number) => {
    clock.pass(ms);
    vi.setSystemTime(clock.now());
  };
  return {
    app,
    sender,
    pass,
    restart: async () => {
      await app.stop();
      await app.start();
    },
    until: (isSeen) =>
      eventually(async () => {
        if (await isSeen()) return true;
        pass(60_000);
        return false;
      }).then(() => undefined),
    async visit(url) {
      const answered = fetch(url, { method: "POST", body: "{}" });
      // An inbox answers after its delay, and none is a wait of the clock too.
      return await eventually(() => {
        pass(0);
        return Promise.race([answered, Promise.resolve(null)]);
      });
    },
    count(table) {
      const db = openDatabase(app);
      try {
        return Number(db.prepare(`select count(*) from ${table}`).pluck().get());
      } finally {
        db.close();
      }
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

async function state(app: App) {
  const { publishedEvents, deliveries } = await app.run(RetentionState);
  return { events: publishedEvents?.nodes ?? [], deliveries: deliveries?.nodes ?? [] };
}

async function areDone(app: App): Promise<boolean> {
  return (await state(app)).deliveries.every((delivery) => delivery.status === "SUCCEEDED");
}

test("what is finished and older than the period goes, with attempts, keys and log; what waits stays, however old", async () => {
  await using aging = await startAging();
  const { app } = aging;
  await makeWebhook(app, {
    url: "http://127.0.0.1:2/",
    name: "Working",
    eventTypes: ["payment_received"],
  });
  const held = await makeWebhook(app, {
    url: "http://127.0.0.1:2/",
    name: "Held",
    eventTypes: ["customer_created"],
  });
  await app.run(RetentionPause, { id: held.id });
  const old = await publishSample(app, { idempotencyKey: "old" });
  const unwanted = await publishSample(app, { type: "domain_created" });
  await eventually(() => areDone(app));
  const waiting = await publishSample(app, { type: "customer_created", idempotencyKey: "waiting" });

  aging.pass(23 * HOUR);
  const young = await publishSample(app, { idempotencyKey: "young" });
  await eventually(async () => aging.sender.sent === 2);
  await eventually(
    async () => (await state(app)).deliveries.filter((d) => d.status === "SUCCEEDED").length === 2,
  );
  const isStill = (await state(app)).events.map(({ id }) => id);
  expect(isStill).toEqual([young, waiting, unwanted, old].map(({ eventId }) => eventId));

  aging.pass(2 * HOUR);
  await aging.until(async () => (await state(app)).events.length <= 2);
  const left = await state(app);
  expect(left.events.map(({ id }) => id)).toEqual([young.eventId, waiting.eventId]);
  expect(left.deliveries.map(({ eventId, status: is }) => [eventId, is])).toEqual([
    [young.eventId, "SUCCEEDED"],
    [waiting.eventId, "HELD"],
  ]);
  expect(aging.count("delivery_attempt")).toBe(1);

  expect(await publishSample(app, { idempotencyKey: "young" })).toMatchObject({ isNew: false });
  expect(
    await publishSample(app, { idempotencyKey: "waiting", type: "customer_created" }),
  ).toMatchObject({ eventId: waiting.eventId, isNew: false });
  expect(await publishSample(app, { idempotencyKey: "old" })).toMatchObject({ isNew: true });

  // What was removed is told of as a gap, as soon as it has left the memory too.
  await aging.restart();
  const updates = app.subscribe(DeliveryUpdates, { start: { after: old.streamCursor } });
  expect((await updates.next()).value).toMatchObject({
    deliveryUpdates: { __typename: "StreamGap" },
  });
  expect((await updates.next()).value).toMatchObject({
    deliveryUpdates: { eventId: young.eventId },
  });
});

test("an old delivery that was redelivered today stays", async () => {
  await using aging = await startAging();
  const { app } = aging;
  await makeWebhook(app, { url: "http://127.0.0.1:2/" });
  const again = await publishSample(app);
  const gone = await publishSample(app);
  await eventually(() => areDone(app));
  aging.pass(23 * HOUR);
  const { deliveries } = await state(app);
  await app.run(RetentionRedeliver, {
    id: deliveries.find(({ eventId }) => eventId === again.eventId)?.id ?? "",
  });
  await eventually(async () => aging.sender.sent === 3 && (await areDone(app)));
  await aging.until(async () => (await state(app)).events.length < 2);
  const left = await state(app);
  expect(left.events.map(({ id }) => id)).toEqual([again.eventId]);
  expect(left.deliveries.map(({ eventId }) => eventId)).not.toContain(gone.eventId);
  expect(aging.count("delivery_attempt")).toBe(2);
});

test("a large removal is done in small steps, and the positions of the log go on after it and a restart", async () => {
  await using aging = await startAging();
  const { app } = aging;
  await makeWebhook(app, { url: "http://127.0.0.1:2/", maxInFlight: 256 });
  const event = { type: "payment_received", payload: await sample(app, "payment_received") };
  await app.run(RetentionPublishMany, { events: Array(700).fill(event) as (typeof event)[] });
  await eventually(async () => aging.count("delivery where status = 'SUCCEEDED'") === 700);
  const last = aging.count("log");
  aging.pass(26 * HOUR);
  await aging.until(() => aging.count("delivery") + aging.count("event") === 0);
  await aging.until(() => aging.count("log") === 0);
  const removed = app.log.filter(({ message }) => message === "retention.removed");
  for (const line of removed) {
    expect(Number(line["deliveries"])).toBeLessThanOrEqual(500);
    expect(Number(line["log_entries"])).toBeLessThanOrEqual(500);
  }
  expect(removed.reduce((sum, line) => sum + Number(line["deliveries"]), 0)).toBe(700);
  expect(removed.reduce((sum, line) => sum + Number(line["events"]), 0)).toBe(700);
  expect(removed.length).toBeGreaterThanOrEqual(3);

  await aging.restart();
  await publishSample(app);
  await eventually(() => areDone(app));
  expect(aging.count(`log where position <= ${last}`)).toBe(0);
  expect(
    aging.count(`log where position between ${last + 1} and ${last + 10}`),
  ).toBeGreaterThanOrEqual(2);
});

test("expired inboxes go with what they got, deleted webhooks with their secrets, and open ones stay", async () => {
  await using aging = await startAging();
  const { app } = aging;
  const expiring = await makeInbox(app, { expiresIn: "PT1H" });
  const open = await makeInbox(app, { expiresIn: "P30D" });
  for (const { url } of [expiring, open]) expect((await aging.visit(url)).status).toBe(200);
  const deleted = await makeWebhook(app, { url: "http://127.0.0.1:2/", name: "Deleted" });
  const kept = await makeWebhook(app, { url: "http://127.0.0.1:2/", name: "Kept" });
  await publishSample(app);
  await eventually(() => areDone(app));
  await app.run(RetentionDelete, { id: deleted.id });

  aging.pass(2 * HOUR);
  expect((await aging.visit(expiring.url)).status).toBe(404);
  await aging.until(() => aging.count("inbox") === 1 && aging.count("inbox_request") === 1);
  expect((await aging.visit(open.url)).status).toBe(200);
  expect((await state(app)).deliveries.map(({ webhookName }) => webhookName).toSorted()).toEqual([
    "Deleted",
    "Kept",
  ]);
  expect(aging.count("webhook")).toBe(2);

  aging.pass(24 * HOUR);
  await aging.until(() => aging.count("webhook") === 1);
  expect(aging.count(`webhook where id = '${kept.id}'`)).toBe(1);
  expect(aging.count(`signing_secret where webhook_id <> '${kept.id}'`)).toBe(0);
  expect(aging.count("inbox")).toBe(1);
});
