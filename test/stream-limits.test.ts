import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { openStreams } from "../src/live/stream.ts";
import { ADMIN_KEY, eventually, startApp, type App } from "./app.ts";
import { BareSocket } from "./bare-socket.ts";
import { RevokeKey } from "./keys-documents.ts";
import { makeKey, withKey } from "./keys-steps.ts";
import { HandClock } from "./world.ts";

const STREAM = "subscription { deliveryUpdates { __typename } }";
const SSE = { accept: "text/event-stream" };

const open = (app: App) => app.post({ query: STREAM }, SSE);
const nobodyListens = () => eventually(async () => openStreams.size === 0);

async function expectRefusal(response: Response, status: number, name: string): Promise<void> {
  expect(response.status).toBe(status);
  const text = await response.text();
  expect(text).toMatch(new RegExp(String.raw`\b\d+ sockets and event streams.*\(${name}\)`));
  const told = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as object;
  expect(told).toMatchObject({
    errors: [{ extensions: { code: "LIMIT_REACHED", setting: name } }],
  });
}

/** Two streams are all that is let through, and a third is not: those before have left. */
async function expectRoomForTwo(app: App): Promise<void> {
  await nobodyListens();
  const streams = await Promise.all([open(app), open(app)]);
  expect(streams.map(({ status }) => status)).toEqual([200, 200]);
  await expectRefusal(await open(app), 429, "HOOKWIRE_LIMIT_SOCKETS_PER_KEY");
  for (const { body } of streams) await body?.cancel();
  await nobodyListens();
}

/** Requests in a row on one connection, as they are. */
async function sendInARow(app: App, count: number) {
  const body = JSON.stringify({ query: STREAM });
  const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_KEY}\r\naccept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const socket = connect(Number(new URL(app.url).port), "127.0.0.1");
  await once(socket, "connect");
  socket.write((head + body).repeat(count));
  return socket;
}

const TWO = { env: { HOOKWIRE_LIMIT_SOCKETS_PER_KEY: "2" } };

test.each([
  [
    "is cancelled by its client",
    async (app: App) => {
      const { body } = await open(app);
      await body!.cancel();
    },
  ],
  [
    "is refused when it begins",
    async (app: App) => {
      const query = "subscription { deliveryUpdates(start: { last: 0 }) { __typename } }";
      expect(await (await app.post({ query }, SSE)).text()).toContain("INVALID_INPUT");
    },
  ],
  [
    "is asked by a client that takes no event stream",
    async (app: App) => {
      const response = await app.post({ query: STREAM }, { accept: "application/json" });
      expect(response.status).toBe(406);
    },
  ],
  [
    "waits behind another one on a connection that is reset",
    async (app: App) => {
      const socket = await sendInARow(app, 2);
      await eventually(async () => openStreams.size === 2);
      socket.resetAndDestroy();
    },
  ],
  [
    "is reset before it begins",
    async (app: App) => {
      const socket = await sendInARow(app, 1);
      await new Promise((resolve) => setImmediate(resolve));
      socket.resetAndDestroy();
      await once(socket, "close");
      await app.post({ query: "{ __typename }" }); // behind all of that
    },
  ],
  [
    "is none, but a query",
    async (app: App) => {
      expect((await app.post({ query: "{ __typename }" }, SSE)).status).toBe(200);
    },
  ],
])(
  "an event stream that %s is counted no more, and leaves nothing behind",
  async (_name, leave) => {
    await using app = await startApp(TWO);
    for (let turn = 0; turn < 3; turn++) {
      await leave(app);
      await nobodyListens();
    }
    await expectRoomForTwo(app);
  },
);

test("the streams of a key that is revoked make room", async () => {
  const clock = new HandClock();
  await using app = await startApp({
    env: { HOOKWIRE_LIMIT_SOCKETS: "2" },
    circumstances: { clock },
  });
  const { id, secret } = await makeKey(app);
  const streams = await withKey(app, secret, () => Promise.all([open(app), open(app)]));
  await eventually(async () => openStreams.size === 2);
  await expectRefusal(await open(app), 503, "HOOKWIRE_LIMIT_SOCKETS");
  await app.run(RevokeKey, { id });
  clock.pass(30_000);
  for (const stream of streams) expect(await stream.text()).toContain("UNAUTHENTICATED");
  await eventually(async () => (await open(app)).status === 200);
});

test("sockets and event streams of a key are counted together, those of another key are not", async () => {
  await using app = await startApp(TWO);
  const other = (await makeKey(app)).secret;
  using line = new BareSocket(app);
  expect(await line.greet()).toBe("connection_ack");
  const first = await open(app);
  expect(first.status).toBe(200);
  await expectRefusal(await open(app), 429, "HOOKWIRE_LIMIT_SOCKETS_PER_KEY");
  using refused = new BareSocket(app);
  expect(await refused.greet()).toBe(1013);
  expect((await withKey(app, other, () => open(app))).status).toBe(200);
  // Streams on a socket are that socket's own.
  for (let count = 0; count < 3; count++)
    expect(await line.ask({ query: STREAM })).toMatchObject({ type: "next" });
  await first.body!.cancel();
  await eventually(async () => (await open(app)).status === 200);
});

test("event streams and sockets in all are only so many", async () => {
  await using app = await startApp({ env: { HOOKWIRE_LIMIT_SOCKETS: "2" } });
  using line = new BareSocket(app);
  expect(await line.greet()).toBe("connection_ack");
  expect((await open(app)).status).toBe(200);
  await expectRefusal(await open(app), 503, "HOOKWIRE_LIMIT_SOCKETS");
  using refused = new BareSocket(app);
  expect((await refused.over)[0]).toBe(503);
  // Whoever takes no event stream is refused in JSON.
  const plain = await app.post({ query: STREAM }, { accept: "application/json" });
  expect(plain.headers.get("content-type")).toContain("application/json");
  await expectRefusal(plain, 503, "HOOKWIRE_LIMIT_SOCKETS");
});
