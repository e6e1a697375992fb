import { expect, test } from "vitest";
import { startApp, type App, type AppOptions } from "./app.ts";
import {
  deliveryOf,
  holdingReceiver,
  onlyDelivery,
  settled,
  type HeldReceiver,
} from "./deliver-receiver.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { HandClock, REST_MS, ScriptedSender, status } from "./world.ts";

const SCHEDULE = "PT5S,PT5M,PT30M,PT2H,PT5H,PT10H,PT14H,PT20H,PT24H";
const SECONDS = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

function turnedBy(
  clock: HandClock,
  random = 0,
  more: Partial<AppOptions["circumstances"]> = {},
): AppOptions {
  return {
    env: { HOOKWIRE_RETRY_DELAYS: SCHEDULE },
    circumstances: { clock, random: () => random, ...more },
  };
}

/** Waits until the delivery waits for its next attempt, and says how long that is, in milliseconds. */
async function waitAfter(
  app: App,
  clock: HandClock,
  id: string,
  attempts: number,
): Promise<number> {
  for (;;) {
    const { attemptCount, nextAttemptAt } = await settled(app, id, "RETRYING");
    if (attemptCount === attempts) return Date.parse(String(nextAttemptAt)) - clock.now().getTime();
  }
}

/** Something else of the same webhook arrives, so the engine has looked at what is due. */
async function lookedAgain(app: App, receiver: HeldReceiver): Promise<void> {
  const count = receiver.all.length;
  await publishSample(app);
  (await receiver.request(count + 1)).answer(200);
}

test("a webhook that answers 503 is tried again after 5 seconds, and not before", async () => {
  const clock = new HandClock();
  await using app = await startApp(turnedBy(clock));
  await using receiver = await holdingReceiver();
  const { secret } = await makeWebhook(app, { url: receiver.url });
  const { eventId } = await publishSample(app);
  const first = await receiver.request(1);
  first.answer(503);
  const id = await onlyDelivery(app, eventId);
  expect(await waitAfter(app, clock, id, 1)).toBe(5000);
  clock.pass(4999);
  await lookedAgain(app, receiver);
  expect(await deliveryOf(app, id)).toMatchObject({ status: "RETRYING", attemptCount: 1 });
  clock.pass(1);
  const second = await receiver.request(3);
  second.verify(secret);
  expect(second.headers).toMatchObject({
    "webhook-id": eventId,
    "hookwire-delivery": id,
    "hookwire-attempt": "2",
  });
  expect(second.body.equals(first.body)).toBe(true);
  second.answer(200);
  expect(await settled(app, id, "SUCCEEDED")).toMatchObject({
    attemptCount: 2,
    nextAttemptAt: null,
  });
});

for (const [random, factor] of [
  [0, 1],
  [1, 1.2],
] as const)
  test(`the whole schedule is kept with a chance of ${random}, and its last failure ends as FAILED`, async () => {
    const clock = new HandClock();
    const sender = new ScriptedSender(clock, [status(500)]);
    await using app = await startApp(turnedBy(clock, random, { sender }));
    await makeWebhook(app, { url: "http://127.0.0.1:2/" });
    const { eventId } = await publishSample(app);
    const id = await onlyDelivery(app, eventId);
    for (const [index, seconds] of SECONDS.entries()) {
      const waitMs = await waitAfter(app, clock, id, index + 1);
      expect(waitMs).toBe(seconds * 1000 * factor);
      clock.pass(waitMs);
    }
    const failed = await settled(app, id, "FAILED");
    expect(failed).toMatchObject({
      attemptCount: 10,
      nextAttemptAt: null,
      finishedAt: clock.now().toISOString(),
    });
    expect(
      failed.attempts.map(({ number, outcome, trigger }) => ({ number, outcome, trigger })),
    ).toEqual(
      Array.from({ length: 10 }, (_, n) => ({
        number: n + 1,
        outcome: "HTTP_STATUS",
        trigger: "AUTOMATIC",
      })),
    );
    clock.pass(30 * 86_400_000 - 1);
    expect((await deliveryOf(app, id)).attemptCount).toBe(10);
  });

