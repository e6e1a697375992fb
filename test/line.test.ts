import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { DeliveryById, DeliveryUpdates } from "./documents.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { next, nextUpdates } from "./watch-steps.ts";

test("an event that is published arrives, and its result streams to a subscriber", async () => {
  await using app = await startApp();
  const inbox = await makeInbox(app);
  const webhook = await makeWebhook(app, { url: inbox.url, eventTypes: ["payment_*"] });
  const updates = app.subscribe(DeliveryUpdates);
  // Before anything is published: what comes after this is live.
  expect((await next(updates)).deliveryUpdates.__typename).toBe("StreamCaughtUp");
  const { eventId, matchedWebhooks } = await publishSample(app);
  expect(matchedWebhooks).toBe(1);
  const [created, attempted] = await nextUpdates(updates, 2);
  expect(created).toMatchObject({ change: "CREATED", eventId, webhookId: webhook.id });
  expect(attempted).toMatchObject({ change: "ATTEMPTED", eventId, status: "SUCCEEDED" });
  const { delivery } = await app.run(DeliveryById, { id: attempted?.deliveryId ?? "" });
  expect(delivery).toMatchObject({ status: "SUCCEEDED", attemptCount: 1 });
});
