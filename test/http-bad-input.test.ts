import { once } from "node:events";
import { connect } from "node:net";
import { print } from "graphql";
import { expect, test } from "vitest";
import { ADMIN_KEY, first, startApp, type App, testOnFile } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import { openDatabase } from "./second-tenant.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { nextUpdates } from "./watch-steps.ts";

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly code?: string };
  }[];
}

/** What no answer may show. */
const INSIDES =
  /\bat \S+ \(|node:internal|node_modules|file:\/\/|\/src\/|\.ts:\d|SQLITE|sqlite|\bselect\b.*\bfrom\b|no such table|better-sqlite/;

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  expect(text).not.toMatch(INSIDES);
  return JSON.parse(text) as Answer;
}

/** The answer to a request, and that the service still works after it. */
async function refused(app: App, body: unknown, headers: Record<string, string> = {}) {
  const response = await app.post(body, headers);
  const { status } = response;
  const { errors } = await answerOf(response);
  const works = await app.post({ query: "{ __typename }" });
  expect(works.status).toBe(200);
  return { status, code: errors?.[0]?.extensions?.code, message: errors?.[0]?.message };
}

test("content types other than JSON are refused with 415: forms, multipart, text, none", async () => {
  await using app = await startApp();
  const body = JSON.stringify({ query: "{ __typename }" });
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/graphql",
    "text/json",
    "application/jsonx",
    "",
  ])
    expect(await refused(app, body, { "content-type": type }), type).toMatchObject({
      status: 415,
      code: "UNSUPPORTED_MEDIA_TYPE",
    });
  for (const type of [
    "application/json",
    "application/json;charset=utf-8",
    "application/json; charset=UTF-8",
  ])
    expect((await app.post(body, { "content-type": type })).status).toBe(200);
});

test("the case of a content type does not matter", async () => {
  await using app = await startApp();
  const type = { "content-type": "Application/JSON; Charset=UTF-8" };
  expect((await app.post({ query: "{ __typename }" }, type)).status).toBe(200);
});

