import { expect, test } from "vitest";
import { eventually, startApp } from "./app.ts";
import { DeliverDisable, DeliverEvent, DeliverPause, DeliverTest } from "./deliver-documents.ts";
import {
  askTest,
  holdingReceiver,
  onlyDelivery,
  runTest,
  settled,
  webhookOf,
} from "./deliver-receiver.ts";
import { makeWebhook, publishSample, sample } from "./steps.ts";
import { HandClock } from "./world.ts";

test("a test sends the sample of the first type that the webhook wants, signed and marked as a test", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  const { id, secret } = await makeWebhook(app, {
    url: receiver.url,
    eventTypes: ["payment_successful"],
  });
  const { succeeded, attempt, delivery } = await runTest(app, id);
  expect(succeeded).toBe(true);
  expect(attempt).toMatchObject({
    number: 1,
    trigger: "TEST",
    outcome: "SUCCEEDED",
    responseStatus: 200,
  });
  expect(delivery).toMatchObject({
    status: "SUCCEEDED",
    isTest: true,
    attemptCount: 1,
    eventType: "payment_received",
  });
  const arrived = await receiver.request(1);
  arrived.verify(secret);
  expect(arrived.headers).toMatchObject({
    "hookwire-test": "true",
    "webhook-id": delivery.eventId,
  });
  expect(arrived.json.data).toEqual(await sample(app, "payment_received"));
  const { publishedEvent } = await app.run(DeliverEvent, { by: { id: delivery.eventId } });
  expect(publishedEvent).toMatchObject({ isTest: true, idempotencyKey: null });
});

test("single fields of the sample can be replaced, and are checked like any payload", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  const { id } = await makeWebhook(app, { url: receiver.url, format: "FLAT" });
  const type = "payment_received";
  await runTest(app, id, { sample: { type, overrides: { payment_id: 77, extra: ["yes"] } } });
  const arrived = await receiver.request(1);
  expect(JSON.parse(arrived.body.toString())).toEqual({
    ...(await sample(app, type)),
    payment_id: 77,
    extra: ["yes"],
  });
  expect(
    await askTest(app, id, {
      sample: { type, overrides: { payment_id: "no", payment_status: 1 } },
    }),
  ).toMatchObject({
    __typename: "InvalidInputError",
    path: ["input", "event", "sample", "overrides"],
    issues: expect.arrayContaining([
      expect.objectContaining({
        pointer: "/payment_status",
        path: ["input", "event", "sample", "overrides"],
      }),
      expect.objectContaining({ pointer: "/payment_id" }),
    ]),
  });
  for (const overrides of [[], "text", 5, true])
    expect(await askTest(app, id, { sample: { type, overrides } })).toMatchObject({
      __typename: "InvalidInputError",
      path: ["input", "event", "sample", "overrides"],
    });
  expect(
    await askTest(app, id, { sample: { type, overrides: { filler: "x".repeat(300 * 1024) } } }),
  ).toMatchObject({
    __typename: "LimitError",
    path: ["input", "event", "sample", "overrides"],
  });
  expect(receiver.all).toHaveLength(1);
});

test("a past event's payload or one of one's own is sent as a new event", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  const { id } = await makeWebhook(app, {
    url: receiver.url,
    format: "FLAT",
    eventTypes: ["domain_created"],
  });
  const payload = { ...(await sample(app, "payment_received")), note: "of the past \ud83d\ude00" };
  const past = await publishSample(app, { payload });
  const again = await runTest(app, id, { eventId: past.eventId });
  expect(again.delivery).toMatchObject({ eventType: "payment_received" });
  expect(again.delivery.eventId).not.toBe(past.eventId);
  expect((await receiver.request(1)).body.toString()).toBe(JSON.stringify(payload));
  const custom = { ...(await sample(app, "payment_created")), mine: true };
  await runTest(app, id, { custom: { type: "payment_created", payload: custom } });
  expect((await receiver.request(2)).body.toString()).toBe(JSON.stringify(custom));
});

