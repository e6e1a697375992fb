import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import {
  InboxRequests,
  ListCursors,
  PauseWebhook,
  Redeliver,
  TestWebhook,
  UpdatesWithDelivery,
  WebhookUpdates,
} from "./watch-documents.ts";
import { history, next, nextUpdates, publishMany } from "./watch-steps.ts";

test("from publishEvent's cursor a client sees exactly what its event did, and nothing from before", async () => {
  await using app = await startApp();
  const { url } = await makeInbox(app);
  await makeWebhook(app, { url });
  await makeWebhook(app, { url });
  const early = app.subscribe(DeliveryUpdates);
  await next(early);
  await publishSample(app);
  await nextUpdates(early, 4);
  const { eventId, streamCursor } = await publishSample(app);
  await nextUpdates(early, 4);
  const told = await history(app.subscribe(DeliveryUpdates, { start: { after: streamCursor } }));
  expect(told.map(({ change }) => change).sort()).toEqual([
    "ATTEMPTED",
    "ATTEMPTED",
    "CREATED",
    "CREATED",
  ]);
  expect(new Set(told.map((update) => update.eventId))).toEqual(new Set([eventId]));
});

test("the cursors of publishEvents, testWebhook and redeliverDelivery are from just before the command", async () => {
  await using app = await startApp();
  const webhook = await makeWebhook(app, { url: (await makeInbox(app)).url });
  const early = app.subscribe(DeliveryUpdates);
  await next(early);
  const { eventIds, streamCursor } = await publishMany(app, 3);
  const published = await nextUpdates(early, 6);
  const toldOfPublish = await history(
    app.subscribe(DeliveryUpdates, { start: { after: streamCursor } }),
  );
  expect(toldOfPublish).toEqual(published);
  expect(new Set(published.map(({ eventId }) => eventId))).toEqual(new Set(eventIds));

  const { testWebhook } = await app.run(TestWebhook, { input: { webhook: { id: webhook.id } } });
  if (testWebhook?.__typename !== "TestWebhookPayload")
    throw new Error(JSON.stringify(testWebhook));
  const test = await nextUpdates(early, 2);
  expect(test).toMatchObject([
    { change: "CREATED", isTest: true, deliveryId: testWebhook.delivery?.id },
    {
      change: "ATTEMPTED",
      isTest: true,
      deliveryId: testWebhook.delivery?.id,
      attempt: { trigger: "TEST" },
    },
  ]);
  const ofTest = app.subscribe(DeliveryUpdates, { start: { after: testWebhook.streamCursor } });
  expect(await history(ofTest)).toEqual(test);

  const deliveryId = published[0]?.deliveryId ?? "";
  const { redeliverDelivery } = await app.run(Redeliver, { input: { deliveryId } });
  if (redeliverDelivery?.__typename !== "RedeliverDeliveryPayload")
    throw new Error(JSON.stringify(redeliverDelivery));
  const again = await nextUpdates(early, 2);
  expect(again).toMatchObject([
    { change: "REQUEUED", status: "PENDING", deliveryId, attemptCount: 1 },
    {
      change: "ATTEMPTED",
      status: "SUCCEEDED",
      deliveryId,
      attemptCount: 2,
      attempt: { trigger: "MANUAL" },
    },
  ]);
  const ofAgain = app.subscribe(DeliveryUpdates, {
    start: { after: redeliverDelivery.streamCursor },
  });
  expect(await history(ofAgain)).toEqual(again);
});

