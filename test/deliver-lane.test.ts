import { expect, test } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import { DeliverPublishMany } from "./deliver-documents.ts";
import {
  deliveriesOf,
  holdingReceiver,
  onlyDelivery,
  settled,
  warmUp,
} from "./deliver-receiver.ts";
import { makeWebhook, publishSample, sample } from "./steps.ts";

const TYPE = "payment_received";

async function publishMany(app: App, count: number, type = TYPE): Promise<string[]> {
  const payload = await sample(app, type);
  const events = Array.from({ length: count }, () => ({ type, payload }));
  const { publishEvents } = await app.run(DeliverPublishMany, { input: { events } });
  if (publishEvents?.__typename !== "PublishEventsPayload")
    throw new Error(JSON.stringify(publishEvents));
  return publishEvents.results.flatMap((result) =>
    result.__typename === "PublishEventPayload" ? [result.eventId] : [],
  );
}

/** Something that waits long enough for anything that is wrong to happen: a publish that goes all the way to a receiver. */
async function roundTrip(app: App): Promise<void> {
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  await makeWebhook(app, { url: receiver.url, eventTypes: ["domain_created"] });
  const { eventId } = await publishSample(app, { type: "domain_created" });
  await receiver.request(1);
  for (const id of await deliveriesOf(app, eventId))
    await settled(app, id, "SUCCEEDED", "RETRYING", "FAILED");
}

test("no more than maxInFlight attempts are ever in flight, and a place that is free is used", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url, maxInFlight: 3, eventTypes: [TYPE] });
  await warmUp(app, receiver, TYPE);
  const events = await publishMany(app, 12);
  for (let n = 1; n <= events.length; n++) {
    await receiver.request(Math.min(n + 2, events.length));
    receiver.all[n - 1]?.answer(200);
  }
  for (const eventId of events) await settled(app, await onlyDelivery(app, eventId), "SUCCEEDED");
  expect(receiver.most).toBe(3);
  expect(new Set(receiver.all.map(({ json }) => json.id))).toEqual(new Set(events));
});

test("ten attempts are in flight at once for a webhook that says nothing else", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url, eventTypes: [TYPE] });
  await warmUp(app, receiver, TYPE);
  await publishMany(app, 30);
  await receiver.request(10);
  await roundTrip(app);
  expect(receiver.all).toHaveLength(10);
  receiver.answerAll({ status: 200 });
  for (const request of receiver.all.slice()) request.answer(200);
  await receiver.request(30);
  expect(receiver.most).toBe(10);
});

test("503 halves what may be in flight", async () => {
  await using app = await startApp({ env: { HOOKWIRE_RETRY_DELAYS: "PT1H" } });
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url, maxInFlight: 8, eventTypes: [TYPE] });
  await warmUp(app, receiver, TYPE);
  const events = await publishMany(app, 20);
  await receiver.request(8);
  receiver.all[0]?.answer(503);
  // Refused, but answered: these say nothing of strain. Of eight, one is left then, and four may be in flight.
  for (let n = 1; n < 7; n++) receiver.all[n]?.answer(404);
  await receiver.request(8 + 3);
  await roundTrip(app);
  expect(receiver.all).toHaveLength(11);
  expect(receiver.inFlight).toBe(4);
  expect(events).toHaveLength(20);
});

test("one failure after the other brings a webhook down to one attempt, and successes double it up to maxInFlight again", async () => {
  await using app = await startApp({ env: { HOOKWIRE_RETRY_DELAYS: "PT1H" } });
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url, maxInFlight: 4, eventTypes: [TYPE] });
  await warmUp(app, receiver, TYPE);
  await publishMany(app, 30);
  await receiver.request(4);
  for (let n = 0; n < 4; n++) receiver.all[n]?.answer(500);
  const probe = await receiver.request(5);
  await roundTrip(app);
  expect(receiver.inFlight).toBe(1);
  probe.answer(200);
  await receiver.request(7);
  await roundTrip(app);
  expect(receiver.inFlight).toBe(2);
  receiver.all[5]?.answer(200);
  await receiver.request(10);
  await roundTrip(app);
  expect(receiver.inFlight).toBe(4);
  receiver.all[6]?.answer(200);
  await receiver.request(11);
  await roundTrip(app);
  expect(receiver.inFlight).toBe(4);
});

test("a receiver that hangs delays no other, however many places it could take", async () => {
  await using app = await startApp({ env: { HOOKWIRE_CONCURRENCY: "4" } });
  await using dead = await holdingReceiver();
  await using alive = await holdingReceiver();
  alive.answerAll({ status: 200 });
  await makeWebhook(app, { url: dead.url, maxInFlight: 256, eventTypes: [TYPE] });
  await makeWebhook(app, { url: dead.url, maxInFlight: 256, eventTypes: [TYPE] });
  await makeWebhook(app, { url: alive.url, eventTypes: [TYPE] });
  const events = await publishMany(app, 50);
  await alive.request(50);
  expect(new Set(alive.all.map(({ json }) => json.id))).toEqual(new Set(events));
  expect(dead.most).toBeLessThanOrEqual(2);
});

test("webhooks that are down to one attempt after a failure share a quarter of the places, and the one that works goes on", async () => {
  await using app = await startApp({
    env: { HOOKWIRE_CONCURRENCY: "8", HOOKWIRE_RETRY_DELAYS: "PT0S,PT0S,PT1H" },
  });
  const failing = await Promise.all(Array.from({ length: 6 }, () => holdingReceiver()));
  await using alive = await holdingReceiver();
  try {
    for (const receiver of failing) {
      receiver.answerAll(({ headers }) =>
        headers["hookwire-attempt"] === "1" ? { status: 500 } : undefined,
      );
      await makeWebhook(app, { url: receiver.url, maxInFlight: 1, eventTypes: [TYPE] });
    }
    await publishMany(app, 3);
    const held = () => failing.reduce((sum, { inFlight }) => sum + inFlight, 0);
    await eventually(async () => held() >= 2);
    await roundTrip(app);
    expect(held()).toBe(2);
    alive.answerAll({ status: 200 });
    await makeWebhook(app, { url: alive.url, eventTypes: ["payment_created"] });
    await publishMany(app, 40, "payment_created");
    await alive.request(40);
  } finally {
    for (const receiver of failing) await receiver[Symbol.asyncDispose]();
  }
});

test("an attempt ends by its webhook's timeout, and says that the receiver was too slow", async () => {
  await using app = await startApp({ env: { HOOKWIRE_RETRY_DELAYS: "PT1H" } });
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url, timeout: "PT1S" });
  const { eventId } = await publishSample(app);
  const delivery = await settled(app, await onlyDelivery(app, eventId), "RETRYING");
  expect(delivery.attempts).toMatchObject([
    {
      outcome: "TIMEOUT",
      responseStatus: null,
      responseBody: null,
      message: expect.stringContaining("1000 ms"),
    },
  ]);
  expect(delivery.attempts[0]?.durationMs).toBeGreaterThanOrEqual(990);
  // The service's own timeout would be 15 seconds.
  expect(delivery.attempts[0]?.durationMs).toBeLessThan(10_000);
  await eventually(async () => receiver.inFlight === 0);
});
