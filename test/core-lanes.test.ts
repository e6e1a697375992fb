import { expect, test } from "vitest";
import { eventually } from "./app.ts";
import { ok, startTurned, type Turned } from "./core.ts";
import { deliveryOf } from "./deliver-receiver.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { publishMany } from "./watch-steps.ts";
import { REST_MS, status } from "./world.ts";

const URL = "http://127.0.0.1:2/";

/** The nth attempt's delivery once its outcome is recorded, and with it all that the outcome set going before. */
function recorded({ app, sender }: Turned, count: number) {
  return eventually(async () => {
    const sent = sender.all[count - 1];
    const delivery = sent && (await deliveryOf(app, sent.claim.deliveryId));
    return delivery && delivery.attempts.length > 0 && delivery;
  });
}

test("a success and a failure in the same moment: everything due is tried when due, and nothing later", async () => {
  await using turned = await startTurned();
  const { app, clock, sender } = turned;
  await makeWebhook(app, { url: URL, maxInFlight: 2 });
  await turned.warmUp();
  await publishMany(app, 4);
  const [good, bad] = [await sender.attempt(1), await sender.attempt(2)];
  expect(sender.all).toHaveLength(2);
  good.answer(ok);
  bad.answer(status(503));
  expect(await recorded(turned, 2)).toMatchObject({ status: "RETRYING" });
  clock.pass(REST_MS);
  // One at a time after the failure; as soon as its place is free the fourth is due, without any time passing.
  (await sender.attempt(3)).answer(ok);
  (await sender.attempt(4)).answer(ok);
  expect(await recorded(turned, 4)).toMatchObject({ status: "SUCCEEDED" });
  expect(new Set(sender.all.map(({ claim }) => claim.deliveryId)).size).toBe(4);
  clock.pass(4999 - REST_MS);
  await publishSample(app);
  (await sender.attempt(5)).answer(ok);
  expect(sender.all[4]?.claim.deliveryId).not.toBe(bad.claim.deliveryId);
  await recorded(turned, 5);
  clock.pass(1);
  const retry = await sender.attempt(6);
  expect(retry.claim.deliveryId).toBe(bad.claim.deliveryId);
});

test("Retry-After is kept by the time that passes: a wall clock put back by an hour does not prolong the quiet", async () => {
  await using turned = await startTurned();
  const { app, clock, sender } = turned;
  await makeWebhook(app, { url: URL });
  await publishSample(app);
  (await sender.attempt(1)).answer(status(429, 60_000));
  const told = await recorded(turned, 1);
  clock.step(-3_600_000);
  const { eventId } = await publishSample(app);
  clock.pass(59_000);
  await deliveryOf(app, told.id); // an answer behind the turn: had it been sent, it would be here
  expect(sender.all).toHaveLength(1);
  let quietMs = 59_000;
  await eventually(async () => {
    if (sender.all.length > 1 || quietMs > 3_700_000) return true;
    clock.pass(1000);
    quietMs += 1000;
    return false;
  });
  expect(sender.all[1]?.claim.eventId).toBe(eventId);
  expect(quietMs).toBeGreaterThanOrEqual(60_000);
  expect(quietMs).toBeLessThan(70_000);
});

test("a wall clock that is put forward does not cut the quiet short", async () => {
  await using turned = await startTurned();
  const { app, clock, sender } = turned;
  await makeWebhook(app, { url: URL });
  await publishSample(app);
  (await sender.attempt(1)).answer(status(429, 60_000));
  const told = await recorded(turned, 1);
  clock.step(3_600_000);
  await publishSample(app);
  clock.pass(58_000);
  for (let answers = 0; answers < 5; answers++) await deliveryOf(app, told.id);
  expect(sender.all).toHaveLength(1);
  clock.pass(2000);
  await sender.attempt(2);
});

test("a claim that arrives in a lane which turned quiet meanwhile goes back to the table", async () => {
  await using turned = await startTurned();
  const { app, clock, sender } = turned;
  await makeWebhook(app, { url: URL, maxInFlight: 2 });
  await turned.warmUp();
  await publishMany(app, 6);
  const [good, bad] = [await sender.attempt(1), await sender.attempt(2)];
  // The success asks for one more claim; before it comes the other answer asks for quiet.
  good.answer(ok);
  bad.answer(status(503, 60_000));
  await recorded(turned, 2);
  const last = await sender.attempt(3);
  await eventually(async () => turned.leased === 1);
  last.answer(ok);
  await recorded(turned, 3);
  await eventually(async () => turned.leased === 0);
  // A lease that nobody began never becomes a lost attempt.
  sender.answerAll(ok);
  clock.pass(60_000);
  await eventually(async () => sender.all.length >= 7);
  for (const { claim } of sender.all) {
    const { attempts } = await deliveryOf(app, claim.deliveryId);
    expect(attempts.map(({ outcome }) => outcome)).not.toContain("INTERNAL");
  }
});
