import { once } from "node:events";
import { expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import { BareSocket } from "./bare-socket.ts";
import { Sample } from "./documents.ts";
import { makeKey, withKey } from "./keys-steps.ts";
import { HandClock } from "./world.ts";

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
}

const HELLO = { query: "{ __typename }" };

async function answer(app: App, body: object): Promise<Answer> {
  return (await (await app.post(body)).json()) as Answer;
}

/** Each limit at a value of its own: what it still lets through, and what is just over it. */
test.each([
  ["DOCUMENT", 22, "{ viewer { keyName } }", "{  viewer { keyName } }"],
  ["TOKENS", 6, "{ viewer { keyName } }", "{ viewer { keyName __typename } }"],
  ["OPERATIONS", 1, "query A { __typename }", "query A { __typename } query B { __typename }"],
  ["DEPTH", 2, "{ viewer { keyName } }", "{ viewer { tenant { id } } }"],
  [
    "DEPTH",
    2,
    '{ webhook(by: {id: "x"}) { id } }',
    "{ deliveries(filter: {webhooks: [{id: 1}]}) { __typename } }",
  ],
  [
    "ROOT_FIELDS",
    2,
    "{ a: __typename viewer { keyName } }",
    "{ a: __typename b: __typename __typename }",
  ],
  [
    "ALIASES",
    1,
    "{ a: __typename }",
    "{ ...F viewer { k: keyName } } fragment F on Query { a: __typename }",
  ],
  [
    "DIRECTIVES",
    1,
    "{ __typename @skip(if: false) }",
    "{ ...F @skip(if: false) } fragment F on Query { __typename @skip(if: false) }",
  ],
  ["VALIDATION", 3, "{ viewer { keyName __typename } }", "{ viewer { keyName keyName } }"],
  [
    "VALIDATION",
    6,
    "{ ...F ... { events { name } } ...F } fragment F on Query { __typename }",
    "{ ...F ... { events { name } } } fragment F on Query { events { name } }",
  ],
  [
    "COST",
    201,
    "{ webhooks(first: 100) { nodes { id } } }",
    "{ webhooks(first: 100) { nodes { id } pageInfo { hasNextPage } } }",
  ],
  ["COST", 27, "{ webhooks(first: 13) { nodes { id } } }", "{ webhooks { nodes { id } } }"],
  ["COST", 20, "{ events { name } }", "{ events { name title } }"],
  ["LIST", 2, '{ nodes(ids: ["a", "b"]) { id } }', '{ nodes(ids: ["a", "b", "c"]) { id } }'],
  ["PAGE", 25, "{ webhooks { nodes { id } } }", "{ webhooks(first: 26) { nodes { id } } }"],
] as const)(
  "HOOKWIRE_LIMIT_%s=%i lets %s through, and refuses %s",
  async (name, limit, within, beyond) => {
    const setting = `HOOKWIRE_LIMIT_${name}`;
    await using app = await startApp({ env: { [setting]: String(limit) } });
    expect(await answer(app, { query: within })).not.toHaveProperty("errors");
    const operationName = /^query (A)/.exec(beyond)?.[1];
    const response = await app.post({ query: beyond, operationName });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: [
        {
          message: expect.stringMatching(new RegExp(String.raw`\b${limit}\b.*\(${setting}\)`)),
          extensions: { code: "LIMIT_REACHED", limit, setting },
        },
      ],
    });
  },
);

test("a connection costs its rows, fragments and default pages included", async () => {
  const cost = 653;
  const query = `query ($n: Int! = 50) { deliveries(first: $n) { totalCount { value } ...Rows } }
    fragment Rows on DeliveryConnection { nodes { id attempts(first: 5) { nodes { id } } } }`;
  await using exact = await startApp({ env: { HOOKWIRE_LIMIT_COST: String(cost) } });
  expect(await answer(exact, { query })).toHaveProperty("data.deliveries");
  expect(await answer(exact, { query, variables: { n: 51 } })).toMatchObject({
    errors: [
      { extensions: { code: "LIMIT_REACHED", limit: cost, setting: "HOOKWIRE_LIMIT_COST" } },
    ],
  });
  await using less = await startApp({ env: { HOOKWIRE_LIMIT_COST: String(cost - 1) } });
  expect(await answer(less, { query })).not.toHaveProperty("data");
});

test("the same document is judged anew with other variables", async () => {
  await using app = await startApp();
  const query = "query ($n: Int!) { deliveries(first: $n) { nodes { id } } }";
  for (const [n, isRefused] of [
    [100, false],
    [101, true],
    [100, false],
  ] as const)
    expect("errors" in (await answer(app, { query, variables: { n } })), String(n)).toBe(isRefused);
});

test("a list inside a payload may be as long as it likes", async () => {
  await using app = await startApp({ env: { HOOKWIRE_LIMIT_LIST: "3" } });
  const type = "payment_received";
  const payload = {
    ...((await app.run(Sample, { type })).eventType!.samplePayload as object),
    notes: Array(500).fill(1),
  };
  const query =
    'mutation ($p: JSON!) { publishEvent(input: { type: "payment_received", payload: $p }) { __typename } }';
  expect(await answer(app, { query, variables: { p: payload } })).toEqual({
    data: { publishEvent: { __typename: "PublishEventPayload" } },
  });
});

