import { expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import { DeliverEvent, DeliverPublishMany } from "./deliver-documents.ts";
import { holdingReceiver } from "./deliver-receiver.ts";
import { PublishEvent } from "./documents.ts";
import { makeWebhook, publishSample, sample } from "./steps.ts";

const TYPE = "payment_received";

async function publish(app: App, payload: unknown, type = TYPE) {
  const { publishEvent } = await app.run(PublishEvent, { input: { type, payload } });
  if (!publishEvent) throw new Error("No answer");
  return publishEvent;
}

async function publishMany(app: App, events: { type: string; payload: unknown }[]) {
  const { publishEvents } = await app.run(DeliverPublishMany, { input: { events } });
  if (!publishEvents) throw new Error("No answer");
  return publishEvents;
}

/** A publish whose payload is this JSON text, as no serialiser would write it. */
async function publishText(app: App, payload: string) {
  const query = `mutation ($type: String!, $payload: JSON!) {
    publishEvent(input: { type: $type, payload: $payload }) {
      __typename
      ... on PublishEventPayload { eventId }
      ... on UserError { code message path }
      ... on InvalidInputError { issues { path pointer message } }
    }
  }`;
  const body = `{"query":${JSON.stringify(query)},"variables":{"type":"${TYPE}","payload":${payload}}}`;
  const response = await app.post(body);
  return { status: response.status, text: await response.text() };
}

test("an event is published under its canonical name, also by an alias, and its id stands in the list", async () => {
  await using app = await startApp();
  const { eventId } = await publishSample(app, { type: "payment_successful" });
  const { publishedEvent } = await app.run(DeliverEvent, { by: { id: eventId } });
  expect(publishedEvent).toMatchObject({ id: eventId, typeName: TYPE, isTest: false });
  expect(publishedEvent?.payload).toEqual(await sample(app, TYPE));
});

test("an unknown type is refused, with the place and where to look", async () => {
  await using app = await startApp();
  for (const type of [
    "nothing_happened",
    "",
    "*",
    "payment_*",
    "Payment_Received",
    "__proto__",
    "constructor",
  ])
    expect(await publish(app, {}, type)).toMatchObject({
      __typename: "NotFoundError",
      code: "NOT_FOUND",
      path: ["input", "type"],
      message: expect.stringContaining("events query"),
    });
});

test("all problems of a payload are told at once, each with a pointer", async () => {
  await using app = await startApp();
  const { payment_id: _, ...rest } = await sample(app, TYPE);
  const refused = await publish(app, { ...rest, payment_status: 7, payment_product_total: "much" });
  expect(refused).toMatchObject({
    __typename: "InvalidInputError",
    code: "INVALID_INPUT",
    path: ["input", "payload"],
  });
  if (refused.__typename !== "InvalidInputError") throw new Error("unreachable");
  expect(refused.issues.every(({ path }) => path.join() === "input,payload")).toBe(true);
  const pointers = refused.issues.map(({ pointer }) => pointer);
  expect(pointers).toContain("/payment_id");
  expect(pointers).toContain("/payment_status");
  for (const { message, pointer } of refused.issues) expect(message).toContain(pointer);
});

test("a payload that is no object is refused", async () => {
  await using app = await startApp();
  for (const payload of [[], "text", 1, true, [{}]]) {
    const refused = await publish(app, payload);
    expect(refused).toMatchObject({ __typename: "InvalidInputError", path: ["input", "payload"] });
  }
});

test("keys and times that can't be kept are refused", async () => {
  await using app = await startApp();
  const payload = await sample(app, TYPE);
  for (const idempotencyKey of ["", "ä", "a\n", "x".repeat(256), "\ud800"]) {
    const { publishEvent } = await app.run(PublishEvent, {
      input: { type: TYPE, payload, idempotencyKey },
    });
    expect(publishEvent).toMatchObject({
      code: "INVALID_INPUT",
      path: ["input", "idempotencyKey"],
    });
  }
  for (const occurredAt of ["1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]) {
    const { publishEvent } = await app.run(PublishEvent, {
      input: { type: TYPE, payload, occurredAt },
    });
    expect(publishEvent).toMatchObject({ code: "INVALID_INPUT", path: ["input", "occurredAt"] });
  }
  for (const occurredAt of ["yesterday", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z"]) {
    const { errors } = await app.ask(PublishEvent, { input: { type: TYPE, payload, occurredAt } });
    expect(errors?.[0]?.message, occurredAt).toContain("RFC 3339");
  }
});

test("each event of a batch is accepted or refused by itself, in order", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  await makeWebhook(app, { url: receiver.url });
  const payload = await sample(app, TYPE);
  const batch = await publishMany(app, [
    { type: TYPE, payload: { ...payload, n: 0 } },
    { type: "nothing", payload },
    { type: TYPE, payload: {} },
    { type: TYPE, payload: { ...payload, n: 3 } },
    { type: TYPE, payload: { ...payload, text: "x".repeat(300 * 1024) } },
  ]);
  if (batch.__typename !== "PublishEventsPayload") throw new Error(JSON.stringify(batch));
  expect(batch.results).toMatchObject([
    { __typename: "PublishEventPayload", isNew: true, matchedWebhooks: 1 },
    { __typename: "NotFoundError", path: ["input", "events", "1", "type"] },
    { __typename: "InvalidInputError", path: ["input", "events", "2", "payload"] },
    { __typename: "PublishEventPayload", isNew: true },
    { __typename: "LimitError", path: ["input", "events", "4", "payload"], limit: 262_144 },
  ]);
  await receiver.request(2);
  expect(new Set(receiver.all.map(({ json }) => json.data.n))).toEqual(new Set([0, 3]));
});

test("1 to 1,000 events go into one call, and each arrives", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 204 });
  await makeWebhook(app, { url: receiver.url, maxInFlight: 64 });
  const payload = await sample(app, TYPE);
  const events = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ type: TYPE, payload: { ...payload, n } }));
  expect(await publishMany(app, [])).toMatchObject({
    __typename: "InvalidInputError",
    path: ["input", "events"],
  });
  const { errors } = await app.ask(DeliverPublishMany, { input: { events: events(1001) } });
  expect(errors).toMatchObject([
    { extensions: { code: "LIMIT_REACHED", setting: "HOOKWIRE_LIMIT_LIST", limit: 1000 } },
  ]);
  expect(receiver.all).toHaveLength(0);
  const batch = await publishMany(app, events(1000));
  if (batch.__typename !== "PublishEventsPayload") throw new Error(JSON.stringify(batch));
  const ids = batch.results.map(
    (result) => result.__typename === "PublishEventPayload" && result.eventId,
  );
  await receiver.request(1000);
  const arrived = new Map(receiver.all.map(({ json }) => [json.data.n, json.id]));
  expect(ids.map((_, n) => arrived.get(n))).toEqual(ids);
});

