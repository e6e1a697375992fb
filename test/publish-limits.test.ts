import { join } from "node:path";
import BetterSqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import { DeliverEvent, DeliverPublishMany } from "./deliver-documents.ts";
import { holdingReceiver } from "./deliver-receiver.ts";
import { PublishEvent } from "./documents.ts";
import { makeWebhook, sample } from "./steps.ts";

const TYPE = "payment_received";

interface Answer {
  readonly __typename: string;
  readonly results?: readonly { readonly __typename: string }[];
}

async function batch(app: App, count: number, payload: unknown) {
  const events = Array.from({ length: count }, (_, n) => ({
    type: TYPE,
    payload,
    idempotencyKey: `${n} of ${count}`,
  }));
  const { publishEvents } = await app.run(DeliverPublishMany, { input: { events } });
  if (!publishEvents) throw new Error("No answer");
  return publishEvents;
}

test("a call that would write more than 10,000 rows is refused as a whole; a smaller one is taken", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  for (let n = 0; n < 5; n++) await makeWebhook(app, { url: receiver.url, paused: true });
  const payload = await sample(app, TYPE);
  const refused = await batch(app, 1000, payload);
  expect(refused).toMatchObject({
    __typename: "LimitError",
    code: "LIMIT_REACHED",
    limit: 10_000,
    path: ["input"],
  });
  const { publishedEvent } = await app.run(DeliverEvent, { by: { idempotencyKey: "0 of 1000" } });
  expect(publishedEvent).toBeNull();
  const taken = await batch(app, 900, payload);
  if (taken.__typename !== "PublishEventsPayload") throw new Error(JSON.stringify(taken));
  expect(
    taken.results.every((result) => result.__typename === "PublishEventPayload" && result.isNew),
  ).toBe(true);
  expect(taken.results[899]).toMatchObject({ matchedWebhooks: 5 });
});

test("a payload of 256 KiB is taken and a larger one refused, counted in bytes", async () => {
  await using app = await startApp();
  const payload = { ...(await sample(app, TYPE)), filler: "" };
  const room = 256 * 1024 - Buffer.byteLength(JSON.stringify(payload));
  const publish = async (filler: string) => {
    const { publishEvent } = await app.run(PublishEvent, {
      input: { type: TYPE, payload: { ...payload, filler } },
    });
    return publishEvent;
  };
  expect(await publish("x".repeat(room))).toMatchObject({ isNew: true });
  for (const filler of ["x".repeat(room + 1), "ü".repeat(room / 2 + 1)])
    expect(await publish(filler)).toMatchObject({
      __typename: "LimitError",
      limit: 256 * 1024,
      path: ["input", "payload"],
      retryAfter: null,
    });
});

test("while too many publishes wait for the disk, new ones are told when to come back, and the others are kept", async () => {
  await using app = await startApp();
  const payload = { ...(await sample(app, TYPE)), filler: "x".repeat(250_000) };
  const events = Array.from({ length: 60 }, () => ({ type: TYPE, payload }));
  const body = JSON.stringify({
    query: `mutation ($events: [PublishEventInput!]!) {
      publishEvents(input: { events: $events }) {
        __typename
        ... on PublishEventsPayload { results { __typename } }
        ... on LimitError { code limit retryAfter message }
      }
    }`,
    variables: { events },
  });
  const other = new BetterSqlite(join(app.folder, "hookwire.db"));
  other.exec("begin immediate");
  const refused = Promise.withResolvers<Answer>();
  const answers = Array.from({ length: 5 }, async () => {
    const { data } = (await (await app.post(body)).json()) as { data: { publishEvents: Answer } };
    if (data.publishEvents.__typename === "LimitError") refused.resolve(data.publishEvents);
    return data.publishEvents;
  });
  const told = await refused.promise;
  other.exec("rollback");
  other.close();
  expect(told).toMatchObject({
    code: "LIMIT_REACHED",
    retryAfter: "PT1S",
    message: expect.stringContaining("retryAfter"),
  });
  const kept = (await Promise.all(answers)).filter(
    ({ __typename }) => __typename === "PublishEventsPayload",
  );
  expect(kept).toHaveLength(4);
  for (const { results } of kept)
    expect(results?.map(({ __typename }) => __typename)).toEqual(
      events.map(() => "PublishEventPayload"),
    );
  const { publishEvent } = await app.run(PublishEvent, { input: { type: TYPE, payload } });
  expect(publishEvent).toMatchObject({ isNew: true });
});
