import { expect, onTestFinished, test } from "vitest";
import { eventually, POSTGRES, startApp, type App } from "./app.ts";
import { registered } from "./catalog-steps.ts";
import { DeliverPause } from "./deliver-documents.ts";
import {
  deliveriesOf,
  holdingReceiver,
  onlyDelivery,
  settled,
  webhookOf,
} from "./deliver-receiver.ts";
import { DeliveryUpdates } from "./documents.ts";
import { freshDatabase } from "./fresh-database.ts";
import { RevokeKey } from "./keys-documents.ts";
import { makeKey } from "./keys-steps.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { history, next, nextUpdates, publishMany } from "./watch-steps.ts";

const onPostgres = test.skipIf(!POSTGRES);

/** So many services on one database, started at once. */
async function startCrew(count: number, env: Record<string, string> = {}): Promise<App[]> {
  const database = await freshDatabase(POSTGRES!);
  onTestFinished(() => database[Symbol.asyncDispose]());
  const apps = await Promise.all(Array.from({ length: count }, () => startApp({ database, env })));
  onTestFinished(async () => {
    await Promise.all(apps.map((app) => app[Symbol.asyncDispose]()));
  });
  return apps;
}

onPostgres("three services start at once on an empty database, and are one", async () => {
  const [one, other, third] = (await startCrew(3)) as [App, App, App];
  const { id } = await makeWebhook(one, { url: (await makeInbox(one)).url });
  for (const app of [one, other, third]) expect((await webhookOf(app, id)).state).toBe("ACTIVE");
});

onPostgres("what one has answered holds for every other at once", async () => {
  const [one, other] = (await startCrew(2)) as [App, App];
  const { url } = await makeInbox(one);
  for (let round = 0; round < 20; round++) {
    const { id } = await makeWebhook(round % 2 ? one : other, { url });
    const asked = round % 2 ? other : one;
    expect(await deliveriesOf(asked, (await publishSample(asked)).eventId)).toHaveLength(round + 1);
    expect(id).toMatch(/^wh_/);
  }
  await registered(one);
  expect((await publishSample(other, { type: "order_created" })).eventId).toMatch(/^evt_/);
});

onPostgres(
  "a subscriber of one sees all that another delivers, in the order of the log",
  async () => {
    const [one, other] = (await startCrew(2)) as [App, App];
    const { url } = await makeInbox(one);
    await makeWebhook(one, { url });
    const watched = other.subscribe(DeliveryUpdates);
    const early = one.subscribe(DeliveryUpdates);
    await Promise.all([next(watched), next(early)]);
    await Promise.all([publishMany(one, 50), publishMany(other, 50), publishMany(one, 50)]);
    const [there, here] = await Promise.all([nextUpdates(watched, 300), nextUpdates(early, 300)]);
    expect(there).toEqual(here);
    const all = await history(other.subscribe(DeliveryUpdates, { start: { last: 500 } }));
    expect(all).toEqual(there);
  },
);

onPostgres("a delivery is sent once, whichever of several services could", async () => {
  const apps = await startCrew(3);
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  await makeWebhook(apps[0]!, { url: receiver.url, maxInFlight: 7 });
  const published = await Promise.all(apps.map((app) => publishMany(app, 100)));
  for (const { eventIds } of published)
    for (const eventId of eventIds)
      await settled(apps[0]!, await onlyDelivery(apps[0]!, eventId), "SUCCEEDED");
  expect(receiver.all.length).toBe(300);
});

onPostgres("the limit of a webhook holds for all services together", async () => {
  const apps = await startCrew(3);
  await using receiver = await holdingReceiver();
  const { id } = await makeWebhook(apps[0]!, { url: receiver.url, maxInFlight: 4 });
  receiver.answerAll({ status: 200 });
  await Promise.all(apps.map((app) => publishMany(app, 20)));
  await receiver.request(60);
  receiver.forget();
  await Promise.all(apps.map((app) => publishMany(app, 20)));
  await receiver.request(4);
  // Each has had every occasion to send more: the count of those that wait is told by all.
  await Promise.all(apps.map((app) => webhookOf(app, id)));
  expect(receiver.all.length).toBeLessThanOrEqual(4);
  receiver.answerAll({ status: 200 });
  for (const held of receiver.all.slice()) held.answer(200);
  await receiver.request(60);
});

onPostgres("the rate of a webhook holds for all services together", async () => {
  const apps = await startCrew(2);
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  await makeWebhook(apps[0]!, { url: receiver.url, rateLimitPerSecond: 20 });
  await Promise.all(apps.map((app) => publishMany(app, 15)));
  await receiver.request(1);
  const startMs = performance.now();
  await receiver.request(30);
  // 29 twentieths of a second, but for the look at the first request.
  expect(performance.now() - startMs).toBeGreaterThan(1350);
});

onPostgres(
  "a key that one revokes is refused by the others, and a pause is kept by all",
  async () => {
    const [one, other] = (await startCrew(2)) as [App, App];
    const key = await makeKey(one);
    await using receiver = await holdingReceiver();
    receiver.answerAll({ status: 200 });
    const { id } = await makeWebhook(one, { url: receiver.url });
    await eventually(async () => (await asked(other, key.secret)) === 200);
    await one.run(RevokeKey, { id: key.id });
    await eventually(async () => (await asked(other, key.secret)) === 401);
    await one.run(DeliverPause, { id });
    const { eventId } = await publishSample(other);
    await settled(other, await onlyDelivery(other, eventId), "HELD");
    expect(receiver.all).toHaveLength(0);
  },
);

async function asked(app: App, key: string): Promise<number> {
  const answer = await app.post(
    { query: "{ viewer { tenant { id } } }" },
    { authorization: `Bearer ${key}` },
  );
  return answer.status;
}