test("what the receiver gets is byte for byte what was accepted", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  const { secret } = await makeWebhook(app, { url: receiver.url, format: "FLAT" });
  const base = JSON.stringify(await sample(app, TYPE)).slice(0, -1);
  const poison = [
    `"lone":"\\ud800","\\udfff":1`,
    `"__proto__":{"polluted":true},"constructor":{"prototype":1},"toJSON":1,"then":{}`,
    `"controls":"\\u0000\\u001f","separators":"\u2028\u2029","tag":"</script>"`,
    `"emoji":"😀 é é","long":"${"ü".repeat(100_000)}"`,
    `"small":5e-324,"fraction":0.1,"exact":9007199254740991,"empty":"","null":null,"list":[[],{}]`,
  ];
  for (const [index, more] of poison.entries()) {
    const text = `${base},${more}}`;
    const { text: answer } = await publishText(app, text);
    expect(answer).toContain("PublishEventPayload");
    const arrived = await receiver.request(index + 1);
    expect(arrived.body.equals(Buffer.from(text))).toBe(true);
    arrived.verify(secret);
    const { publishedEvent } = await app.run(DeliverEvent, {
      by: { id: String(arrived.headers["webhook-id"]) },
    });
    expect(JSON.stringify(publishedEvent?.payload)).toBe(text);
  }
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test("a payload that JSON can't carry is refused, and the service goes on", async () => {
  await using app = await startApp();
  const base = JSON.stringify(await sample(app, TYPE)).slice(0, -1);
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  const refused = [
    [`"n":1e400`, "/n"],
    [`"n":-1e400`, "/n"],
    [`"n":{"m":[9007199254740993]}`, "/n/m/0"],
    [`"a/b~c":1e999`, "/a~1b~0c"],
    [`"n":${deep(64)}`, "/n"],
    [`"n":${deep(100_000)}`, "/n"],
  ] as const;
  for (const [more, pointer] of refused) {
    const { text } = await publishText(app, `${base},${more}}`);
    expect(text).toContain("INVALID_INPUT");
    expect(text).toContain(`"pointer":"${pointer}`);
  }
  const tooLarge = await publishText(app, `${base},"n":"${"x".repeat(300 * 1024)}"}`);
  expect(tooLarge.text).toContain("LIMIT_REACHED");
  for (const broken of ["{", "NaN", "'x'", `${base},}`, "\u0000"])
    expect((await publishText(app, broken)).status).toBe(400);
  expect((await publishText(app, `${base},"n":${deep(63)}}`)).text).toContain(
    "PublishEventPayload",
  );
  expect(app.log.filter(({ level }) => level === "error")).toEqual([]);
});

test("a payload can be written into the document itself, and is checked like any other", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  await makeWebhook(app, { url: receiver.url, format: "FLAT" });
  const fields = Object.entries(await sample(app, TYPE)).map(
    ([key, value]) => `${key}: ${JSON.stringify(value)}`,
  );
  const ask = async (more: string) => {
    const query = `mutation ($n: Int) { publishEvent(input: { type: "${TYPE}", payload: { ${fields.join(", ")}, ${more} } }) {
      __typename ... on InvalidInputError { issues { pointer } } } }`;
    return (await app.post({ query, variables: { n: 5 } })).text();
  };
  expect(await ask(`n: $n, small: 1e400, big: 9007199254740993`)).toMatch(/"\/small".*"\/big"/s);
  expect(await ask(`__proto__: { a: 1 }, list: [1, "x", null, true, 0.5], n: $n`)).toContain(
    "PublishEventPayload",
  );
  const arrived = JSON.parse((await receiver.request(1)).body.toString()) as object;
  expect(Object.keys(arrived)).toContain("__proto__");
  expect(arrived).toMatchObject({ list: [1, "x", null, true, 0.5], n: 5 });
});