test("between a list and the stream from its cursor nothing is lost and nothing is told twice", async () => {
  await using app = await startApp();
  const inbox = await makeInbox(app);
  const webhook = await makeWebhook(app, { url: inbox.url });
  const early = app.subscribe(DeliveryUpdates);
  await next(early);
  await publishSample(app);
  await nextUpdates(early, 2);
  const lists = await app.run(ListCursors, { inboxId: inbox.id });
  expect(lists.deliveries?.nodes).toHaveLength(1);
  expect(lists.inbox?.requests?.nodes).toHaveLength(1);
  const { eventId } = await publishSample(app);
  await nextUpdates(early, 2);
  await app.run(PauseWebhook, { input: { webhook: { id: webhook.id } } });

  const deliveries = app.subscribe(DeliveryUpdates, {
    start: { after: lists.deliveries?.streamCursor ?? "" },
  });
  expect(await history(deliveries)).toMatchObject([
    { eventId, change: "CREATED" },
    { eventId, change: "ATTEMPTED" },
  ]);
  const start = { after: lists.inbox?.requests?.streamCursor ?? "" };
  const requests = app.subscribe(InboxRequests, { inboxId: inbox.id, start });
  expect((await next(requests)).inboxRequests.__typename).toBe("InboxRequestReceived");
  expect((await next(requests)).inboxRequests).toMatchObject({
    __typename: "StreamCaughtUp",
    replayed: 1,
  });
  const paused = { states: ["PAUSED" as const] };
  const webhooks = app.subscribe(WebhookUpdates, {
    filter: paused,
    start: { after: lists.webhooks?.streamCursor ?? "" },
  });
  expect((await next(webhooks)).webhookUpdates).toMatchObject({ webhookId: webhook.id });
});

test("an update shows the status of its moment, and the delivery beside it as it is now", async () => {
  await using app = await startApp({ env: { HOOKWIRE_RETRY_DELAYS: "PT0S" } });
  await makeWebhook(app, { url: (await makeInbox(app, { responseStatus: 500 })).url });
  const watched = app.subscribe(UpdatesWithDelivery);
  const { cursor } = (await next(watched)).deliveryUpdates;
  await publishSample(app);
  const live = [await next(watched), await next(watched), await next(watched)].map(
    (message) => message.deliveryUpdates,
  );
  const states = [
    { change: "CREATED", status: "PENDING", attemptCount: 0, attempt: null },
    { change: "ATTEMPTED", status: "RETRYING", attemptCount: 1, attempt: { number: 1 } },
    { change: "ATTEMPTED", status: "FAILED", attemptCount: 2, attempt: { number: 2 } },
  ];
  expect(live).toMatchObject(states);
  expect(live[2]).toMatchObject({ delivery: { status: "FAILED", attemptCount: 2 } });
  const replay = app.subscribe(UpdatesWithDelivery, { start: { after: cursor } });
  for (const state of states)
    expect((await next(replay)).deliveryUpdates).toMatchObject({
      ...state,
      delivery: { status: "FAILED", attemptCount: 2 },
    });
});

test("nextAttemptAt is what it was after each change", async () => {
  await using app = await startApp({ env: { HOOKWIRE_RETRY_DELAYS: "PT0.5S" } });
  await makeWebhook(app, { url: (await makeInbox(app, { responseStatus: 500 })).url });
  const watched = app.subscribe(DeliveryUpdates);
  await next(watched);
  await publishSample(app);
  const [created, retrying, failed] = await nextUpdates(watched, 3);
  expect(created?.nextAttemptAt).toBe(created?.at);
  // Counted from the answer, a moment before it is recorded.
  expect(Date.parse(retrying?.nextAttemptAt ?? "")).toBeGreaterThan(
    Date.parse(retrying?.at ?? "") + 300,
  );
  expect(failed?.nextAttemptAt).toBeNull();
});

test("cursors outlive a restart", async () => {
  await using app = await startApp();
  await makeWebhook(app, { url: (await makeInbox(app)).url });
  const watched = app.subscribe(DeliveryUpdates);
  const { cursor } = (await next(watched)).deliveryUpdates;
  await publishSample(app);
  const seen = await nextUpdates(watched, 2);
  await app.stop();
  await app.start();
  expect(await history(app.subscribe(DeliveryUpdates, { start: { after: cursor } }))).toEqual(seen);
  const last = app.subscribe(DeliveryUpdates, { start: { last: 1 } });
  expect(await history(last)).toEqual(seen.slice(1));
});
