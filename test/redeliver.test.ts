import { expect, test } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import {
  DeliverAgain,
  DeliverCancel,
  DeliverDelete,
  DeliverPause,
  DeliverTest,
} from "./deliver-documents.ts";
import { deliveryOf, holdingReceiver, onlyDelivery, settled } from "./deliver-receiver.ts";
import { makeWebhook, publishSample } from "./steps.ts";

async function redeliver(app: App, deliveryId: string) {
  return (await app.run(DeliverAgain, { deliveryId })).redeliverDelivery;
}

async function cancel(app: App, deliveryId: string) {
  return (await app.run(DeliverCancel, { deliveryId })).cancelDelivery;
}

const HOURLY = { env: { HOOKWIRE_RETRY_DELAYS: "PT1H" } };

test("a failed delivery is sent again at once: same event, next number, by hand, and with a schedule of its own", async () => {
  await using app = await startApp({ env: { HOOKWIRE_RETRY_DELAYS: "PT0S" } });
  await using receiver = await holdingReceiver();
  const { secret } = await makeWebhook(app, { url: receiver.url });
  receiver.answerAll({ status: 500 });
  const { eventId } = await publishSample(app);
  const id = await onlyDelivery(app, eventId);
  expect(await settled(app, id, "FAILED")).toMatchObject({ attemptCount: 2, succeededAt: null });
  expect(await redeliver(app, id)).toMatchObject({
    __typename: "RedeliverDeliveryPayload",
    delivery: { status: "PENDING", attemptCount: 2, finishedAt: null },
  });
  await receiver.request(4);
  const failed = await settled(app, id, "FAILED");
  expect(failed.attempts.map(({ number, trigger }) => [number, trigger])).toEqual([
    [1, "AUTOMATIC"],
    [2, "AUTOMATIC"],
    [3, "MANUAL"],
    [4, "AUTOMATIC"],
  ]);
  receiver.answerAll({ status: 200 });
  await redeliver(app, id);
  const again = await receiver.request(5);
  again.verify(secret);
  expect(again.headers).toMatchObject({
    "webhook-id": eventId,
    "hookwire-delivery": id,
    "hookwire-attempt": "5",
  });
  expect(again.body.equals(receiver.all[0]?.body ?? Buffer.alloc(0))).toBe(true);
  expect(await settled(app, id, "SUCCEEDED")).toMatchObject({ attemptCount: 5 });
});

test("a delivery that succeeded can be sent again, and its first success stays", async () => {
  await using app = await startApp(HOURLY);
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url, retryDelays: [] });
  receiver.answerAll({ status: 200 });
  const id = await onlyDelivery(app, (await publishSample(app)).eventId);
  const { succeededAt } = await settled(app, id, "SUCCEEDED");
  expect(succeededAt).not.toBeNull();
  receiver.answerAll({ status: 500 });
  const answer = await redeliver(app, id);
  expect(answer).toMatchObject({ delivery: { status: "PENDING", succeededAt } });
  expect(await settled(app, id, "FAILED")).toMatchObject({ attemptCount: 2, succeededAt });
});

test("a delivery that waits for its retry is sent now, and a cancelled one comes back", async () => {
  await using app = await startApp(HOURLY);
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  const id = await onlyDelivery(app, (await publishSample(app)).eventId);
  (await receiver.request(1)).answer(500);
  await settled(app, id, "RETRYING");
  await redeliver(app, id);
  (await receiver.request(2)).answer(500);
  expect(await settled(app, id, "RETRYING")).toMatchObject({ attemptCount: 2 });
  expect(await cancel(app, id)).toMatchObject({
    delivery: { status: "CANCELLED", nextAttemptAt: null },
  });
  expect(await deliveryOf(app, id)).toMatchObject({
    status: "CANCELLED",
    finishedAt: expect.any(String),
  });
  await redeliver(app, id);
  (await receiver.request(3)).answer(200);
  expect(await settled(app, id, "SUCCEEDED")).toMatchObject({ attemptCount: 3 });
});

test("a delivery whose turn has not come can be redelivered: no attempt of it is in flight", async () => {
  await using app = await startApp(HOURLY);
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url, maxInFlight: 1 });
  await publishSample(app);
  const first = await receiver.request(1);
  const id = await onlyDelivery(app, (await publishSample(app)).eventId);
  expect(await redeliver(app, id)).toMatchObject({ __typename: "RedeliverDeliveryPayload" });
  first.answer(200);
  (await receiver.request(2)).answer(200);
  const delivery = await settled(app, id, "SUCCEEDED");
  expect(delivery.attempts).toMatchObject([{ number: 1, trigger: "MANUAL" }]);
});

test("a delivery of a paused webhook waits as HELD when it is redelivered", async () => {
  await using app = await startApp(HOURLY);
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  const webhook = await makeWebhook(app, { url: receiver.url });
  const id = await onlyDelivery(app, (await publishSample(app)).eventId);
  await settled(app, id, "SUCCEEDED");
  await app.run(DeliverPause, { id: webhook.id });
  expect(await redeliver(app, id)).toMatchObject({ delivery: { status: "HELD" } });
});

