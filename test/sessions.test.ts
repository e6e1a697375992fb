import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket as NodeSocket } from "ws";
import { openStreams } from "../src/live/stream.ts";
import { eventually, startApp, type App } from "./app.ts";
import { RevokeKey } from "./keys-documents.ts";
import { makeKey, withKey } from "./keys-steps.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { HandClock } from "./world.ts";

const STREAM = "subscription { deliveryUpdates { __typename } }";

/** A socket that said hello with this key and follows deliveries, and the code it is closed with. */
async function follow(app: App, key: string) {
  const socket = new NodeSocket(`${app.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  const closed = once(socket, "close").then(([code]) => code as number);
  socket.send(
    JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${key}` } }),
  );
  await once(socket, "message");
  socket.send(JSON.stringify({ type: "subscribe", id: "1", payload: { query: STREAM } }));
  await once(socket, "message");
  return { socket, closed };
}

test("a key that is revoked ends its sockets with 4403 at once, and no others", async () => {
  await using app = await startApp();
  const [gone, stays] = [await makeKey(app), await makeKey(app)];
  const sockets = [await follow(app, gone.secret), await follow(app, gone.secret)];
  const other = await follow(app, stays.secret);
  await app.run(RevokeKey, { id: gone.id });
  for (const { closed } of sockets) expect(await closed).toBe(4403);
  await eventually(async () => openStreams.size === 1);
  expect(other.socket.readyState).toBe(NodeSocket.OPEN);
  other.socket.terminate();
});

test("a key that expires ends its sockets with 4403 within half a minute", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const { secret } = await makeKey(app, { expiresIn: "PT1M" });
  const { closed } = await follow(app, secret);
  clock.pass(30_000);
  clock.pass(30_000);
  expect(await closed).toBe(4403);
});

test("a revoked key ends its server-sent events with UNAUTHENTICATED, also when nothing happens", async () => {
  for (const isQuiet of [false, true]) {
    const clock = new HandClock();
    await using app = await startApp({ circumstances: { clock } });
    await makeWebhook(app, { url: "http://127.0.0.1:2/", paused: true });
    const { id, secret } = await makeKey(app);
    const response = await withKey(app, secret, () =>
      app.post({ query: STREAM }, { accept: "text/event-stream" }),
    );
    await eventually(async () => openStreams.size === 1);
    await app.run(RevokeKey, { id });
    if (isQuiet) clock.pass(30_000);
    else await publishSample(app);
    const text = await response.text();
    expect(text).toContain('"UNAUTHENTICATED"');
    expect(text.match(/^event: .*$/gm)).toEqual(["event: next", "event: next", "event: complete"]);
    await eventually(async () => openStreams.size === 0);
  }
});

test("a key signs a browser in: the cookie opens what the key does, until that is revoked", async () => {
  await using app = await startApp();
  const { id, secret } = await makeKey(app, { name: "Browser", scopes: ["WEBHOOKS_READ"] });
  const signIn = () =>
    fetch(`${app.url}/login`, {
      method: "POST",
      body: new URLSearchParams({ key: secret }),
      redirect: "manual",
    });
  const answer = await signIn();
  const cookie = answer.headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
  const ask = () =>
    fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie: cookie.split(";")[0]! },
      body: JSON.stringify({ query: "{ viewer { keyName scopes } }" }),
    });
  expect(await (await ask()).json()).toEqual({
    data: { viewer: { keyName: "Browser", scopes: ["WEBHOOKS_READ"] } },
  });
  await app.run(RevokeKey, { id });
  expect((await ask()).status).toBe(401);
  expect((await signIn()).status).toBe(401);
});

test("the form of another site signs nobody in", async () => {
  await using app = await startApp();
  const { secret } = await makeKey(app);
  const signIn = (origin: string) =>
    fetch(`${app.url}/login`, {
      method: "POST",
      headers: { origin },
      body: new URLSearchParams({ key: secret }),
      redirect: "manual",
    });
  const refused = await signIn("https://evil.example");
  expect(refused.status).toBe(403);
  expect(refused.headers.get("set-cookie")).toBeNull();
  expect((await signIn(app.url)).status).toBe(303);
});
