import { expect, test } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import { DeliveryUpdates, Sample } from "./documents.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { InboxRequests, UpdatesWithDelivery, WebhookUpdates } from "./watch-documents.ts";
import { history, next, nextUpdates, publishMany } from "./watch-steps.ts";
import { HandClock, ScriptedSender, status } from "./world.ts";

const DAY = 86_400_000;

/** A service whose time is turned by hand, and whose receiver always answers 200. */
function handTurned() {
  const clock = new HandClock();
  const sender = new ScriptedSender(clock, [status(200)]);
  const circumstances = { clock, sender, random: () => 0 };
  return { clock, options: { circumstances, env: { HOOKWIRE_RETENTION: "P1D" } } };
}

/** Time passes until retention has removed the deliveries. Ids carry the real time, so it is a long time. */
async function passAndRemove(app: App, clock: HandClock): Promise<void> {
  clock.pass(1500); // what is not folded yet is not removed
  await eventually(async () => {
    clock.pass(400 * DAY);
    return app.log.some(
      ({ message, deliveries }) => message === "retention.removed" && Number(deliveries) > 0,
    );
  });
}

/** How many rows of the log were removed so far. */
function removedEntries(app: App): number {
  return app.log.reduce((sum, { log_entries: entries }) => sum + Number(entries ?? 0), 0);
}

test("after 30 seconds in which nothing happened StreamProgress moves the cursor on, and not before", async () => {
  const { clock, options } = handTurned();
  await using app = await startApp(options);
  const updates = app.subscribe(DeliveryUpdates);
  const caughtUp = (await next(updates)).deliveryUpdates;
  let isTold = false;
  const message = next(updates).then((told) => ((isTold = true), told));
  clock.pass(29_999);
  await app.run(Sample, { type: "payment_received" }); // an answer after the turn: had it been told, it would be here by now
  expect(isTold).toBe(false);
  await eventually(async () => {
    clock.pass(1);
    return isTold;
  });
  const told = (await message).deliveryUpdates;
  expect(told.__typename).toBe("StreamProgress");
  expect(Date.parse(told.at) - Date.parse(caughtUp.at)).toBeGreaterThanOrEqual(30_000);
});

test("a quiet filter's cursor moves on although the service is busy", async () => {
  const { clock, options } = handTurned();
  await using app = await startApp(options);
  await makeWebhook(app, { url: "http://127.0.0.1:2/" });
  const quiet = app.subscribe(DeliveryUpdates, { filter: { eventTypes: ["payment_failed"] } });
  await next(quiet);
  const busy = app.subscribe(DeliveryUpdates);
  await next(busy);
  const progress = next(quiet);
  for (let turn = 0; turn < 8; turn++) {
    await publishSample(app);
    await nextUpdates(busy, 2);
    clock.pass(10_000);
  }
  expect((await progress).deliveryUpdates.__typename).toBe("StreamProgress");
});

test("StreamProgress comes on all three streams, and its cursor can be gone on from", async () => {
  const { clock, options } = handTurned();
  await using app = await startApp(options);
  const inbox = await makeInbox(app);
  const webhooks = app.subscribe(WebhookUpdates);
  const requests = app.subscribe(InboxRequests, { inboxId: inbox.id });
  await next(webhooks);
  await next(requests);
  const messages = Promise.all([next(webhooks), next(requests)]);
  let isTold = false;
  void messages.then(() => (isTold = true));
  await eventually(async () => {
    clock.pass(31_000);
    return isTold;
  });
  const [{ webhookUpdates }, { inboxRequests }] = await messages;
  expect([webhookUpdates.__typename, inboxRequests.__typename]).toEqual([
    "StreamProgress",
    "StreamProgress",
  ]);
  const again = app.subscribe(WebhookUpdates, { start: { after: webhookUpdates.cursor } });
  expect((await next(again)).webhookUpdates.__typename).toBe("StreamCaughtUp");
});

test("a cursor that retention has passed gets StreamGap, and the stream goes on from there", async () => {
  const { clock, options } = handTurned();
  await using app = await startApp(options);
  await makeWebhook(app, { url: "http://127.0.0.1:2/" });
  const watched = app.subscribe(DeliveryUpdates);
  const old = (await next(watched)).deliveryUpdates.cursor;
  await publishSample(app);
  await nextUpdates(watched, 2);
  await passAndRemove(app, clock);
  await app.stop(); // a restart has none of it in memory
  await app.start();
  const { eventId } = await publishSample(app);
  const behind = app.subscribe(DeliveryUpdates, { start: { after: old } });
  const gap = (await next(behind)).deliveryUpdates;
  expect(gap.__typename).toBe("StreamGap");
  expect(await nextUpdates(behind, 1)).toMatchObject([{ eventId, change: "CREATED" }]);
  const fromGap = app.subscribe(DeliveryUpdates, { start: { after: gap.cursor } });
  expect(await nextUpdates(fromGap, 1)).toMatchObject([{ eventId, change: "CREATED" }]);
});

test("when retention removed the whole log, StreamGap and StreamCaughtUp come at once, and positions go on", async () => {
  const { clock, options } = handTurned();
  await using app = await startApp(options);
  await makeWebhook(app, { url: "http://127.0.0.1:2/" });
  const watched = app.subscribe(DeliveryUpdates);
  const old = (await next(watched)).deliveryUpdates.cursor;
  await publishMany(app, 700);
  const seen = await nextUpdates(watched, 1400);
  await passAndRemove(app, clock);
  await eventually(async () => {
    clock.pass(60_000);
    return removedEntries(app) >= 1400;
  });
  await app.stop();
  await app.start();
  const behind = app.subscribe(DeliveryUpdates, { start: { after: old } });
  const messages = [(await next(behind)).deliveryUpdates, (await next(behind)).deliveryUpdates];
  expect(messages.map(({ __typename }) => __typename)).toEqual(["StreamGap", "StreamCaughtUp"]);
  const { eventId } = await publishSample(app);
  expect(await nextUpdates(behind, 1)).toMatchObject([{ eventId }]);
  const last = seen.at(-1)?.cursor ?? "";
  expect(
    await history(app.subscribe(DeliveryUpdates, { start: { after: last } })),
  ).not.toHaveLength(1400);
});

test("an update of a delivery that retention removed still tells what happened, without the delivery", async () => {
  const { clock, options } = handTurned();
  await using app = await startApp(options);
  await makeWebhook(app, { url: "http://127.0.0.1:2/" });
  const watched = app.subscribe(DeliveryUpdates);
  const old = (await next(watched)).deliveryUpdates.cursor;
  await publishSample(app);
  await nextUpdates(watched, 2);
  await passAndRemove(app, clock);
  const replay = app.subscribe(UpdatesWithDelivery, { start: { after: old } });
  expect((await next(replay)).deliveryUpdates).toMatchObject({
    change: "CREATED",
    status: "PENDING",
    delivery: null,
  });
  expect((await next(replay)).deliveryUpdates).toMatchObject({
    status: "SUCCEEDED",
    delivery: null,
    attempt: null,
  });
});
