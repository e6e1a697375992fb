import { expect, test } from "vitest";
import { ok, startTurned } from "./core.ts";
import { onlyDelivery, settled } from "./deliver-receiver.ts";
import { makeWebhook, publishSample } from "./steps.ts";

test("receivers that hang, all at once and unknown to anybody, hold up the others for a second and no longer", async () => {
  await using turned = await startTurned({ HOOKWIRE_CONCURRENCY: "4" });
  const { app, clock, sender } = turned;
  for (let number = 0; number < 4; number++)
    await makeWebhook(app, {
      url: `http://127.0.0.1:${49_152 + number}/`,
      eventTypes: ["site_published"],
    });
  await publishSample(app, { type: "site_published" });
  await sender.attempt(4);
  await makeWebhook(app, { url: "http://127.0.0.1:49160/", eventTypes: ["payment_received"] });
  const { eventId } = await publishSample(app);
  clock.pass(999);
  await publishSample(app, { type: "domain_created" }); // goes nowhere; an answer behind the turn
  expect(sender.all).toHaveLength(4);
  clock.pass(1);
  const fifth = await sender.attempt(5);
  expect(fifth.claim.eventId).toBe(eventId);
  fifth.answer(ok);
  await settled(app, await onlyDelivery(app, eventId), "SUCCEEDED");
});