test("a webhook's own schedule is used, and one without retries fails at once", async () => {
  const clock = new HandClock();
  const sender = new ScriptedSender(clock, [status(404)]);
  await using app = await startApp(turnedBy(clock, 0, { sender }));
  await makeWebhook(app, {
    url: "http://127.0.0.1:2/",
    eventTypes: ["payment_received"],
    retryDelays: ["PT7M"],
  });
  await makeWebhook(app, {
    url: "http://127.0.0.1:2/",
    eventTypes: ["payment_created"],
    retryDelays: [],
  });
  const once = await onlyDelivery(
    app,
    (await publishSample(app, { type: "payment_created" })).eventId,
  );
  expect(await settled(app, once, "FAILED", "RETRYING")).toMatchObject({
    status: "FAILED",
    attemptCount: 1,
  });
  const twice = await onlyDelivery(app, (await publishSample(app)).eventId);
  expect(await waitAfter(app, clock, twice, 1)).toBe(420_000);
  clock.pass(420_000);
  expect(await settled(app, twice, "FAILED")).toMatchObject({ attemptCount: 2 });
});

test("every failure is retried, whatever it was, and each says what happened", async () => {
  const clock = new HandClock();
  await using app = await startApp(turnedBy(clock));
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  for (const [index, code] of [400, 401, 404, 418, 500, 301].entries()) {
    const { eventId } = await publishSample(app);
    (await receiver.request(index + 1)).answer(code, {
      headers: { location: "http://127.0.0.1:1/" },
    });
    const delivery = await settled(app, await onlyDelivery(app, eventId), "RETRYING");
    expect(delivery.attempts).toMatchObject([
      {
        outcome: code === 301 ? "REDIRECT" : "HTTP_STATUS",
        responseStatus: code,
        message: expect.stringContaining(String(code)),
      },
    ]);
    clock.pass(REST_MS);
  }
});

for (const code of [429, 503])
  test(`Retry-After on ${code} moves the delivery and keeps the whole webhook quiet`, async () => {
    const clock = new HandClock();
    await using app = await startApp(turnedBy(clock));
    await using receiver = await holdingReceiver();
    await using other = await holdingReceiver();
    await makeWebhook(app, { url: receiver.url, eventTypes: ["payment_received"] });
    await makeWebhook(app, { url: other.url, eventTypes: ["payment_created"] });
    const { eventId } = await publishSample(app);
    (await receiver.request(1)).answer(code, { headers: { "retry-after": "120" } });
    const id = await onlyDelivery(app, eventId);
    expect(await waitAfter(app, clock, id, 1)).toBe(120_000);
    const waiting = await publishSample(app);
    clock.pass(119_999);
    await publishSample(app, { type: "payment_created" });
    (await other.request(1)).answer(200);
    expect(receiver.all).toHaveLength(1);
    expect(await deliveryOf(app, await onlyDelivery(app, waiting.eventId))).toMatchObject({
      status: "PENDING",
    });
    clock.pass(1);
    (await receiver.request(2)).answer(200);
    (await receiver.request(3)).answer(200);
    expect(new Set(receiver.all.map(({ json }) => json.id))).toEqual(
      new Set([eventId, waiting.eventId]),
    );
  });

test("Retry-After on another status moves only the delivery", async () => {
  const clock = new HandClock();
  await using app = await startApp(turnedBy(clock));
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  const { eventId } = await publishSample(app);
  (await receiver.request(1)).answer(500, { headers: { "retry-after": "3600" } });
  expect(await waitAfter(app, clock, await onlyDelivery(app, eventId), 1)).toBe(3_600_000);
  clock.pass(REST_MS);
  await lookedAgain(app, receiver);
});

test("Retry-After never makes a retry earlier, and moves it by a day at most; the webhook is quiet for 5 minutes at most", async () => {
  const clock = new HandClock();
  await using app = await startApp(turnedBy(clock));
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  const soon = await publishSample(app);
  (await receiver.request(1)).answer(503, { headers: { "retry-after": "1" } });
  expect(await waitAfter(app, clock, await onlyDelivery(app, soon.eventId), 1)).toBe(5000);
  clock.pass(5000);
  (await receiver.request(2)).answer(503, { headers: { "retry-after": "99999999" } });
  expect(await waitAfter(app, clock, await onlyDelivery(app, soon.eventId), 2)).toBe(86_400_000);
  const next = await publishSample(app);
  clock.pass(5 * 60_000);
  expect((await receiver.request(3)).json.id).toBe(next.eventId);
});
