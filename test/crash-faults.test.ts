import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { eventually } from "./app.ts";
import { ok, startTurned } from "./core.ts";
import { mountDisk, type Disk } from "./crash-disk.ts";
import { DeadFile } from "./crash-file.ts";
import { deliveryOf, holdingReceiver } from "./deliver-receiver.ts";
import { graphql } from "./generated/gql.ts";
import { startProcess, startReceiver, type Process } from "./process.ts";
import { makeWebhook } from "./steps.ts";
import { allSucceeded, isUnavailable } from "./storage.ts";
import { publishMany } from "./watch-steps.ts";

const CrashFaultsPublish = graphql(`
  mutation CrashFaultsPublish($events: [PublishEventInput!]!) {
    publishEvents(input: { events: $events }) {
      __typename
      ... on PublishEventsPayload {
        results {
          __typename
          ... on PublishEventPayload {
            eventId
            isNew
          }
        }
      }
    }
  }
`);

const LEASE_MS = 45_000;
const TABLES = ["event", "idempotency_key", "delivery", "delivery_attempt", "log"];

const disk = mountDisk(24);
afterAll(() => disk?.[Symbol.dispose]());
/** Where the tests with a full disk run at all. */
function place(): Disk {
  if (!disk) throw new Error("There is no disk");
  return disk;
}

