import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { CreateWebhook, DeliveryUpdates } from "./documents.ts";
import type { DeliveryUpdateFilter } from "./generated/graphql.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import {
  Cancel,
  PauseWebhook,
  Redeliver,
  ResumeWebhook,
  TestWebhook,
  WebhookUpdates,
} from "./watch-documents.ts";
import { history, next, nextUpdates, type Update } from "./watch-steps.ts";

/** A service where all kinds of changes happened, and all of them in order. */
async function eventfulApp() {
  const app = await startApp();
  const inbox = await makeInbox(app);
  const one = await makeWebhook(app, { url: inbox.url, key: "one" });
  const two = await makeWebhook(app, {
    url: inbox.url,
    key: "two",
    eventTypes: ["payment_failed"],
  });
  const updates = app.subscribe(DeliveryUpdates);
  await next(updates);
  const all: Update[] = [];
  const { eventId } = await publishSample(app);
  all.push(...(await nextUpdates(updates, 2)));
  await publishSample(app, { type: "payment_failed" });
  all.push(...(await nextUpdates(updates, 4)));
  await app.run(TestWebhook, { input: { webhook: { id: one.id } } });
  all.push(...(await nextUpdates(updates, 2)));
  await app.run(Redeliver, { input: { deliveryId: all[0]?.deliveryId ?? "" } });
  all.push(...(await nextUpdates(updates, 2)));
  await app.run(PauseWebhook, { input: { webhook: { id: one.id } } });
  await publishSample(app);
  const [held] = await nextUpdates(updates, 1);
  await app.run(Cancel, { input: { deliveryId: held?.deliveryId ?? "" } });
  all.push(...(held ? [held] : []), ...(await nextUpdates(updates, 1)));
  return { app, all, one, two, eventId };
}

test("every filter lets exactly its own updates through, of the history and live alike", async () => {
  const { app, all, one, two, eventId } = await eventfulApp();
  await using _ = app;
  expect(all.map(({ change }) => change).sort()).toEqual(
    [
      ...Array<string>(5).fill("ATTEMPTED"),
      "CANCELLED",
      ...Array<string>(5).fill("CREATED"),
      "REQUEUED",
    ].sort(),
  );
  const firstDelivery = all[0]?.deliveryId ?? "";
  const cases: [DeliveryUpdateFilter, (update: Update) => boolean][] = [
    [{}, () => true],
    [{ deliveryIds: [firstDelivery] }, ({ deliveryId }) => deliveryId === firstDelivery],
    [{ eventIds: [eventId] }, (update) => update.eventId === eventId],
    [{ webhooks: [{ key: "two" }] }, ({ webhookId }) => webhookId === two.id],
    [{ webhooks: [{ id: one.id }] }, ({ webhookId }) => webhookId === one.id],
    [{ webhooks: [{ id: one.id }, { key: "two" }] }, () => true],
    [{ eventTypes: ["payment_failed"] }, ({ eventType }) => eventType === "payment_failed"],
    [
      { changes: ["REQUEUED", "CANCELLED"] },
      ({ change }) => change === "REQUEUED" || change === "CANCELLED",
    ],
    [{ isTest: true }, ({ isTest }) => isTest],
    [{ isTest: false }, ({ isTest }) => !isTest],
    [
      { eventTypes: ["payment_failed"], webhooks: [{ id: one.id }], changes: ["ATTEMPTED"] },
      ({ eventType, webhookId, change }) =>
        eventType === "payment_failed" && webhookId === one.id && change === "ATTEMPTED",
    ],
    [{ webhooks: [{ key: "nobody has this key" }] }, () => false],
    [{ webhooks: [{ id: "wh_01h455vb4pex5vsknk084sn02q" }] }, () => false],
    [{ deliveryIds: ["not an id"] }, () => false],
    [{ eventTypes: ["no_such_type"] }, () => false],
    [{ deliveryIds: [] }, () => false],
    [
      { deliveryIds: null, eventIds: null, webhooks: null, changes: null, isTest: null },
      () => true,
    ],
  ];
  for (const [filter, isMeant] of cases) {
    const told = await history(app.subscribe(DeliveryUpdates, { filter, start: { last: 500 } }));
    expect(told, JSON.stringify(filter)).toEqual(all.filter(isMeant));
  }
});

test("live updates pass the filter too", async () => {
  await using app = await startApp();
  await makeWebhook(app, { url: (await makeInbox(app)).url });
  const streams = [
    { eventTypes: ["payment_failed"] },
    { changes: ["ATTEMPTED" as const] },
    { isTest: true },
  ].map((filter) => app.subscribe(DeliveryUpdates, { filter }));
  for (const stream of streams) await next(stream);
  const { eventId: first } = await publishSample(app);
  const { eventId: second } = await publishSample(app, { type: "payment_failed" });
  const [byType, byChange] = [streams[0], streams[1]];
  if (!byType || !byChange) throw new Error("unreachable");
  expect(await nextUpdates(byType, 2)).toMatchObject([{ eventId: second }, { eventId: second }]);
  const attempted = await nextUpdates(byChange, 2);
  expect(new Set(attempted.map(({ eventId }) => eventId))).toEqual(new Set([first, second]));
});

test("an alias in the filter means its type", async () => {
  await using app = await startApp();
  await makeWebhook(app, { url: (await makeInbox(app)).url });
  const { data } = (await (
    await app.post({ query: "{ events { name aliases { name } } }" })
  ).json()) as { data: { events: { name: string; aliases: { name: string }[] }[] } };
  const type = data.events.find(({ aliases }) => aliases.length > 0);
  if (!type) throw new Error("The catalog has no alias");
  await publishSample(app, { type: type.name });
  const filter = { eventTypes: [type.aliases[0]?.name ?? ""] };
  const updates = app.subscribe(DeliveryUpdates, { filter, start: { last: 1 } });
  expect(await nextUpdates(updates, 1)).toMatchObject([{ eventType: type.name }]);
});

test("webhookUpdates filters by what a webhook is at that moment, and always tells of deletions", async () => {
  await using app = await startApp();
  const paused = app.subscribe(WebhookUpdates, { filter: { states: ["PAUSED"] } });
  const zapier = app.subscribe(WebhookUpdates, {
    filter: { integration: "zapier", eventTypes: ["payment_failed"] },
  });
  const named = app.subscribe(WebhookUpdates, {
    filter: { search: "Needle", health: ["UNKNOWN"] },
  });
  for (const stream of [paused, zapier, named]) await next(stream);
  const url = "http://127.0.0.1:2/";
  const one = await makeWebhook(app, { url, name: "A needle here", eventTypes: ["payment_*"] });
  const two = await makeWebhook(app, { url, integration: "zapier", eventTypes: ["payment_*"] });
  await app.run(CreateWebhook, {
    input: { name: "Elsewhere", url, integration: "zapier", eventTypes: ["payment_received"] },
  });
  await app.run(PauseWebhook, { input: { webhook: { id: two.id } } });
  await app.run(ResumeWebhook, { input: { webhook: { id: two.id } } });
  await app.run(PauseWebhook, { input: { webhook: { id: one.id } } });
  expect((await next(named)).webhookUpdates).toMatchObject({ webhookId: one.id });
  expect((await next(zapier)).webhookUpdates).toMatchObject({ webhookId: two.id });
  const told = (await next(paused)).webhookUpdates;
  expect(told).toMatchObject({ __typename: "WebhookUpdated", webhook: { state: "PAUSED" } });
});
