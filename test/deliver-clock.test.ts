import { expect, test, vi } from "vitest";
import { DatabaseStore } from "../src/persistence/store.ts";
import { eventually, startApp, type App, type AppOptions, testOnFile } from "./app.ts";
import { deliveryOf, holdingReceiver, onlyDelivery, settled, warmUp } from "./deliver-receiver.ts";
import { everything } from "./second-tenant.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { HandClock, REST_MS } from "./world.ts";

const HOUR_MS = 3_600_000;
const SCHEDULE = "PT5M,PT30M";
/** The engine sleeps no longer than this, so that it sees that the clock was put. */
const LOOK_MS = 60_000;

const PUT: AppOptions = { env: { HOOKWIRE_RETRY_DELAYS: SCHEDULE } };

test("when the clock is put forwards by an hour, a retry comes once, and nothing is lost", async () => {
  const clock = new HandClock();
  await using app = await startApp({ ...PUT, circumstances: { clock, random: () => 0 } });
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  const { eventId } = await publishSample(app);
  (await receiver.request(1)).answer(500);
  const id = await onlyDelivery(app, eventId);
  await settled(app, id, "RETRYING");
  clock.step(HOUR_MS);
  clock.pass(LOOK_MS);
  (await receiver.request(2)).answer(200);
  expect(await settled(app, id, "SUCCEEDED")).toMatchObject({ attemptCount: 2 });
  const fresh = await publishSample(app);
  (await receiver.request(3)).answer(200);
  await settled(app, await onlyDelivery(app, fresh.eventId), "SUCCEEDED");
  expect(receiver.all.map(({ json }) => json.id)).toEqual([eventId, eventId, fresh.eventId]);
});

test("when the clock is put back by an hour, what is new is sent at once, and a retry comes later, once", async () => {
  const clock = new HandClock();
  await using app = await startApp({ ...PUT, circumstances: { clock, random: () => 0 } });
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  const { eventId } = await publishSample(app);
  (await receiver.request(1)).answer(500);
  const id = await onlyDelivery(app, eventId);
  await settled(app, id, "RETRYING");
  clock.pass(REST_MS);
  clock.step(-HOUR_MS);
  const fresh = await publishSample(app);
  (await receiver.request(2)).answer(200);
  await settled(app, await onlyDelivery(app, fresh.eventId), "SUCCEEDED");
  clock.pass(300_000 + HOUR_MS - REST_MS - 1);
  const later = await publishSample(app);
  (await receiver.request(3)).answer(200);
  await settled(app, await onlyDelivery(app, later.eventId), "SUCCEEDED");
  expect(await deliveryOf(app, id)).toMatchObject({ status: "RETRYING", attemptCount: 1 });
  clock.pass(1);
  (await receiver.request(4)).answer(200);
  expect(await settled(app, id, "SUCCEEDED")).toMatchObject({ attemptCount: 2 });
  expect(receiver.all.map(({ json }) => json.id)).toEqual([
    eventId,
    fresh.eventId,
    later.eventId,
    eventId,
  ]);
});

test("an attempt in flight survives a step of the clock: it is neither lost nor made twice", async () => {
  for (const step of [HOUR_MS, -HOUR_MS]) {
    const clock = new HandClock();
    await using app = await startApp({ circumstances: { clock, random: () => 0 } });
    await using receiver = await holdingReceiver();
    await makeWebhook(app, { url: receiver.url });
    await warmUp(app, receiver);
    const { eventId } = await publishSample(app);
    const request = await receiver.request(1);
    clock.step(step);
    const other = await publishSample(app);
    const second = await receiver.request(2);
    expect(second.json.id).toBe(other.eventId);
    request.answer(200);
    second.answer(200);
    const delivery = await settled(app, await onlyDelivery(app, eventId), "SUCCEEDED");
    expect(delivery.attempts).toMatchObject([{ outcome: "SUCCEEDED" }]);
    await settled(app, await onlyDelivery(app, other.eventId), "SUCCEEDED");
    expect(receiver.all).toHaveLength(2);
  }
});

test("while an attempt is in flight and the clock is ahead of the leases, the database is left in peace", async () => {
  using claims = vi.spyOn(DatabaseStore.prototype, "claimDue");
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  await warmUp(app, receiver);
  await publishSample(app);
  await receiver.request(1);
  clock.step(HOUR_MS);
  await publishSample(app);
  const second = await receiver.request(2);
  const before = claims.mock.calls.length;
  expect(before).toBeGreaterThan(0);
  for (let n = 0; n < 100; n++) await (await fetch(`${app.url}/readyz`)).text();
  expect(claims.mock.calls.length - before).toBeLessThan(5);
  second.answer(200);
  receiver.all[0]?.answer(200);
});

for (const [waitedMs, how, claims] of [
  [20_000, "is sent", 1],
  [20_001, "is given back, and sent only under a new claim", 2],
] as const)
  testOnFile(`a claim that waited ${waitedMs} ms for its turn ${how}`, async () => {
    const clock = new HandClock();
    await using app = await startApp({ circumstances: { clock } });
    await using receiver = await holdingReceiver();
    await makeWebhook(app, { url: receiver.url, maxInFlight: 1 });
    await publishSample(app);
    const first = await receiver.request(1);
    const { eventId } = await publishSample(app);
    const claimed = () => claimsOf(app, eventId);
    await eventually(async () => claimed() === 1);
    clock.pass(waitedMs);
    first.answer(200);
    const second = await receiver.request(2);
    expect(claimed()).toBe(claims);
    second.answer(200);
    await settled(app, await onlyDelivery(app, eventId), "SUCCEEDED");
    expect(receiver.all).toHaveLength(2);
  });

/** How often an event's delivery was claimed so far: the number that grows with each claim. */
function claimsOf(app: App, eventId: string): unknown {
  return everything(app)["delivery"]?.find((row) => row["event_id"] === eventId)?.["claim_number"];
}

test("a stop waits for an attempt that is about to be answered", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  const id = await onlyDelivery(app, (await publishSample(app)).eventId);
  const request = await receiver.request(1);
  const stopped = app.stop();
  await eventually(() =>
    fetch(app.url).then(
      () => false,
      () => true,
    ),
  );
  request.answer(200);
  await stopped;
  await app.start();
  expect(await deliveryOf(app, id)).toMatchObject({ status: "SUCCEEDED", attemptCount: 1 });
});

test("a retry keeps its time over a restart", async () => {
  const clock = new HandClock();
  await using app = await startApp({
    env: { HOOKWIRE_RETRY_DELAYS: "PT1H" },
    circumstances: { clock, random: () => 0 },
  });
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  const id = await onlyDelivery(app, (await publishSample(app)).eventId);
  (await receiver.request(1)).answer(500);
  const { nextAttemptAt } = await settled(app, id, "RETRYING");
  await app.stop();
  clock.pass(HOUR_MS - 1);
  await app.start();
  expect(await deliveryOf(app, id)).toMatchObject({
    status: "RETRYING",
    nextAttemptAt,
    attemptCount: 1,
  });
  const other = await publishSample(app);
  const next = await receiver.request(2);
  expect(next.json.id).toBe(other.eventId);
  next.answer(200);
  clock.pass(1);
  (await receiver.request(3)).answer(200);
  expect((await settled(app, id, "SUCCEEDED")).attempts.map(({ number }) => number)).toEqual([
    1, 2,
  ]);
});