describe.skipIf(!disk)("on a full disk", () => {
  test("a batch for three webhooks is refused as a whole: nothing of it is written or sent, and its keys are free", async () => {
    const { path, fill } = place();
    await using receiver = await startReceiver();
    await using service = await startProcess(path, { DATABASE_URL: "sqlite:batch.db" });
    for (const webhook of ["/a", "/b", "/c"])
      await service.makeWebhook({ url: receiver.url + webhook });
    const { type, payload } = await service.event();
    const events = Array.from({ length: 100 }, (_, index) => ({
      type,
      payload: { ...(payload as object), note: "n".repeat(2000) },
      idempotencyKey: `batch-${index}`,
    }));
    const before = rowsIn(join(path, "batch.db"));
    const free = fill();
    isUnavailable(await service.ask(CrashFaultsPublish, { events }), /the disk is full/);
    expect(rowsIn(join(path, "batch.db"))).toEqual(before);
    free();

    const { publishEvents } = await service.run(CrashFaultsPublish, { events });
    if (publishEvents?.__typename !== "PublishEventsPayload") throw new Error("Not published");
    const ids = publishEvents.results.map((result) => {
      expect(result).toMatchObject({ isNew: true });
      return result.__typename === "PublishEventPayload" ? result.eventId : "";
    });
    await eventually(async () => receiver.received >= 300);
    expect(await service.kill("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
    for (const id of ids)
      expect(["/a", "/b", "/c"].map((webhook) => receiver.count(webhook, id))).toEqual([1, 1, 1]);
    expect(receiver.received).toBe(300);
    using file = new DeadFile(join(path, "batch.db"));
    file.isSound(ids);
  });

  test("retries that come due wait without a storm of requests or log lines, and go on when there is room again", async () => {
    const { path, fill } = place();
    await using receiver = await holdingReceiver();
    receiver.answerAll({ status: 503 });
    const env = { DATABASE_URL: "sqlite:retries.db" };
    await using service = await startProcess(path, env);
    const retryDelays = Array<string>(20).fill("PT0.5S");
    await service.makeWebhook({ url: receiver.url, retryDelays });
    const event = await service.event();
    const published = await Promise.all(Array.from({ length: 10 }, () => service.publish(event)));
    const arrived = () => new Set(receiver.all.map(({ delivery }) => delivery)).size;
    await eventually(async () => arrived() === 10);
    const { length: answered } = receiver.all;
    receiver.answerAll(() => undefined);
    await eventually(async () => receiver.inFlight > 0);

    const free = fill();
    // Answered while nothing can be recorded.
    receiver.answerAll({ status: 503 });
    for (const request of receiver.all.slice(answered)) request.answer(503);
    const full = service.log.length;
    const failures = () =>
      service.log.slice(full).filter(({ message }) => message === "failed").length;
    await eventually(async () => failures() > 0);
    const beganMs = performance.now();
    const { length: requests } = receiver.all;
    // A claim is tried again every second, and health is folded so.
    await eventually(async () => failures() >= 6);
    const tookMs = performance.now() - beganMs;
    expect(tookMs).toBeGreaterThan(500);
    // One for each delivery at most: what was answered is recorded before it is sent again.
    expect(receiver.all.length - requests).toBeLessThanOrEqual(10);
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    receiver.answerAll({ status: 200 });
    free();

    await eventually(() => allSucceeded(service));
    expect(await service.kill("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
    using file = new DeadFile(join(path, "retries.db"));
    file.isSound(published.map(({ eventId }) => eventId));
    const made = file.deliveries.flatMap((delivery) => {
      expect(delivery.made.map(({ number }) => number)).toEqual(delivery.made.map((_, i) => i + 1));
      return delivery.made.map(({ outcome }) => outcome);
    });
    // Every request is an attempt that is known, and each success came once.
    expect(made).toHaveLength(receiver.all.length);
    expect(made.filter((outcome) => outcome === "SUCCEEDED")).toHaveLength(10);
    expect(made).not.toContain("INTERNAL");
  });

  test("a stop ends in time although nothing can be recorded, and loses nothing", async () => {
    const { path, fill } = place();
    await using receiver = await startReceiver();
    receiver.isHolding = true;
    const env = { DATABASE_URL: "sqlite:stop.db", HOOKWIRE_DRAIN: "PT1S" };
    await using before = await startProcess(path, env);
    await before.makeWebhook({ url: `${receiver.url}/a` });
    const { eventId } = await before.publish();
    await eventually(async () => receiver.held === 1);
    const free = fill();
    const beganMs = performance.now();
    const { code, signal } = await before.kill("SIGTERM");
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    // The drain time and a second for the record of what is cut; without that end it would be for ever.
    expect(performance.now() - beganMs).toBeLessThan(10_000);
    receiver.letGo();
    free();
    await using after = await startProcess(path, env);
    await eventually(() => allSucceeded(after));
    expect(receiver.count("/a", eventId)).toBe(2);
    await isWhole(after, join(path, "stop.db"), [eventId]);
  });
});

test("an answer that waits for the database until its lease has ended is recorded all the same, and the delivery not sent again", async () => {
  await using turned = await startTurned();
  const { app, clock, sender } = turned;
  await makeWebhook(app, { url: "http://127.0.0.1:2/" });
  await publishMany(app, 1);
  const sent = await sender.attempt(1);
  const free = turned.lock();
  sent.answer(ok);
  // An answer of the API behind it: its record waits for the database by now.
  await deliveryOf(app, sent.claim.deliveryId);
  clock.pass(2 * LEASE_MS);
  await deliveryOf(app, sent.claim.deliveryId);
  free();
  const delivery = await eventually(async () => {
    const found = await deliveryOf(app, sent.claim.deliveryId);
    return found.status === "SUCCEEDED" && found;
  });
  expect(delivery.attempts).toMatchObject([{ number: 1, outcome: "SUCCEEDED" }]);
  clock.pass(2 * LEASE_MS);
  await publishMany(app, 1);
  const { claim } = await sender.attempt(2);
  expect(claim.deliveryId).not.toBe(sent.claim.deliveryId);
});

async function isWhole(service: Process, path: string, accepted: string[]): Promise<void> {
  expect(await service.kill("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
  using file = new DeadFile(path);
  file.isSound(accepted);
  expect(file.leased).toBe(0);
}

function rowsIn(path: string) {
  using db = new DatabaseSync(path, { readOnly: true });
  return TABLES.map((table) => db.prepare(`select count(*) as n from ${table}`).get());
}