test("a test that can't be run says why", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: "http://127.0.0.1:2/" });
  const refused = [
    [await askTest(app, "wh_00000000000000000000000000"), "NOT_FOUND", "input.webhook"],
    [
      await askTest(app, id, { eventId: "evt_00000000000000000000000000" }),
      "NOT_FOUND",
      "input.event.eventId",
    ],
    [
      await askTest(app, id, { sample: { type: "nothing" } }),
      "NOT_FOUND",
      "input.event.sample.type",
    ],
    [
      await askTest(app, id, { custom: { type: "nothing", payload: {} } }),
      "NOT_FOUND",
      "input.event.custom.type",
    ],
    [
      await askTest(app, id, { custom: { type: "payment_received", payload: {} } }),
      "INVALID_INPUT",
      "input.event.custom.payload",
    ],
    [await askTest(app, id, undefined, "PT61S"), "INVALID_INPUT", "input.wait"],
    [await askTest(app, id, undefined, "soon"), "INVALID_INPUT", "input.wait"],
    [await askTest(app, id, undefined, "-PT1S"), "INVALID_INPUT", "input.wait"],
  ] as const;
  for (const [answer, code, path] of refused) {
    expect(answer).toMatchObject({ code });
    expect("path" in answer && answer.path.join(".")).toBe(path);
  }
  const { testWebhook } = await app.run(DeliverTest, {
    input: { webhook: { key: "nobody" }, wait: "PT1S" },
  });
  expect(testWebhook).toMatchObject({ code: "NOT_FOUND", path: ["input", "webhook"] });
});

test("a receiver that fails is a test that worked: the attempt tells, and it is never repeated", async () => {
  const clock = new HandClock();
  await using app = await startApp({
    env: { HOOKWIRE_RETRY_DELAYS: "PT1S" },
    circumstances: { clock },
  });
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(app, { url: receiver.url });
  for (const [index, code] of [500, 410, 429, 302].entries()) {
    const answered = runTest(app, id);
    (await receiver.request(index + 1)).answer(code, { headers: { "retry-after": "60" } });
    const { succeeded, attempt, delivery } = await answered;
    expect(succeeded).toBe(false);
    expect(attempt).toMatchObject({
      responseStatus: code,
      trigger: "TEST",
      message: expect.stringContaining(String(code)),
    });
    expect(delivery).toMatchObject({ status: "FAILED", nextAttemptAt: null, attemptCount: 1 });
  }
  for (let n = 0; n < 3; n++) clock.pass(1000);
  const { eventId } = await publishSample(app);
  const real = await receiver.request(5);
  expect(real.json.id).toBe(eventId);
  real.answer(200);
  await settled(app, await onlyDelivery(app, eventId), "SUCCEEDED");
  expect(receiver.all).toHaveLength(5);
  const refused = await (async () => {
    const { id: own } = await makeWebhook(app, { url: "http://127.0.0.1:2/" });
    return runTest(app, own);
  })();
  expect(refused).toMatchObject({
    succeeded: false,
    attempt: { outcome: "CONNECT", responseStatus: null },
  });
});

test("a test reaches a webhook in every state and leaves it, its health and its counts alone", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(app, { url: receiver.url, retryDelays: [] });
  const states = [
    ["ACTIVE", async () => undefined],
    ["PAUSED", () => app.run(DeliverPause, { id })],
    ["DISABLED", () => app.run(DeliverDisable, { id })],
  ] as const;
  for (const [state, enter] of states) {
    await enter();
    for (const code of [410, 200, 500]) {
      receiver.answerAll({ status: code });
      expect(await runTest(app, id)).toMatchObject({
        succeeded: code === 200,
        attempt: { responseStatus: code },
      });
    }
    expect(await webhookOf(app, id)).toMatchObject({ state, deliveryCount: 0 });
  }
  const { id: gone } = await makeWebhook(app, {
    url: receiver.url,
    retryDelays: [],
    eventTypes: ["payment_created"],
  });
  receiver.answerAll({ status: 410 });
  await publishSample(app, { type: "payment_created" });
  await eventually(async () => (await webhookOf(app, gone)).state === "AUTO_PAUSED");
  receiver.answerAll({ status: 200 });
  expect(await runTest(app, gone)).toMatchObject({
    succeeded: true,
    delivery: { status: "SUCCEEDED" },
  });
  const after = await webhookOf(app, gone);
  expect(after).toMatchObject({
    state: "AUTO_PAUSED",
    deliveryCount: 1,
    lastSucceededAt: null,
    health: { consecutiveFailures: 1 },
  });
  // The fold that paused the other one has read all that was tested before.
  expect(await webhookOf(app, id)).toMatchObject({
    deliveryCount: 0,
    lastFailedAt: null,
    lastSucceededAt: null,
    health: { state: "UNKNOWN", consecutiveFailures: 0, successRate24h: null },
  });
});