test("a key that asks too often waits, over HTTP and sockets; other keys do not", async () => {
  const clock = new HandClock();
  await using app = await startApp({ env: { HOOKWIRE_LIMIT_RATE: "4" }, circumstances: { clock } });
  const other = (await makeKey(app, { scopes: ["WEBHOOKS_READ"] })).secret;
  for (let count = 0; count < 3; count++) expect((await app.post(HELLO)).status).toBe(200);
  const early = await app.post(HELLO);
  expect(early.status).toBe(429);
  expect(early.headers.get("retry-after")).toBe("15");
  expect(await early.json()).toMatchObject({
    errors: [
      {
        message: expect.stringContaining("4 requests a minute (HOOKWIRE_LIMIT_RATE)"),
        extensions: { code: "RATE_LIMITED", retryAfter: 15 },
      },
    ],
  });
  expect((await withKey(app, other, () => app.post(HELLO))).status).toBe(200);
  using line = new BareSocket(app);
  await line.greet();
  expect(await line.ask(HELLO)).toMatchObject({
    type: "error",
    payload: [{ extensions: { code: "RATE_LIMITED" } }],
  });
  clock.pass(14_000);
  expect((await app.post(HELLO)).headers.get("retry-after")).toBe("1");
  clock.pass(1000);
  expect(await line.ask(HELLO)).toMatchObject({ type: "next" });
  expect((await app.post(HELLO)).status).toBe(429);
  clock.pass(60_000);
  for (let count = 0; count < 4; count++) expect((await app.post(HELLO)).status).toBe(200);
});

test("a key has only so many sockets; one that closes makes room", async () => {
  await using app = await startApp({ env: { HOOKWIRE_LIMIT_SOCKETS_PER_KEY: "2" } });
  const other = (await makeKey(app, { scopes: ["WEBHOOKS_READ"] })).secret;
  using one = new BareSocket(app);
  using two = new BareSocket(app);
  for (const line of [one, two]) expect(await line.greet()).toBe("connection_ack");
  using three = new BareSocket(app);
  expect(await three.greet()).toBe(1013);
  expect((await three.over)[1]).toMatch(/2 sockets.*\(HOOKWIRE_LIMIT_SOCKETS_PER_KEY\)/);
  using theirs = new BareSocket(app);
  expect(await theirs.greet(other)).toBe("connection_ack");
  one.socket.close();
  await once(one.socket, "close");
  using four = new BareSocket(app);
  expect(await four.greet()).toBe("connection_ack");
});

test("sockets that say no hello, and sockets in all, are only so many: 503 before they open", async () => {
  await using app = await startApp({
    env: { HOOKWIRE_LIMIT_SOCKETS: "3", HOOKWIRE_LIMIT_SOCKETS_WAITING: "2" },
  });
  const lines = [1, 2].map(() => new BareSocket(app));
  using mute = lines[0]!;
  using late = lines[1]!;
  for (const line of lines) expect(await line.opened()).toBe("open");
  using refused = new BareSocket(app);
  const [status, body] = await refused.over;
  expect(status).toBe(503);
  expect(JSON.parse(body)).toMatchObject({
    errors: [
      {
        message: expect.stringContaining("HOOKWIRE_LIMIT_SOCKETS_WAITING"),
        extensions: { code: "LIMIT_REACHED" },
      },
    ],
  });
  expect(await late.greet()).toBe("connection_ack");
  using third = new BareSocket(app);
  expect(await third.greet()).toBe("connection_ack");
  using fourth = new BareSocket(app);
  expect(await fourth.over).toEqual([503, expect.stringContaining("(HOOKWIRE_LIMIT_SOCKETS)")]);
  expect(mute.frames).toEqual([]);
});

test("sockets that said hello and are gone make no room for more that do not", async () => {
  await using app = await startApp({ env: { HOOKWIRE_LIMIT_SOCKETS_WAITING: "1" } });
  for (let count = 0; count < 3; count++) {
    using line = new BareSocket(app);
    expect(await line.greet()).toBe("connection_ack");
    line.socket.close();
    await line.over;
  }
  using mute = new BareSocket(app);
  expect(await mute.opened()).toBe("open");
  using refused = new BareSocket(app);
  expect((await refused.over)[0]).toBe(503);
});

test("a socket that says no hello in time is closed with 4408, a message too large closes with 1009", async () => {
  await using app = await startApp({
    env: { HOOKWIRE_LIMIT_SOCKET_HELLO: "PT0.2S", HOOKWIRE_LIMIT_SOCKET_MESSAGE: "200" },
  });
  using mute = new BareSocket(app);
  expect((await mute.over)[0]).toBe(4408);
  using loud = new BareSocket(app);
  await loud.greet();
  loud.send({ id: "1", type: "subscribe", payload: { query: `{ __typename ${"#".repeat(200)}` } });
  expect((await loud.over)[0]).toBe(1009);
});

test("a socket has only so many operations", async () => {
  await using app = await startApp({ env: { HOOKWIRE_LIMIT_SOCKET_OPERATIONS: "1" } });
  using line = new BareSocket(app);
  await line.greet();
  const stream = { query: "subscription { deliveryUpdates { __typename } }" };
  expect(await line.ask(stream)).toMatchObject({ type: "next" });
  expect(await line.ask(stream)).toMatchObject({
    type: "error",
    payload: [{ extensions: { setting: "HOOKWIRE_LIMIT_SOCKET_OPERATIONS", limit: 1 } }],
  });
});

test("a body has only so many bytes", async () => {
  await using app = await startApp({ env: { HOOKWIRE_LIMIT_BODY: "100" } });
  const response = await app.post({ ...HELLO, variables: { x: "x".repeat(100) } });
  expect(response.status).toBe(413);
  expect(await response.text()).toContain("(HOOKWIRE_LIMIT_BODY)");
});
