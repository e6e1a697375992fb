import { expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import { DeliverEvent, DeliverPublishMany } from "./deliver-documents.ts";
import { deliveriesOf, holdingReceiver } from "./deliver-receiver.ts";
import { PublishEvent } from "./documents.ts";
import type { PublishEventInput } from "./generated/graphql.ts";
import { makeWebhook, publishSample, sample } from "./steps.ts";

const TYPE = "payment_received";

async function publish(app: App, input: PublishEventInput) {
  const { publishEvent } = await app.run(PublishEvent, { input });
  if (!publishEvent) throw new Error("No answer");
  return publishEvent;
}

async function eventOf(app: App, idempotencyKey: string) {
  const { publishedEvent } = await app.run(DeliverEvent, { by: { idempotencyKey } });
  return publishedEvent;
}

/** The same value with the keys of every object the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, child]) => [key, turned(child)]),
  );
}

test("a repeat under the same key returns the first event and sends nothing again", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  await makeWebhook(app, { url: receiver.url });
  const payload = { ...(await sample(app, TYPE)), nested: { b: 1, a: [{ d: 2, c: 3 }] } };
  const input = { type: TYPE, payload, idempotencyKey: "order-1" };
  const first = await publish(app, input);
  if (first.__typename !== "PublishEventPayload") throw new Error(JSON.stringify(first));
  const { eventId } = first;
  expect(first).toMatchObject({ isNew: true, matchedWebhooks: 1 });
  await receiver.request(1);
  for (const repeat of [
    input,
    { ...input, payload: turned(payload) },
    { ...input, type: "payment_successful" },
  ])
    expect(await publish(app, repeat)).toMatchObject({ eventId, isNew: false, matchedWebhooks: 1 });
  expect((await eventOf(app, "order-1"))?.payload).toEqual(payload);
  expect(JSON.stringify((await eventOf(app, "order-1"))?.payload)).toBe(JSON.stringify(payload));
  expect(await deliveriesOf(app, eventId)).toHaveLength(1);
  await publishSample(app, { idempotencyKey: "order-2" });
  const next = await receiver.request(2);
  expect(next.json.id).not.toBe(eventId);
});

test("another body, type or time under the same key is a conflict that shows the first event", async () => {
  await using app = await startApp();
  const payload = { ...(await sample(app, TYPE)), list: [1, 2] };
  const input = { type: TYPE, payload, idempotencyKey: "k", occurredAt: "2026-05-01T10:00:00Z" };
  const first = await publish(app, input);
  if (first.__typename !== "PublishEventPayload") throw new Error(JSON.stringify(first));
  const others = [
    { ...input, payload: { ...payload, list: [2, 1] } },
    { ...input, payload: { ...payload, more: null } },
    { ...input, payload: { ...payload, list: ["1", 2] } },
    { ...input, type: "payment_created", payload: { ...(await sample(app, "payment_created")) } },
    { ...input, occurredAt: "2026-05-01T10:00:01Z" },
    { ...input, occurredAt: null },
  ];
  for (const other of others)
    expect(await publish(app, other)).toMatchObject({
      __typename: "ConflictError",
      code: "CONFLICT",
      path: ["input", "idempotencyKey"],
      existing: { __typename: "Event", id: first.eventId },
    });
  expect(
    await publish(app, { ...input, occurredAt: "2026-05-01T12:00:00.000+02:00" }),
  ).toMatchObject({ isNew: false });
});

test("a key is one key within a batch, too", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  await makeWebhook(app, { url: receiver.url });
  const payload = await sample(app, TYPE);
  const event = { type: TYPE, payload, idempotencyKey: "same" };
  const { publishEvents } = await app.run(DeliverPublishMany, {
    input: {
      events: [
        event,
        event,
        { ...event, payload: { ...payload, other: true } },
        { ...event, idempotencyKey: "else" },
      ],
    },
  });
  if (publishEvents?.__typename !== "PublishEventsPayload")
    throw new Error(JSON.stringify(publishEvents));
  const [first, second, third, fourth] = publishEvents.results;
  if (first?.__typename !== "PublishEventPayload") throw new Error(JSON.stringify(first));
  expect(first.isNew).toBe(true);
  expect(second).toMatchObject({ eventId: first.eventId, isNew: false });
  expect(third).toMatchObject({
    __typename: "ConflictError",
    path: ["input", "events", "2", "idempotencyKey"],
    existing: { id: first.eventId },
  });
  expect(fourth).toMatchObject({ isNew: true });
  await receiver.request(2);
  expect(await deliveriesOf(app, first.eventId)).toHaveLength(1);
});

test("of fifty publishes at once under one key, one is new", async () => {
  await using app = await startApp();
  const payload = await sample(app, TYPE);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      publish(app, {
        type: TYPE,
        payload: n % 2 ? payload : turned(payload),
        idempotencyKey: "race",
      }),
    ),
  );
  const events = answers.map(
    (answer) => answer.__typename === "PublishEventPayload" && answer.eventId,
  );
  expect(new Set(events)).toEqual(new Set([(await eventOf(app, "race"))?.id]));
  expect(
    answers.filter((answer) => answer.__typename === "PublishEventPayload" && answer.isNew),
  ).toHaveLength(1);
});

test("keys are remembered over a restart, and events are found by them", async () => {
  await using app = await startApp();
  const payload = await sample(app, TYPE);
  const input = { type: TYPE, payload, idempotencyKey: "kept over night" };
  const first = await publish(app, input);
  await app.stop();
  await app.start();
  const repeat = await publish(app, input);
  if (first.__typename !== "PublishEventPayload") throw new Error(JSON.stringify(first));
  expect(repeat).toMatchObject({ eventId: first.eventId, isNew: false });
  expect(await publish(app, { ...input, payload: { ...payload, n: 1 } })).toMatchObject({
    code: "CONFLICT",
  });
  expect(await eventOf(app, "kept over night")).toMatchObject({
    id: first.eventId,
    idempotencyKey: "kept over night",
  });
  expect(await eventOf(app, "never used")).toBeNull();
});

test("a refused event does not use up its key", async () => {
  await using app = await startApp();
  expect(await publish(app, { type: TYPE, payload: {}, idempotencyKey: "again" })).toMatchObject({
    code: "INVALID_INPUT",
  });
  expect(await eventOf(app, "again")).toBeNull();
  expect(
    await publish(app, { type: TYPE, payload: await sample(app, TYPE), idempotencyKey: "again" }),
  ).toMatchObject({
    isNew: true,
  });
});
