import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { first, startApp, type App } from "./app.ts";
import { DeliveryById, DeliveryUpdates } from "./documents.ts";
import { graphql } from "./generated/gql.ts";
import type { DeliveryStatus } from "./generated/graphql.ts";
import { http } from "./receiver.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import {
  WebhooksDelete,
  WebhooksDeliveries,
  WebhooksOne,
  WebhooksUpdates,
} from "./webhooks-documents.ts";
import { as, paused, present } from "./webhooks-steps.ts";
import { HandClock, ScriptedSender, status } from "./world.ts";

const NodeById = graphql(`
  query WebhooksDeleteNode($id: ID!) {
    node(id: $id) {
      __typename
      id
    }
    webhooks {
      nodes {
        id
      }
    }
  }
`);

const URL_OK = "http://127.0.0.1:2/hook";

async function remove(app: App, id: string) {
  const { deleteWebhook } = await app.run(WebhooksDelete, { input: { webhook: { id } } });
  return as(deleteWebhook, "DeleteWebhookPayload").deletedId;
}

async function deliveries(app: App, webhookId: string, statuses?: DeliveryStatus[]) {
  const filter = { webhooks: [{ id: webhookId }], statuses };
  return present((await app.run(WebhooksDeliveries, { filter })).deliveries).nodes;
}

async function attempted(app: App, webhookId: string, times = 1): Promise<void> {
  let seen = 0;
  await first(
    app.subscribe(DeliveryUpdates, {
      start: { last: 500 },
      filter: { webhooks: [{ id: webhookId }] },
    }),
    ({ deliveryUpdates: message }) =>
      message.__typename === "DeliveryUpdate" && message.change === "ATTEMPTED" && ++seen === times,
  );
}

test("a deleted webhook is gone from every read, and can't be deleted twice", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: URL_OK, key: "shop" });
  const kept = await makeWebhook(app, { url: URL_OK });
  expect(await remove(app, id)).toBe(id);
  expect(await app.run(NodeById, { id })).toEqual({
    node: null,
    webhooks: { nodes: [{ id: kept.id }] },
  });
  expect((await app.run(WebhooksOne, { by: { id } })).webhook).toBeNull();
  expect((await app.run(WebhooksOne, { by: { key: "shop" } })).webhook).toBeNull();
  for (const webhook of [{ id }, { key: "shop" }])
    expect((await app.run(WebhooksDelete, { input: { webhook } })).deleteWebhook).toMatchObject({
      __typename: "NotFoundError",
      code: "NOT_FOUND",
      path: ["input", "webhook"],
    });
});

test("webhookUpdates tells a deletion, whatever the filter, and updates from before read null", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: URL_OK });
  await remove(app, id);
  const stream = app.subscribe(WebhooksUpdates, {
    start: { last: 10 },
    filter: { states: ["PAUSED"] },
  });
  const { webhookUpdates } = await first(
    stream,
    (message) => message.webhookUpdates.__typename !== "StreamCaughtUp",
  );
  expect(webhookUpdates).toMatchObject({ __typename: "WebhookDeleted", webhookId: id });
  const all = app.subscribe(WebhooksUpdates, { start: { last: 10 } });
  const created = await first(
    all,
    (message) => message.webhookUpdates.__typename === "WebhookUpdated",
  );
  expect(created.webhookUpdates).toMatchObject({ webhookId: id, webhook: null });
});

test("nothing is published to a deleted webhook", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: URL_OK });
  await remove(app, id);
  expect(await publishSample(app)).toMatchObject({ matchedWebhooks: 0 });
});

test("the deliveries of a deleted webhook keep its id and name; what waited reads CANCELLED at once, and the stream tells it", async () => {
  const clock = new HandClock();
  const sender = new ScriptedSender(clock, [status(200), status(503)]);
  await using app = await startApp({ circumstances: { clock, sender, random: () => 0 } });
  const { id } = await makeWebhook(app, { url: URL_OK, name: "Shop", retryDelays: ["PT5S"] });
  await publishSample(app);
  await attempted(app, id);
  await publishSample(app);
  await attempted(app, id, 2);
  await paused(app, { id });
  await publishSample(app);
  expect((await deliveries(app, id)).map((each) => each.status)).toEqual([
    "HELD",
    "HELD",
    "SUCCEEDED",
  ]);

  await remove(app, id);
  const after = await deliveries(app, id);
  for (const each of after)
    expect(each).toMatchObject({
      webhookId: id,
      webhookName: "Shop",
      webhook: null,
      nextAttemptAt: null,
    });
  expect(after.map((each) => each.status)).toEqual(["CANCELLED", "CANCELLED", "SUCCEEDED"]);
  expect(await deliveries(app, id, ["CANCELLED"])).toHaveLength(2);
  expect(await deliveries(app, id, ["HELD", "PENDING", "RETRYING"])).toEqual([]);

  clock.pass(1000);
  const cancelled = app.subscribe(DeliveryUpdates, {
    start: { last: 10 },
    filter: { webhooks: [{ id }], changes: ["CANCELLED"] },
  });
  const told: string[] = [];
  await first(cancelled, ({ deliveryUpdates: message }) => {
    if (message.__typename === "DeliveryUpdate")
      told.push(`${message.deliveryId} ${message.status}`);
    return told.length === 2;
  });
  expect(told.toSorted()).toEqual(
    after
      .slice(0, 2)
      .map((each) => `${each.id} CANCELLED`)
      .toSorted(),
  );
  clock.pass(3_600_000);
  const witness = await makeWebhook(app, { url: URL_OK });
  await publishSample(app);
  await attempted(app, witness.id);
  expect(sender.sent).toBe(3);
});

test("an attempt in flight when its webhook is deleted is recorded, and its success counts", async () => {
  await using app = await startApp();
  const held: ServerResponse[] = [];
  const arrivals: (() => void)[] = [];
  const arrival = new Promise<void>((resolve) => arrivals.push(resolve));
  await using receiver = await http((_request, response) => {
    held.push(response);
    arrivals.shift()?.();
  });
  const { id } = await makeWebhook(app, { url: receiver.url });
  const { eventId } = await publishSample(app);
  await arrival;
  await remove(app, id);
  const mine = { filter: { eventIds: [eventId] }, start: { last: 10 } };
  await first(
    app.subscribe(DeliveryUpdates, mine),
    ({ deliveryUpdates: message }) =>
      message.__typename === "DeliveryUpdate" && message.change === "CANCELLED",
  );
  held[0]?.end("ok");
  const { deliveryUpdates } = await first(
    app.subscribe(DeliveryUpdates, mine),
    ({ deliveryUpdates: message }) =>
      message.__typename === "DeliveryUpdate" && message.change === "ATTEMPTED",
  );
  expect(deliveryUpdates).toMatchObject({ status: "SUCCEEDED", attempt: { outcome: "SUCCEEDED" } });
  const [delivery] = await deliveries(app, id);
  expect((await app.run(DeliveryById, { id: present(delivery).id })).delivery).toMatchObject({
    status: "SUCCEEDED",
    attemptCount: 1,
    webhookId: id,
  });
});
