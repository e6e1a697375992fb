import { expect, test } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import { DeliverDelete, DeliverDisable, DeliverPause, DeliverResume } from "./deliver-documents.ts";
import {
  deliveryOf,
  holdingReceiver,
  onlyDelivery,
  settled,
  webhookOf,
} from "./deliver-receiver.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { HandClock, ScriptedSender, status } from "./world.ts";

const DAY_MS = 86_400_000;
const SECOND_MS = 1000;

/** The webhook once the log is folded up to this many failures. */
function foldedTo(app: App, clock: HandClock, id: string, failures: number) {
  return eventually(async () => {
    clock.pass(SECOND_MS);
    const webhook = await webhookOf(app, id);
    return webhook.health.consecutiveFailures >= failures && webhook;
  });
}

/** Publishes one event after the other, each of which fails at once for good. */
async function fail(app: App, clock: HandClock, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    const { eventId } = await publishSample(app);
    await settled(app, await onlyDelivery(app, eventId), "FAILED");
    clock.pass(SECOND_MS); // the longest that the webhook is left alone after a failure
  }
}

test("410 pauses the webhook with a reason; what waits is held, and sent when it is resumed", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(app, { url: receiver.url });
  const gone = await publishSample(app);
  (await receiver.request(1)).answer(410);
  const paused = await eventually(async () => {
    const webhook = await webhookOf(app, id);
    return webhook.state !== "ACTIVE" && webhook;
  });
  expect(paused).toMatchObject({
    state: "AUTO_PAUSED",
    stateReason: expect.stringContaining("410"),
  });
  const later = await publishSample(app);
  const deliveries = [
    await onlyDelivery(app, gone.eventId),
    await onlyDelivery(app, later.eventId),
  ];
  for (const delivery of deliveries)
    expect(await deliveryOf(app, delivery)).toMatchObject({ status: "HELD", nextAttemptAt: null });
  expect(receiver.all).toHaveLength(1);
  receiver.answerAll({ status: 200 });
  await app.run(DeliverResume, { id });
  for (const delivery of deliveries) await settled(app, delivery, "SUCCEEDED");
  expect(await webhookOf(app, id)).toMatchObject({ state: "ACTIVE", stateReason: null });
});

test("a webhook that answered 410 gets nothing more, also in the moment before it is paused", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  await using receiver = await holdingReceiver();
  await using other = await holdingReceiver();
  await makeWebhook(app, {
    url: receiver.url,
    eventTypes: ["payment_received"],
    retryDelays: ["PT0S"],
  });
  await makeWebhook(app, { url: other.url, eventTypes: ["payment_created"] });
  const { eventId } = await publishSample(app);
  (await receiver.request(1)).answer(410);
  await settled(app, await onlyDelivery(app, eventId), "RETRYING");
  await publishSample(app);
  await publishSample(app, { type: "payment_created" });
  await other.request(1);
  expect(receiver.all).toHaveLength(1);
});

test("without a success for 5 days and after 20 failures it is paused, with 19 it is not; a resume starts anew", async () => {
  const clock = new HandClock();
  const sender = new ScriptedSender(clock, [status(500)]);
  await using app = await startApp({ circumstances: { clock, sender } });
  const { id } = await makeWebhook(app, { url: "http://127.0.0.1:2/", retryDelays: [] });
  await fail(app, clock, 18);
  expect(await foldedTo(app, clock, id, 18)).toMatchObject({ state: "ACTIVE" });
  clock.pass(5 * DAY_MS);
  await fail(app, clock, 1);
  const nearly = await foldedTo(app, clock, id, 19);
  expect(nearly).toMatchObject({ state: "ACTIVE", health: { state: "FAILING" } });
  await fail(app, clock, 1);
  expect(await foldedTo(app, clock, id, 20)).toMatchObject({
    state: "AUTO_PAUSED",
    stateReason: expect.stringMatching(/5 days.*20/),
  });
  await app.run(DeliverResume, { id });
  await fail(app, clock, 20);
  expect(await foldedTo(app, clock, id, 40)).toMatchObject({ state: "ACTIVE" });
  await app.run(DeliverResume, { id });
  await fail(app, clock, 18);
  clock.pass(5 * DAY_MS);
  await fail(app, clock, 1);
  expect(await foldedTo(app, clock, id, 59)).toMatchObject({ state: "ACTIVE" });
  await fail(app, clock, 1);
  expect(await foldedTo(app, clock, id, 60)).toMatchObject({ state: "AUTO_PAUSED" });
}, 30_000);