test("a body above the limit is refused with 413, also one that does not say how long it is", async () => {
  await using app = await startApp();
  const limit = 16 * 1024 * 1024;
  const query = (bytes: number) => {
    const shell = JSON.stringify({ query: "{ __typename }", variables: { x: "" } });
    return shell.replace('""', JSON.stringify("x".repeat(bytes - shell.length)));
  };
  expect((await app.post(query(limit))).status).toBe(200);
  expect(await refused(app, query(limit + 1))).toMatchObject({
    status: 413,
    code: "LIMIT_REACHED",
  });
  const chunked = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_KEY}`, "content-type": "application/json" },
    body: new Blob([query(limit + 1)]).stream(),
    duplex: "half",
  } as RequestInit);
  expect(chunked.status).toBe(413);
});

test("malformed requests are refused with 400 and a code", async () => {
  await using app = await startApp();
  for (const body of [
    "",
    "{",
    "null",
    "5",
    '"x"',
    "[]",
    '[{"query":"{__typename}"}]',
    '{"query":5}',
    "\u0000",
    "{}}",
  ])
    expect(await refused(app, body), body).toMatchObject({ status: 400, code: "BAD_REQUEST" });
  for (const variables of [[], "x", 5, true])
    expect(await refused(app, { query: "{ __typename }", variables })).toMatchObject({
      status: 400,
      code: "BAD_REQUEST",
    });
});

test("ids, keys and cursors full of rubbish find nothing and break nothing", async () => {
  await using app = await startApp();
  const query = `query ($id: ID!) {
    node(id: $id) { id } delivery(id: $id) { id } inbox(id: $id) { id } webhook(by: { id: $id }) { id }
    publishedEvent(by: { id: $id }) { id } byKey: webhook(by: { key: "x" }) { id }
  }`;
  for (const id of [
    "",
    " ",
    "'",
    "' or 1=1 --",
    "wh_",
    "typ_",
    "\ud800",
    "dlv_".padEnd(100_000, "0"),
    "__proto__",
    "%",
    "💥",
  ]) {
    const { data, errors } = await answerOf(await app.post({ query, variables: { id } }));
    expect(errors, id.slice(0, 20)).toBeUndefined();
    expect(Object.values(data as object).every((value) => value === null)).toBe(true);
  }
});

test("a payload nested very deep is answered, and the service lives", async () => {
  await using app = await startApp();
  const deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
  const body = `{"query":"mutation ($p: JSON!) { publishEvent(input: { type: \\"payment_received\\", payload: $p }) { __typename } }","variables":{"p":${deep}}}`;
  const { code } = await refused(app, body);
  expect(code).not.toBe("INTERNAL_SERVER_ERROR");
});

test("unknown paths and methods get an answer, and health is open", async () => {
  await using app = await startApp();
  for (const path of [
    "/nope",
    "/graphql/",
    "/graphqlx",
    "/GRAPHQL",
    "/in",
    "/in/",
    "/in/x/y",
    "/..%2f",
    "/%00",
    "/%",
    "/?a=%",
  ]) {
    const response = await fetch(`${app.url}${path}`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
      redirect: "manual",
    });
    expect([303, 404], path).toContain(response.status);
    expect(await response.text()).not.toMatch(INSIDES);
  }
  for (const method of ["PUT", "DELETE", "PATCH"]) {
    const response = await fetch(`${app.url}/graphql`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect(response.status).toBe(405);
  }
  const mutation = encodeURIComponent("mutation { createInbox { __typename } }");
  const byGet = await fetch(`${app.url}/graphql?query=${mutation}`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  });
  expect(byGet.status).toBe(405);
  expect(await (await fetch(`${app.url}/healthz`)).json()).toEqual({ status: "ok" });
  expect(await (await fetch(`${app.url}/readyz`)).json()).toEqual({ status: "ready" });
});

test("bytes that are no HTTP, and requests that end in the middle, break nothing", async () => {
  await using app = await startApp();
  const { port } = new URL(app.url);
  const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_KEY}\r\ncontent-type: application/json\r\n`;
  for (const bytes of [
    "\u0016\u0003\u0001garbage\r\n\r\n",
    "GET http://[ HTTP/1.1\r\nhost: x\r\n\r\n",
    "GET // HTTP/1.1\r\nhost: x\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
    `${head}content-length: 100\r\n\r\n{"query":`,
    `${head}transfer-encoding: chunked\r\n\r\n5\r\n{"que`,
    `${head}content-length: -1\r\n\r\n`,
    `GET /login?token=%ZZ HTTP/1.1\r\nhost: x\r\n\r\n`,
    `GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n`,
    `GET /nope HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n`,
  ]) {
    const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
    await once(socket, "connect");
    socket.resume().end(bytes);
    await once(socket, "close");
    expect((await app.post({ query: "{ __typename }" })).status).toBe(200);
  }
  expect(app.log.filter(({ level }) => level === "error" || level === "fatal")).toEqual([]);
});

testOnFile(
  "a failure inside the database is told with an id that the log knows, and shows none of the insides",
  async () => {
    await using app = await startApp();
    await makeWebhook(app, { url: (await makeInbox(app)).url });
    const { streamCursor: after } = await publishSample(app);
    await nextUpdates(app.subscribe(DeliveryUpdates, { start: { after } }), 2); // recorded, so that the stop waits for nothing
    const database = openDatabase(app);
    database.exec(
      "alter table delivery_attempt rename to gone; alter table log rename to gone_log",
    );
    database.close();
    const response = await app.post({
      query: "{ deliveries { nodes { attempts { nodes { id } } } } }",
    });
    const { errors } = await answerOf(response);
    expect(errors?.[0]).toMatchObject({
      message: expect.stringMatching(/^Something went wrong on our side \(error [0-9a-f]{12}\)\.$/),
      extensions: { code: "INTERNAL_SERVER_ERROR" },
    });
    const id = /[0-9a-f]{12}/.exec(errors?.[0]?.message ?? "")?.[0];
    expect(app.log.some(({ error_id: errorId }) => errorId === id)).toBe(true);
    const start = { last: 5 };
    // graphql-ws throws what an "error" frame brings, which is an array.
    const overSocket = await first(app.subscribe(DeliveryUpdates, { start }), () => true).catch(
      (thrown: unknown) => thrown,
    );
    expect(JSON.stringify(overSocket)).toMatch(/Something went wrong on our side/);
    expect(JSON.stringify(overSocket)).not.toMatch(INSIDES);
    const asked = { query: print(DeliveryUpdates), variables: { start } };
    const overSse = await (await app.post(asked, { accept: "text/event-stream" })).text();
    expect(overSse).toMatch(/Something went wrong on our side/);
    expect(overSse).not.toMatch(INSIDES);
  },
);
