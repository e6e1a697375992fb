import { once } from "node:events";
import { request } from "node:http";
import { print } from "graphql";
import { expect, test, vi } from "vitest";
import { WebSocket as NodeSocket } from "ws";
import { openStreams } from "../src/live/stream.ts";
import { ADMIN_KEY, startApp, type App } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A bare socket, to say what no client library says. */
class Line {
  readonly socket: NodeSocket;
  readonly frames: Frame[] = [];

  constructor(app: App, protocol = "graphql-transport-ws") {
    this.socket = new NodeSocket(`${app.url.replace("http", "ws")}/graphql`, protocol);
    this.socket.on("message", (text: Buffer) =>
      this.frames.push(JSON.parse(text.toString()) as Frame),
    );
    this.socket.on("error", () => undefined);
  }

  async greet(): Promise<this> {
    await once(this.socket, "open");
    this.send({ type: "connection_init", payload: { authorization: `Bearer ${ADMIN_KEY}` } });
    await this.next(({ type }) => type === "connection_ack");
    return this;
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The first frame like this; a socket that closes before fails the test. */
  async next(isMeant: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(isMeant);
      if (found) return found;
      await Promise.race([
        once(this.socket, "message"),
        once(this.socket, "close").then(([code, reason]) => {
          throw new Error(`closed with ${String(code)} ${String(reason)}`);
        }),
      ]);
    }
  }

  /** How a request is answered: the frames of this id. */
  async ask(id: string, payload: unknown): Promise<Frame> {
    this.send({ id, type: "subscribe", payload });
    return this.next((frame) => frame.id === id);
  }
}

test("queries and mutations go over a socket too", async () => {
  await using app = await startApp();
  const line = await new Line(app).greet();
  const query = await line.ask("1", { query: '{ events(search: "payment_received") { name } }' });
  expect(query.payload).toEqual({ data: { events: [{ name: "payment_received" }] } });
  const mutation = await line.ask("2", { query: "mutation { createInbox { __typename } }" });
  expect(mutation.payload).toEqual({ data: { createInbox: { __typename: "CreateInboxPayload" } } });
  line.socket.terminate();
});

test.each([
  ["can't be parsed", { query: "{ delivery(" }],
  ["asks for a field that does not exist", { query: "subscription { nope }" }],
  ["names an operation that is not there", { query: "query A { __typename }", operationName: "B" }],
  ["has too many tokens", { query: `{ ${"a ".repeat(20_000)} }` }],
  [
    "has a variable of another type",
    { query: "query ($n: Int!) { deliveries(first: $n) { __typename } }", variables: { n: "x" } },
  ],
])(
  "a request that %s is an error of its own: the streams beside it on the socket go on",
  async (_what, payload) => {
    await using app = await startApp();
    await makeWebhook(app, { url: (await makeInbox(app)).url });
    const line = await new Line(app).greet();
    await line.ask("stream", { query: print(DeliveryUpdates) });
    const answer = await line.ask("bad", payload);
    const text = JSON.stringify(answer.payload);
    expect(text).toMatch(/"code":"[A-Z_]+"/);
    expect(text).not.toContain("INTERNAL_SERVER_ERROR");
    const { eventId } = await publishSample(app);
    await line.next(
      (frame) => frame.id === "stream" && JSON.stringify(frame.payload).includes(eventId),
    );
    line.socket.terminate();
  },
);

test("frames that are no protocol close their own socket and nothing else", async () => {
  await using app = await startApp();
  const other = await new Line(app).greet();
  await other.ask("stream", { query: print(DeliveryUpdates) });
  for (const frame of [
    "",
    "x",
    "null",
    "[]",
    "{}",
    '{"type":"nope"}',
    '{"id":1,"type":"subscribe"}',
    '{"type":"connection_init"}',
  ]) {
    const line = await new Line(app).greet();
    line.send(frame);
    const [code] = (await once(line.socket, "close")) as [number];
    expect(code, frame).toBeGreaterThanOrEqual(4400);
    expect(code, frame).toBeLessThan(4500);
  }
  expect(openStreams.size).toBe(1);
  expect(other.socket.readyState).toBe(NodeSocket.OPEN);
  other.socket.terminate();
});

test("a message above the limit closes its socket, and another subprotocol is not spoken", async () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
  await using app = await startApp();
  const line = await new Line(app).greet();
  line.send("x".repeat(1024 * 1024 + 1));
  expect((await once(line.socket, "close"))[0]).toBe(1009);
  const old = new Line(app, "graphql-ws");
  await Promise.race([once(old.socket, "error"), once(old.socket, "close")]);
  expect(old.frames).toEqual([]);
  expect(await (await app.post({ query: "{ __typename }" })).json()).toEqual({
    data: { __typename: "Query" },
  });
  const lines = printed.mock.calls.length;
  printed.mockRestore();
  expect(lines, "lines on stderr that are not the log's").toBe(0);
});

test("two operations with one id, or a second hello, close the socket", async () => {
  await using app = await startApp();
  const twice = await new Line(app).greet();
  twice.send({ id: "1", type: "subscribe", payload: { query: print(DeliveryUpdates) } });
  twice.send({ id: "1", type: "subscribe", payload: { query: print(DeliveryUpdates) } });
  expect((await once(twice.socket, "close"))[0]).toBe(4409);
  const hello = await new Line(app).greet();
  hello.send({ type: "connection_init", payload: {} });
  expect((await once(hello.socket, "close"))[0]).toBe(4429);
});

test("a POST that offers an upgrade it does not insist on is served as HTTP, as the stock client of Java sends it", async () => {
  await using app = await startApp();
  const headers = {
    authorization: `Bearer ${ADMIN_KEY}`,
    "content-type": "application/json",
    connection: "Upgrade, HTTP2-Settings",
    upgrade: "h2c",
    "http2-settings": "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
  };
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const asked = request(`${app.url}/graphql`, { method: "POST", headers }, (response) =>
      resolve(response.resume().statusCode),
    );
    asked.on("error", reject).end(JSON.stringify({ query: "{ __typename }" }));
  });
  expect(status).toBe(200);
});
