import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually, startApp } from "./app.ts";
import {
  deliveryOf,
  holdingReceiver,
  onlyDelivery,
  runTest,
  settled,
  warmUp,
} from "./deliver-receiver.ts";
import { makeWebhook, publishSample } from "./steps.ts";

/** The threads of this test, in the order they were made. */
const threads: Worker[] = [];
const note = (worker: Worker) => void threads.push(worker);
beforeEach(() => {
  threads.length = 0;
  process.on("worker", note);
});
afterEach(() => {
  process.off("worker", note);
});

test.each([1, 2])(
  "with %d sender threads deliveries arrive, signed, each once",
  async (senders) => {
    await using app = await startApp({ env: { HOOKWIRE_SENDERS: String(senders) } });
    expect(threads).toHaveLength(senders);
    await using receiver = await holdingReceiver();
    receiver.answerAll({ status: 200 });
    const { secret } = await makeWebhook(app, { url: receiver.url });
    const published = [];
    for (let n = 0; n < 6; n++) published.push((await publishSample(app)).eventId);
    for (const eventId of published) {
      const delivery = await settled(app, await onlyDelivery(app, eventId), "SUCCEEDED");
      expect(delivery.attempts).toMatchObject([{ number: 1, outcome: "SUCCEEDED" }]);
    }
    for (const request of receiver.all) request.verify(secret);
    expect(receiver.all.map(({ json }) => json.id).toSorted()).toEqual(published.toSorted());
    expect(threads).toHaveLength(senders);
  },
);

test("what is refused because of its address is refused in a thread, too", async () => {
  await using app = await startApp({
    env: {
      HOOKWIRE_SENDERS: "1",
      HOOKWIRE_ALLOW_TARGETS: "127.0.0.0/8",
      HOOKWIRE_RETRY_DELAYS: "PT1H",
    },
  });
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  await app.stop();
  await app.start({
    env: { HOOKWIRE_SENDERS: "1", HOOKWIRE_ALLOW_TARGETS: "", HOOKWIRE_RETRY_DELAYS: "PT1H" },
  });
  const id = await onlyDelivery(app, (await publishSample(app)).eventId);
  const { attempts } = await settled(app, id, "RETRYING");
  expect(attempts).toMatchObject([{ outcome: "BLOCKED_ADDRESS" }]);
  expect(receiver.all).toHaveLength(0);
});

test.each([1, 2])(
  "what a thread of %d had in flight when it died is recorded as INTERNAL, does not count, and is made again by a new one",
  async (senders) => {
    await using app = await startApp({
      // One failure that counts would use the schedule up.
      env: { HOOKWIRE_SENDERS: String(senders), HOOKWIRE_RETRY_DELAYS: "" },
    });
    await using receiver = await holdingReceiver();
    await makeWebhook(app, { url: receiver.url, retryDelays: [] });
    await warmUp(app, receiver);
    const published = [];
    for (let n = 0; n < 4; n++) published.push((await publishSample(app)).eventId);
    await receiver.request(4);
    await threads[0]?.terminate();
    const cut = 4 / senders;
    await receiver.request(4 + cut);
    expect(threads).toHaveLength(senders + 1);
    for (const request of receiver.all) request.answer(200);
    const outcomes = [];
    for (const eventId of published) {
      const delivery = await settled(app, await onlyDelivery(app, eventId), "SUCCEEDED");
      outcomes.push(delivery.attempts.map(({ outcome }) => outcome).join(" "));
      for (const { outcome, message } of delivery.attempts)
        if (outcome === "INTERNAL")
          expect(message).toMatch(/thread.*may have arrived.*does not count/);
    }
    expect(outcomes.toSorted()).toEqual([
      ...Array<string>(cut).fill("INTERNAL SUCCEEDED"),
      ...Array<string>(4 - cut).fill("SUCCEEDED"),
    ]);
    // The new thread is as good as the old one.
    receiver.answerAll({ status: 200 });
    for (let n = 0; n < senders; n++)
      await settled(app, await onlyDelivery(app, (await publishSample(app)).eventId), "SUCCEEDED");
  },
);

test("a thread that dies again and again puts its delivery on the schedule, and gives nothing up", async () => {
  await using app = await startApp({
    env: { HOOKWIRE_SENDERS: "1", HOOKWIRE_RETRY_DELAYS: "PT1H" },
  });
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  const id = await onlyDelivery(app, (await publishSample(app)).eventId);
  for (let n = 1; n <= 3; n++) {
    await receiver.request(n);
    await threads.at(-1)?.terminate();
    await eventually(async () => (await deliveryOf(app, id)).attemptCount === n);
  }
  const delivery = await deliveryOf(app, id);
  expect(delivery.status).toBe("RETRYING");
  expect(Date.parse(delivery.nextAttemptAt ?? "") - Date.now()).toBeGreaterThan(1_800_000);
  expect(receiver.all).toHaveLength(3);
});

test("a test whose thread dies is told as INTERNAL, and is not made again", async () => {
  await using app = await startApp({ env: { HOOKWIRE_SENDERS: "1" } });
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(app, { url: receiver.url });
  const answered = runTest(app, id);
  await receiver.request(1);
  await threads[0]?.terminate();
  const { succeeded, attempt, delivery } = await answered;
  expect({ succeeded, attempt }).toMatchObject({
    succeeded: false,
    attempt: { outcome: "INTERNAL" },
  });
  expect(delivery.status).toBe("FAILED");
});

test("a stop ends the threads, and cuts what they have in flight as TIMEOUT", async () => {
  await using app = await startApp({
    env: { HOOKWIRE_SENDERS: "2", HOOKWIRE_DRAIN: "PT0S", HOOKWIRE_RETRY_DELAYS: "PT1H" },
  });
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url });
  const ids = [];
  for (let n = 0; n < 2; n++) ids.push(await onlyDelivery(app, (await publishSample(app)).eventId));
  await receiver.request(2);
  await app.stop();
  // A thread that has ended has no id any more.
  expect(threads.map(({ threadId }) => threadId)).toEqual([-1, -1]);
  await app.start();
  for (const id of ids)
    expect((await deliveryOf(app, id)).attempts).toMatchObject([{ outcome: "TIMEOUT" }]);
});
