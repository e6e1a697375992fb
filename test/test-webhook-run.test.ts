import { expect, test } from "vitest";
import { first, startApp } from "./app.ts";
import { DeliverCancel } from "./deliver-documents.ts";
import { askTest, deliveryOf, holdingReceiver, runTest } from "./deliver-receiver.ts";
import { DeliveryUpdates } from "./documents.ts";
import { makeWebhook, publishSample } from "./steps.ts";

test("a test goes ahead of a full lane", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(app, { url: receiver.url, maxInFlight: 1 });
  for (let n = 0; n < 5; n++) await publishSample(app);
  await receiver.request(1);
  const answered = runTest(app, id);
  const arrived = await receiver.request(2);
  expect(arrived.headers["hookwire-test"]).toBe("true");
  arrived.answer(200);
  expect(await answered).toMatchObject({ succeeded: true });
  expect(receiver.inFlight).toBe(1);
});

test("without waiting the answer has no attempt yet; the stream has it, from the cursor of before", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(app, { url: receiver.url });
  const { succeeded, attempt, delivery, streamCursor } = await runTest(app, id, undefined, "PT0S");
  expect({ succeeded, attempt, status: delivery.status }).toEqual({
    succeeded: null,
    attempt: null,
    status: "PENDING",
  });
  const updates = app.subscribe(DeliveryUpdates, {
    start: { after: streamCursor },
    filter: { isTest: true },
  });
  const created = await updates.next();
  expect(created.value?.deliveryUpdates).toMatchObject({
    change: "CREATED",
    deliveryId: delivery.id,
    isTest: true,
  });
  (await receiver.request(1)).answer(503);
  const { deliveryUpdates } = await first(
    updates,
    (message) =>
      message.deliveryUpdates.__typename === "DeliveryUpdate" &&
      message.deliveryUpdates.change === "ATTEMPTED",
  );
  expect(deliveryUpdates).toMatchObject({
    deliveryId: delivery.id,
    status: "FAILED",
    nextAttemptAt: null,
    attempt: { number: 1, trigger: "TEST", outcome: "HTTP_STATUS", responseStatus: 503 },
  });
});

test("a test that is under way when the service stops ends, and is not made again", async () => {
  await using app = await startApp({ env: { HOOKWIRE_DRAIN: "PT0S" } });
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(app, { url: receiver.url });
  const { delivery } = await runTest(app, id, undefined, "PT0S");
  await receiver.request(1);
  await app.stop();
  await app.start();
  expect(await deliveryOf(app, delivery.id)).toMatchObject({ status: "FAILED", attemptCount: 1 });
  receiver.answerAll({ status: 200 });
  await publishSample(app);
  await receiver.request(2);
  expect(receiver.all.filter(({ headers }) => headers["hookwire-test"])).toHaveLength(1);
});

test("a test in flight can be cancelled, and its failure leaves it cancelled", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(app, { url: receiver.url });
  const answered = runTest(app, id);
  const request = await receiver.request(1);
  const { cancelDelivery } = await app.run(DeliverCancel, { deliveryId: request.delivery });
  expect(cancelDelivery).toMatchObject({ delivery: { status: "CANCELLED" } });
  request.answer(500);
  expect(await answered).toMatchObject({
    succeeded: false,
    attempt: { responseStatus: 500 },
    delivery: { status: "CANCELLED" },
  });
});

test("only a quarter of the places runs tests at once: one more is a LimitError, until one has ended", async () => {
  await using app = await startApp({ env: { HOOKWIRE_CONCURRENCY: "4" } });
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(app, { url: receiver.url });
  const running = runTest(app, id);
  const arrived = await receiver.request(1);
  const refused = await askTest(app, id);
  expect(refused).toMatchObject({ __typename: "LimitError", code: "LIMIT_REACHED", limit: 1 });
  expect(receiver.all).toHaveLength(1);
  arrived.answer(200);
  expect(await running).toMatchObject({ succeeded: true });
  receiver.answerAll({ status: 200 });
  expect(await runTest(app, id)).toMatchObject({ succeeded: true });
});

test("of many tests that are asked for at once no more run than there are places for", async () => {
  await using app = await startApp({ env: { HOOKWIRE_CONCURRENCY: "4" } });
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(app, { url: receiver.url });
  const asked = Array.from({ length: 10 }, () => askTest(app, id, undefined, "PT0S"));
  const answers = (await Promise.all(asked)).map(({ __typename }) => __typename);
  expect(answers.toSorted()).toEqual([
    ...Array<string>(9).fill("LimitError"),
    "TestWebhookPayload",
  ]);
  (await receiver.request(1)).answer(200);
  expect(receiver.most).toBe(1);
});
