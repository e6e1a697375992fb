import { once } from "node:events";
import { connect } from "node:net";
import { print } from "graphql";
import { expect, test, vi } from "vitest";
import { WebSocket as NodeSocket } from "ws";
import { openStreams } from "../src/live/stream.ts";
import { LogReader } from "../src/persistence/read-log.ts";
import { ADMIN_KEY, eventually, startApp, type App } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { InboxRequests, WebhookUpdates } from "./watch-documents.ts";
import { next } from "./watch-steps.ts";

const nobodyListens = () => eventually(async () => openStreams.size === 0);

/** A socket that has said hello. */
async function greeted(app: App): Promise<NodeSocket> {
  const socket = new NodeSocket(`${app.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  socket.send(
    JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${ADMIN_KEY}` } }),
  );
  await once(socket, "message");
  return socket;
}

const subscribe = (id: string) =>
  JSON.stringify({ id, type: "subscribe", payload: { query: print(DeliveryUpdates) } });

test("a client that completes its operation leaves nothing behind, on all three streams", async () => {
  await using app = await startApp();
  const inbox = await makeInbox(app);
  const streams = [
    app.subscribe(DeliveryUpdates),
    app.subscribe(WebhookUpdates),
    app.subscribe(InboxRequests, { inboxId: inbox.id }),
  ];
  for (const stream of streams) await next(stream as AsyncIterator<unknown>);
  expect(openStreams.size).toBe(3);
  for (const stream of streams) await stream.return?.();
  await nobodyListens();
});

test("a socket that is closed or cut off leaves nothing behind, whatever it watched", async () => {
  await using app = await startApp();
  for (const leave of ["close", "terminate"] as const) {
    const socket = await greeted(app);
    for (let id = 0; id < 20; id++) socket.send(subscribe(String(id)));
    await eventually(async () => openStreams.size === 20);
    socket[leave]();
    await nobodyListens();
  }
});

test("an operation that is completed at once, before its stream began, leaves nothing behind", async () => {
  await using app = await startApp();
  const socket = await greeted(app);
  for (let id = 0; id < 20; id++) {
    socket.send(subscribe(String(id)));
    socket.send(JSON.stringify({ id: String(id), type: "complete" }));
  }
  socket.send(subscribe("last"));
  await eventually(async () => openStreams.size === 1);
  socket.send(JSON.stringify({ id: "last", type: "complete" }));
  await nobodyListens();
  socket.terminate();
});

test("an id that is used again before its operation began closes the socket and leaves nothing behind", async () => {
  await using app = await startApp();
  const socket = await greeted(app);
  const closed = once(socket, "close");
  socket.send(subscribe("1"));
  socket.send(JSON.stringify({ id: "1", type: "complete" }));
  socket.send(subscribe("1"));
  expect((await closed)[0]).toBe(4409);
  await app.post({ query: "{ __typename }" }); // behind all of that
  await nobodyListens();
});

test("a socket that is cut off right behind its subscriptions leaves nothing behind", async () => {
  await using app = await startApp();
  for (let turn = 0; turn < 10; turn++) {
    const socket = await greeted(app);
    for (let id = 0; id < 5; id++) socket.send(subscribe(String(id)));
    socket.close();
    await once(socket, "close");
  }
  await app.post({ query: "{ __typename }" }); // behind all of that
  await nobodyListens();
});

test("an aborted event stream leaves nothing behind", async () => {
  await using app = await startApp();
  const aborted = new AbortController();
  const streams = Array.from({ length: 10 }, () => app.sse(DeliveryUpdates, {}, aborted.signal));
  for (const stream of streams) await next(stream);
  expect(openStreams.size).toBe(10);
  aborted.abort();
  await nobodyListens();
});

test("an event stream whose connection is reset before anything was read leaves nothing behind", async () => {
  await using app = await startApp();
  const body = JSON.stringify({ query: print(DeliveryUpdates) });
  const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_KEY}\r\naccept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  for (let turn = 0; turn < 10; turn++) {
    const socket = connect(Number(new URL(app.url).port), "127.0.0.1");
    await once(socket, "connect");
    socket.write(head + body);
    // By turns when its stream is open, and while it is being opened.
    if (turn % 2 === 0) await eventually(async () => openStreams.size === 1);
    else await new Promise<void>((resolve) => setImmediate(resolve));
    socket.resetAndDestroy();
    await once(socket, "close");
    if (turn % 2 === 0) await nobodyListens();
  }
  await app.post({ query: "{ __typename }" });
  await nobodyListens();
});

test("a refused subscription leaves nothing behind, and its neighbour on the socket goes on", async () => {
  await using app = await startApp();
  const socket = await greeted(app);
  const told: { id: string; type: string }[] = [];
  socket.on("message", (text: Buffer) => told.push(JSON.parse(text.toString())));
  socket.send(subscribe("good"));
  await eventually(async () => told.some(({ id }) => id === "good"));
  expect(openStreams.size).toBe(1);
  for (const [id, start] of [
    ["few", { last: 0 }],
    ["many", { last: 501 }],
    ["cursor", { after: "nonsense" }],
  ] as const) {
    const payload = { query: print(DeliveryUpdates), variables: { start } };
    socket.send(JSON.stringify({ id, type: "subscribe", payload }));
    const answers = () => told.filter((message) => message.id === id);
    await eventually(async () => ["complete", "error"].includes(answers().at(-1)?.type ?? ""));
    expect(JSON.stringify(answers())).toMatch(/"extensions":\{"code"/);
    expect(JSON.stringify(answers())).not.toContain('"data"');
    expect(openStreams.size).toBe(1);
  }
  socket.send(JSON.stringify({ id: "good", type: "complete" }));
  await nobodyListens();
  socket.terminate();
});

test("a stream that fails at its start says so without the reason and leaves nothing behind", async () => {
  await using app = await startApp();
  await makeWebhook(app, { url: "http://127.0.0.1:2/", paused: true });
  await publishSample(app);
  const socket = await greeted(app);
  const ask = async (id: string) => {
    const payload = { query: print(DeliveryUpdates), variables: { start: { last: 1 } } };
    socket.send(JSON.stringify({ id, type: "subscribe", payload }));
    return String((await once(socket, "message"))[0]);
  };
  const before = vi.spyOn(LogReader.prototype, "before");
  before.mockRejectedValue(new Error("a secret of the disk"));
  const answer = await ask("1");
  expect(openStreams.size).toBe(0);
  before.mockRestore();
  expect(answer).toMatch(/Something went wrong on our side \(error \w+\)/);
  expect(answer).not.toContain("secret");
  expect(await ask("2")).toContain('"DeliveryUpdate"');
  socket.terminate();
  await nobodyListens();
});

test("a stop ends all streams", async () => {
  await using app = await startApp();
  await next(app.subscribe(DeliveryUpdates));
  await next(app.sse(DeliveryUpdates));
  const socket = await greeted(app);
  socket.send(subscribe("1"));
  await eventually(async () => openStreams.size === 3);
  const closed = once(socket, "close");
  await app.stop();
  expect((await closed)[0]).toBe(1001);
  await nobodyListens();
  await app.start();
});
