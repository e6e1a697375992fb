import { once } from "node:events";
import { print } from "graphql";
import { expect, test } from "vitest";
import { WebSocket as NodeSocket } from "ws";
import { openStreams } from "../src/live/stream.ts";
import { ADMIN_KEY, eventually, startApp, type App, testOnFile } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import { makeWebhook, publishSample } from "./steps.ts";

/** As many operations as a socket may have under way. */
const MOST = 100;

/** A bare socket that keeps what it is told. */
async function open(app: App) {
  const socket = new NodeSocket(`${app.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  const told: string[] = [];
  socket.on("message", (text: Buffer) => told.push(text.toString()));
  await once(socket, "open");
  return {
    socket,
    told,
    send: (frame: object) => socket.send(JSON.stringify(frame)),
    /** The first frame with this in it. */
    hear: (text: string) => eventually(async () => told.find((frame) => frame.includes(text))),
  };
}

const HELLO = { type: "connection_init", payload: { authorization: `Bearer ${ADMIN_KEY}` } };
const subscribe = (id: number) => ({
  id: `op-${id}`,
  type: "subscribe",
  payload: { query: print(DeliveryUpdates) },
});

testOnFile(
  "an operation too many on a socket is refused; those under way go on, and one that ends makes room, even for its own id",
  async () => {
    await using app = await startApp();
    await makeWebhook(app, { url: "http://127.0.0.1:2/", paused: true });
    const { socket, told, send, hear } = await open(app);
    send(HELLO);
    await hear("connection_ack");
    for (let id = 0; id <= MOST; id++) send(subscribe(id));
    const refusal = JSON.parse(await hear(`"op-${MOST}"`));
    expect(refusal).toMatchObject({
      type: "error",
      payload: [{ extensions: { code: "LIMIT_REACHED" } }],
    });
    await eventually(async () => openStreams.size === MOST);
    const { eventId } = await publishSample(app);
    const updates = () => told.filter((frame) => frame.includes(eventId));
    await eventually(async () => updates().length >= MOST);
    expect(new Set(updates().map((frame) => JSON.parse(frame).id)).size).toBe(MOST);
    told.length = 0;
    send({ id: "op-0", type: "complete" });
    send(subscribe(0));
    expect(await hear("StreamCaughtUp")).toContain('"op-0"');
    socket.terminate();
  },
);

test("a ping is answered without what came along, with a hello before it and without", async () => {
  await using app = await startApp();
  const { socket, told, send, hear } = await open(app);
  const ping = { type: "ping", payload: { ballast: "x".repeat(1000) } };
  send(ping);
  await hear("pong");
  send(HELLO);
  await hear("connection_ack");
  send(ping);
  await eventually(async () => told.length === 3);
  expect(told).toEqual(['{"type":"pong"}', '{"type":"connection_ack"}', '{"type":"pong"}']);
  socket.terminate();
});
