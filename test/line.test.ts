import { expect, test } from "vitest";
import { first, startApp } from "./app.ts";
import { DeliveryById, DeliveryUpdates } from "./documents.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";

test("an event that is published arrives, and its result streams to a subscriber", async () => {
  await using app = await startApp();
  const inbox = await makeInbox(app);
  const webhook = await makeWebhook(app, { url: inbox.url, eventTypes: ["payment_*"] });
  const updates = app.subscribe(DeliveryUpdates);
  await first(updates, ({ deliveryUpdates }) => deliveryUpdates.__typename === "StreamCaughtUp");
  const { eventId, matchedWebhooks } = await publishSample(app);
  expect(matchedWebhooks).toBe(1);
  const { deliveryUpdates } = await first(
    app.subscribe(DeliveryUpdates, { start: { last: 10 } }),
    ({ deliveryUpdates: update }) =>
      update.__typename === "DeliveryUpdate" && update.change === "ATTEMPTED",
  );
  if (deliveryUpdates.__typename !== "DeliveryUpdate") throw new Error("unreachable");
  expect(deliveryUpdates).toMatchObject({ eventId, webhookId: webhook.id, status: "SUCCEEDED" });
  const { delivery } = await app.run(DeliveryById, { id: deliveryUpdates.deliveryId });
  expect(delivery).toMatchObject({ status: "SUCCEEDED", attemptCount: 1 });
});