test("what can't be redelivered says why: in flight, a test, without a webhook, unknown", async () => {
  await using app = await startApp(HOURLY);
  await using receiver = await holdingReceiver();
  const webhook = await makeWebhook(app, { url: receiver.url });
  const id = await onlyDelivery(app, (await publishSample(app)).eventId);
  const request = await receiver.request(1);
  const refused = {
    __typename: "ConflictError",
    code: "NOT_RETRYABLE",
    path: ["input", "deliveryId"],
  };
  expect(await redeliver(app, id)).toMatchObject({
    ...refused,
    message: expect.stringContaining("in flight"),
  });
  request.answer(200);
  await settled(app, id, "SUCCEEDED");
  receiver.answerAll({ status: 200 });
  const { testWebhook } = await app.run(DeliverTest, { input: { webhook: { id: webhook.id } } });
  if (testWebhook?.__typename !== "TestWebhookPayload")
    throw new Error(JSON.stringify(testWebhook));
  expect(await redeliver(app, String(testWebhook.delivery?.id))).toMatchObject({
    ...refused,
    message: expect.stringContaining("test"),
  });
  await app.run(DeliverDelete, { id: webhook.id });
  expect(await redeliver(app, id)).toMatchObject({
    ...refused,
    message: expect.stringContaining("deleted"),
  });
  for (const unknown of [
    "dlv_00000000000000000000000000",
    webhook.id,
    "",
    "'; drop table delivery; --",
  ])
    expect(await redeliver(app, unknown)).toMatchObject({
      __typename: "NotFoundError",
      path: ["input", "deliveryId"],
    });
  expect(receiver.all).toHaveLength(2);
});

for (const [code, status] of [
  [200, "SUCCEEDED"],
  [500, "CANCELLED"],
] as const)
  test(`a delivery that is cancelled in flight is recorded, and an answer of ${code} makes it ${status}`, async () => {
    await using app = await startApp({ env: { HOOKWIRE_RETRY_DELAYS: "PT0S" } });
    await using receiver = await holdingReceiver();
    await makeWebhook(app, { url: receiver.url });
    const id = await onlyDelivery(app, (await publishSample(app)).eventId);
    const request = await receiver.request(1);
    expect(await cancel(app, id)).toMatchObject({ delivery: { status: "CANCELLED" } });
    expect(await redeliver(app, id)).toMatchObject({ code: "NOT_RETRYABLE" });
    request.answer(code);
    let delivery = await settled(app, id, status);
    while (delivery.attemptCount === 0) delivery = await settled(app, id, status);
    expect(delivery).toMatchObject({
      attemptCount: 1,
      nextAttemptAt: null,
      attempts: [{ number: 1, responseStatus: code }],
    });
    expect(await cancel(app, id)).toMatchObject({
      __typename: "ConflictError",
      code: "CONFLICT",
      path: ["input", "deliveryId"],
    });
    receiver.answerAll({ status: 200 });
    await publishSample(app);
    await receiver.request(2);
    expect((await deliveryOf(app, id)).attemptCount).toBe(1);
  });

test("a delivery that is cancelled before its turn is never sent", async () => {
  await using app = await startApp(HOURLY);
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url, maxInFlight: 1 });
  await publishSample(app);
  const first = await receiver.request(1);
  const cancelled = await publishSample(app);
  const id = await onlyDelivery(app, cancelled.eventId);
  const last = await publishSample(app);
  expect(await cancel(app, id)).toMatchObject({ delivery: { status: "CANCELLED" } });
  receiver.answerAll({ status: 200 });
  first.answer(200);
  await settled(app, await onlyDelivery(app, last.eventId), "SUCCEEDED");
  expect(receiver.all.map(({ json }) => json.id)).not.toContain(cancelled.eventId);
  expect(await deliveryOf(app, id)).toMatchObject({ status: "CANCELLED", attemptCount: 0 });
});

test("many who redeliver and cancel at once make no attempt twice, and each attempt is recorded", async () => {
  await using app = await startApp({ env: { HOOKWIRE_RETRY_DELAYS: "PT0S,PT0S,PT0S" } });
  await using receiver = await holdingReceiver();
  let count = 0;
  receiver.answerAll(() => ({ status: count++ % 3 ? 500 : 200 }));
  await makeWebhook(app, { url: receiver.url, maxInFlight: 3 });
  const ids: string[] = [];
  for (let n = 0; n < 10; n++)
    ids.push(await onlyDelivery(app, (await publishSample(app)).eventId));
  for (let round = 0; round < 4; round++)
    await Promise.all(
      ids.flatMap((id) => [redeliver(app, id), cancel(app, id), redeliver(app, id)]),
    );
  for (const id of ids) {
    const sent = () => receiver.all.filter(({ delivery }) => delivery === id);
    const recorded = await eventually(async () => {
      const delivery = await settled(app, id, "SUCCEEDED", "FAILED", "CANCELLED");
      return delivery.attempts.length === sent().length && delivery;
    });
    const numbers = sent().map(({ headers }) => Number(headers["hookwire-attempt"]));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(recorded.attempts.map(({ number }) => number)).toEqual(numbers);
    expect(recorded.attemptCount).toBe(numbers.length);
  }
  expect(app.log.filter(({ level }) => level === "error")).toEqual([]);
});
