import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { print } from "graphql";
import { expect, test } from "vitest";
import { WebSocket as NodeSocket } from "ws";
import { createClock } from "../src/clock.ts";
import { openStreams } from "../src/live/stream.ts";
import { ADMIN_KEY, eventually, startApp, type App } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import { makeWebhook, sample } from "./steps.ts";
import { PublishMany, UpdatesWithBody } from "./watch-documents.ts";
import { next, nextUpdates } from "./watch-steps.ts";
import { ScriptedSender, status } from "./world.ts";

/** Each message carries this four times, so that what is kept for a client that does not read would show. */
const BALLAST = 4_000;
const EVENTS = 1000;
const MEGABYTE = 1024 * 1024;

async function appWithWebhook(): Promise<App> {
  const app = await startApp({
    circumstances: { sender: new ScriptedSender(createClock(), [status(200)]) },
  });
  await makeWebhook(app, { url: "http://127.0.0.1:2/" });
  return app;
}

/** Publishes many heavy events, and reads every update of them meanwhile. */
async function publishAndWatch(app: App): Promise<void> {
  const payload = { ...(await sample(app, "payment_received")), ballast: "x".repeat(BALLAST) };
  const others = [app.subscribe(DeliveryUpdates), app.sse(DeliveryUpdates)];
  for (const other of others) await next(other);
  const reading = Promise.all(others.map((other) => nextUpdates(other, 2 * EVENTS)));
  for (let published = 0; published < EVENTS; published += 100)
    await app.run(PublishMany, {
      input: { events: Array.from({ length: 100 }, () => ({ type: "payment_received", payload })) },
    });
  await reading;
  for (const other of others) await other.return?.();
}

/** A client that subscribed to heavy messages and does not read any. */
async function pausedSocket(app: App): Promise<NodeSocket> {
  const socket = new NodeSocket(`${app.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  socket.send(
    JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${ADMIN_KEY}` } }),
  );
  await once(socket, "message");
  socket.pause();
  socket.send(
    JSON.stringify({ id: "1", type: "subscribe", payload: { query: print(UpdatesWithBody) } }),
  );
  await eventually(async () => openStreams.size === 1);
  return socket;
}

function memory(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MEGABYTE;
}

test("a socket that stops reading costs nothing, holds nobody up, and gets everything when it reads again", async () => {
  await using app = await appWithWebhook();
  // What a first run leaves behind for good, such as compiled code, is no cost of the subscriber.
  await publishAndWatch(app);
  const socket = await pausedSocket(app);
  const before = memory();
  await publishAndWatch(app);
  expect(memory() - before).toBeLessThan(16);
  const cursors = new Set<string>();
  const got = new Promise<void>((resolve) => {
    socket.on("message", (text: Buffer) => {
      const { payload } = JSON.parse(text.toString()) as { payload: { data: UpdateMessage } };
      if (payload.data.deliveryUpdates.__typename === "DeliveryUpdate")
        cursors.add(payload.data.deliveryUpdates.cursor);
      if (cursors.size === 2 * EVENTS) resolve();
    });
  });
  socket.resume();
  await got;
  socket.terminate();
}, 60_000);

interface UpdateMessage {
  readonly deliveryUpdates: { readonly __typename: string; readonly cursor: string };
}

test("an event stream that stops reading costs nothing, holds nobody up, and gets everything when it reads again", async () => {
  await using app = await appWithWebhook();
  await publishAndWatch(app);
  const request = httpRequest(`${app.url}/graphql`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${ADMIN_KEY}`,
      "content-type": "application/json",
      accept: "text/event-stream",
    },
  });
  request.end(JSON.stringify({ query: print(UpdatesWithBody) }));
  const [response] = (await once(request, "response")) as [IncomingMessage];
  await eventually(async () => openStreams.size === 1);
  const before = memory();
  await publishAndWatch(app);
  expect(memory() - before).toBeLessThan(16);
  let updates = 0;
  let rest = "";
  for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    updates += blocks.filter((block) => block.includes('"__typename":"DeliveryUpdate"')).length;
    if (updates >= 2 * EVENTS) break;
  }
  expect(updates).toBe(2 * EVENTS);
}, 60_000);

test("a stop does not wait for a subscriber that does not read", async () => {
  await using app = await appWithWebhook();
  const socket = await pausedSocket(app);
  // Far more than the buffers between the two take: it has messages to send, and can't.
  await publishAndWatch(app);
  const startMs = performance.now();
  await app.stop();
  // To close as one should takes an answer, which is waited for half a minute.
  expect(performance.now() - startMs).toBeLessThan(15_000);
  let messages = 0;
  socket.on("message", () => messages++).on("error", () => undefined);
  const closed = once(socket, "close");
  socket.resume();
  await closed;
  expect(messages).toBeLessThan(2 * EVENTS);
  await app.start();
}, 60_000);