test("many failures in less than 5 days pause nothing, and a success starts the days and the count anew", async () => {
  const clock = new HandClock();
  const sender = new ScriptedSender(clock, [
    ...Array.from({ length: 25 }, () => status(500)),
    status(200),
    status(500),
  ]);
  await using app = await startApp({ circumstances: { clock, sender } });
  const { id } = await makeWebhook(app, { url: "http://127.0.0.1:2/", retryDelays: [] });
  await fail(app, clock, 25);
  const failing = await foldedTo(app, clock, id, 25);
  expect(failing).toMatchObject({ state: "ACTIVE", lastSucceededAt: null });
  clock.pass(5 * DAY_MS);
  const { eventId } = await publishSample(app);
  await settled(app, await onlyDelivery(app, eventId), "SUCCEEDED");
  await fail(app, clock, 1);
  expect(await foldedTo(app, clock, id, 1)).toMatchObject({ state: "ACTIVE" });
  clock.pass(5 * DAY_MS);
  await fail(app, clock, 18);
  expect(await foldedTo(app, clock, id, 19)).toMatchObject({ state: "ACTIVE" });
}, 30_000);

test("health, counts and times of a webhook follow its attempts", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(app, { url: receiver.url, retryDelays: [] });
  expect(await webhookOf(app, id)).toMatchObject({
    deliveryCount: 0,
    lastFailedAt: null,
    health: { state: "UNKNOWN" },
  });
  const counted = async (deliveryCount: number, code: number) => {
    const { eventId } = await publishSample(app);
    (await receiver.request(deliveryCount)).answer(code);
    const delivery = await settled(app, await onlyDelivery(app, eventId), "SUCCEEDED", "FAILED");
    const webhook = await eventually(async () => {
      clock.pass(SECOND_MS);
      const read = await webhookOf(app, id);
      const isFolded =
        read.lastSucceededAt !== null && (deliveryCount < 2 || read.lastFailedAt !== null);
      return isFolded && read.deliveryCount === deliveryCount && read;
    });
    return { webhook, delivery };
  };
  const good = await counted(1, 200);
  expect(good.webhook).toMatchObject({
    lastFailedAt: null,
    health: { state: "HEALTHY", consecutiveFailures: 0, successRate24h: 1, autoPauseAt: null },
  });
  expect(good.webhook.lastSucceededAt).toBe(good.delivery.finishedAt);
  const bad = await counted(2, 500);
  expect(bad.webhook).toMatchObject({
    lastSucceededAt: good.webhook.lastSucceededAt,
    health: {
      state: "DEGRADED",
      consecutiveFailures: 1,
      successRate24h: 0.5,
      autoPauseAt: expect.any(String),
    },
  });
  expect(bad.webhook.lastFailedAt).toBe(bad.delivery.finishedAt);
});

for (const [name, off, isKept] of [
  ["paused", (app: App, id: string) => app.run(DeliverPause, { id }), true],
  ["disabled", (app: App, id: string) => app.run(DeliverDisable, { id }), false],
] as const)
  test(`while a webhook is ${name} nothing is sent, and its attempt in flight is recorded`, async () => {
    await using app = await startApp();
    await using receiver = await holdingReceiver();
    const { id } = await makeWebhook(app, { url: receiver.url, maxInFlight: 1 });
    const inFlight = await publishSample(app);
    const request = await receiver.request(1);
    const queued = await publishSample(app);
    await off(app, id);
    const later = await publishSample(app);
    expect(later.matchedWebhooks).toBe(isKept ? 1 : 0);
    request.answer(200);
    await settled(app, await onlyDelivery(app, inFlight.eventId), "SUCCEEDED");
    const held = await onlyDelivery(app, queued.eventId);
    expect(await deliveryOf(app, held)).toMatchObject({ status: "HELD", attemptCount: 0 });
    expect(receiver.all).toHaveLength(1);
    receiver.answerAll({ status: 200 });
    await app.run(DeliverResume, { id });
    await settled(app, held, "SUCCEEDED");
  });

test("what waits for a webhook that is deleted is cancelled, and its attempt in flight is recorded", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(app, { url: receiver.url, maxInFlight: 1 });
  const inFlight = await onlyDelivery(app, (await publishSample(app)).eventId);
  const request = await receiver.request(1);
  const queued = await onlyDelivery(app, (await publishSample(app)).eventId);
  await app.run(DeliverDelete, { id });
  expect(await deliveryOf(app, queued)).toMatchObject({ status: "CANCELLED", nextAttemptAt: null });
  request.answer(200);
  const recorded = await settled(app, inFlight, "SUCCEEDED");
  expect(recorded.attempts).toMatchObject([{ outcome: "SUCCEEDED" }]);
  const finished = await eventually(async () => {
    const delivery = await deliveryOf(app, queued);
    return delivery.finishedAt !== null && delivery;
  });
  expect(finished).toMatchObject({ status: "CANCELLED", attemptCount: 0 });
  expect(receiver.all).toHaveLength(1);
});
