import { expect, test } from "vitest";
import { eventually, startApp, type AppOptions } from "./app.ts";
import {
  deliveryOf,
  holdingReceiver,
  onlyDelivery,
  settled,
  warmUp,
  webhookOf,
} from "./deliver-receiver.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { HandClock } from "./world.ts";

/** The webhook's timeout and the 30 s that a lease lasts beyond it. */
const LEASE_MS = 45_000;

function turnedBy(clock: HandClock): AppOptions {
  return { env: { HOOKWIRE_RETRY_DELAYS: "PT1H" }, circumstances: { clock, random: () => 0 } };
}

test("an attempt whose end nobody saw is recorded, made again at once, and does not count against the schedule", async () => {
  const clock = new HandClock();
  await using app = await startApp(turnedBy(clock));
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  await warmUp(app, receiver);
  const { eventId } = await publishSample(app);
  const id = await onlyDelivery(app, eventId);
  await receiver.request(1);
  clock.pass(LEASE_MS - 1);
  expect(await deliveryOf(app, id)).toMatchObject({ status: "PENDING", attemptCount: 0 });
  clock.pass(1);
  const second = await receiver.request(2);
  expect(second.headers).toMatchObject({ "webhook-id": eventId, "hookwire-delivery": id });
  expect((await deliveryOf(app, id)).attempts).toMatchObject([
    { number: 1, outcome: "INTERNAL", message: expect.stringContaining("may have arrived") },
  ]);
  second.answer(500);
  const delivery = await eventually(async () => {
    const read = await deliveryOf(app, id);
    return read.attempts.length === 2 && read;
  });
  expect(delivery).toMatchObject({
    status: "RETRYING",
    nextAttemptAt: new Date(clock.now().getTime() + 3_600_000).toISOString(),
  });
});

test("an answer that comes after its lease changes nothing, and is recorded under a number of its own", async () => {
  const clock = new HandClock();
  await using app = await startApp(turnedBy(clock));
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  await warmUp(app, receiver);
  const id = await onlyDelivery(app, (await publishSample(app)).eventId);
  const late = await receiver.request(1);
  clock.pass(LEASE_MS);
  const second = await receiver.request(2);
  late.answer(404);
  await eventually(async () => (await deliveryOf(app, id)).attempts.length === 2);
  expect(await deliveryOf(app, id)).toMatchObject({ status: "RETRYING" });
  second.answer(200);
  const delivery = await settled(app, id, "SUCCEEDED");
  expect(delivery.attempts.map(({ outcome }) => outcome).toSorted()).toEqual([
    "HTTP_STATUS",
    "INTERNAL",
    "SUCCEEDED",
  ]);
  expect(delivery.attempts.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual([
    1, 2, 3,
  ]);
  expect(delivery.attemptCount).toBe(3);
});

test("the third loss in a row waits for the schedule, and nothing is given up for it", async () => {
  const clock = new HandClock();
  await using app = await startApp(turnedBy(clock));
  await using receiver = await holdingReceiver();
  const { id: webhook } = await makeWebhook(app, { url: receiver.url });
  await warmUp(app, receiver);
  const id = await onlyDelivery(app, (await publishSample(app)).eventId);
  for (let n = 1; n <= 3; n++) {
    await receiver.request(n);
    clock.pass(LEASE_MS);
  }
  const waiting = await eventually(async () => {
    const delivery = await deliveryOf(app, id);
    return delivery.attemptCount === 3 && delivery;
  });
  expect(waiting).toMatchObject({
    status: "RETRYING",
    nextAttemptAt: new Date(clock.now().getTime() + 3_600_000).toISOString(),
  });
  clock.pass(3_600_000);
  (await receiver.request(4)).answer(200);
  await settled(app, id, "SUCCEEDED");
  const folded = await eventually(async () => {
    clock.pass(1000);
    const read = await webhookOf(app, webhook);
    return read.lastSucceededAt !== null && read;
  });
  expect(folded).toMatchObject({
    lastFailedAt: null,
    health: { consecutiveFailures: 0, state: "HEALTHY" },
  });
});

test("health and counts that were not folded when the service stopped are folded after the next start", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 500 });
  const { id } = await makeWebhook(app, { url: receiver.url, retryDelays: [] });
  const { eventId } = await publishSample(app);
  await settled(app, await onlyDelivery(app, eventId), "FAILED");
  await app.stop();
  await app.start();
  const webhook = await eventually(async () => {
    const read = await webhookOf(app, id);
    return read.deliveryCount === 1 && read.lastFailedAt !== null && read;
  });
  expect(webhook).toMatchObject({
    deliveryCount: 1,
    health: { consecutiveFailures: 1, successRate24h: 0 },
  });
});
