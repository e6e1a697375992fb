import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { WebSocket as NodeSocket } from "ws";
import { openStreams } from "../src/live/stream.ts";
import { ADMIN_KEY, startApp, type App, testOnFile } from "./app.ts";
import { makeInbox, makeWebhook } from "./steps.ts";

const QUERY = JSON.stringify({ query: "{ events { name } }" });
const STREAM = JSON.stringify({ query: "subscription { deliveryUpdates { __typename } }" });

interface Answer {
  readonly data?: { readonly events?: readonly unknown[] };
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

/** A POST with these headers and nothing else. */
const ask = (app: App, headers: Record<string, string>, body = QUERY) =>
  fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
    redirect: "manual",
  });

/** A sign-in with the form; the answer with its cookie. */
const signIn = (app: App, key: string) =>
  fetch(`${app.url}/login`, {
    method: "POST",
    body: new URLSearchParams({ key }),
    redirect: "manual",
  });

async function cookieOf(app: App): Promise<string> {
  return (await signIn(app, ADMIN_KEY)).headers.get("set-cookie")?.split(";")[0] ?? "";
}

/** How a socket that says hello like this is answered: "connection_ack", the code it is closed with, or the status without a socket. */
async function greet(
  app: App,
  payload: unknown,
  headers: Record<string, string> = {},
): Promise<string | number> {
  const socket = new NodeSocket(
    `${app.url.replace("http", "ws")}/graphql`,
    "graphql-transport-ws",
    { headers },
  );
  const refusal = once(socket, "unexpected-response");
  const refused = await Promise.race([
    once(socket, "open").then(() => undefined),
    refusal.then(([, response]) => (response as IncomingMessage).statusCode),
  ]);
  if (refused) return refused;
  socket.send(JSON.stringify({ type: "connection_init", payload }));
  const answer = await Promise.race([
    once(socket, "message").then(([text]) => (JSON.parse(String(text)) as { type: string }).type),
    once(socket, "close").then(([code]) => code as number),
  ]);
  socket.terminate();
  return answer;
}

const WRONG = [
  undefined,
  "",
  "Bearer",
  "Bearer ",
  "Bearer wrong-key-wrong-key",
  `Bearer ${ADMIN_KEY}x`,
  `Bearer ${ADMIN_KEY.slice(0, -1)}`,
  `Bearer ${ADMIN_KEY} ${ADMIN_KEY}`,
  `Bearer ${ADMIN_KEY.toUpperCase()}`,
  `Basic ${Buffer.from(`admin:${ADMIN_KEY}`).toString("base64")}`,
  `Token ${ADMIN_KEY}`,
  ADMIN_KEY,
];

test("without the key, with a wrong one or another scheme, everything under /graphql is 401 UNAUTHENTICATED", async () => {
  await using app = await startApp();
  for (const authorization of WRONG) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const answers = [
      await ask(app, headers),
      await ask(app, { ...headers, accept: "text/event-stream" }, STREAM),
      await fetch(`${app.url}/graphql?query={__typename}`, { headers }),
      await fetch(`${app.url}/graphql`, { method: "OPTIONS", headers }),
      await ask(app, { ...headers, "content-type": "multipart/form-data; boundary=x" }),
    ];
    for (const answer of answers) {
      expect(answer.status, String(authorization)).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(((await answer.json()) as Answer).errors?.[0]?.extensions.code).toBe(
        "UNAUTHENTICATED",
      );
    }
  }
  expect(openStreams.size).toBe(0);
});

test("the key opens, in either case of the scheme", async () => {
  await using app = await startApp();
  for (const authorization of [`Bearer ${ADMIN_KEY}`, `bearer ${ADMIN_KEY}`])
    expect(
      ((await (await ask(app, { authorization })).json()) as Answer).data?.events?.length,
    ).toBeGreaterThan(20);
});

test("a socket without the key is closed with 4403; one that asks before it said hello with 4401", async () => {
  await using app = await startApp();
  for (const authorization of [...WRONG, 5, {}, [], true])
    expect(await greet(app, { authorization })).toBe(4403);
  for (const payload of [undefined, {}]) expect(await greet(app, payload)).toBe(4403);
  expect(await greet(app, { authorization: `Bearer ${ADMIN_KEY}` })).toBe("connection_ack");
  expect(await greet(app, undefined, { authorization: `Bearer ${ADMIN_KEY}` })).toBe(
    "connection_ack",
  );
  expect(
    await greet(app, { authorization: "Bearer wrong" }, { authorization: `Bearer ${ADMIN_KEY}` }),
  ).toBe(4403);
  const rude = new NodeSocket(`${app.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await once(rude, "open");
  rude.send(JSON.stringify({ id: "1", type: "subscribe", payload: JSON.parse(STREAM) as object }));
  expect((await once(rude, "close"))[0]).toBe(4401);
  expect(openStreams.size).toBe(0);
});

test("/healthz, /readyz, /login and inboxes are open", async () => {
  await using app = await startApp();
  const { url } = await makeInbox(app);
  for (const open of [`${app.url}/healthz`, `${app.url}/readyz`, `${app.url}/login`, url])
    expect((await fetch(open)).status).toBe(200);
});

testOnFile(
  "without a key in the settings one is made at the first start, told once, and only its hash is stored",
  async () => {
    await using app = await startApp({ env: { HOOKWIRE_ADMIN_KEY: "" } });
    const { adminKey = "", link = "" } = app.firstStart ?? {};
    expect(adminKey.length).toBeGreaterThan(40);
    const authorization = `Bearer ${adminKey}`;
    expect((await ask(app, { authorization })).status).toBe(200);
    await app.stop();
    const files = readdirSync(app.folder).map((name) => readFileSync(join(app.folder, name)));
    expect(files.length).toBeGreaterThan(0);
    const bare = adminKey.replace(/^hook_/, "");
    const forms = [
      adminKey,
      bare,
      new URL(link).searchParams.get("token") ?? "",
      Buffer.from(bare, "base64url"),
    ];
    for (const file of files) for (const form of forms) expect(file.includes(form)).toBe(false);
    expect(JSON.stringify(app.log)).not.toContain(bare);
    await app.start();
    expect(app.firstStart).toBeUndefined();
    expect((await ask(app, { authorization })).status).toBe(200);
    expect((await ask(app, { authorization: `Bearer ${ADMIN_KEY}` })).status).toBe(401);
  },
);

test("signing secrets are not in the files either", async () => {
  await using app = await startApp();
  const { secret } = await makeWebhook(app, { url: (await makeInbox(app)).url });
  const bare = secret.replace("whsec_", "");
  const files = readdirSync(app.folder).map((name) => readFileSync(join(app.folder, name)));
  for (const file of files)
    for (const form of [bare, Buffer.from(bare, "base64")]) expect(file.includes(form)).toBe(false);
});

test("another key in the settings replaces the one before, ends its sessions, and stays without the setting", async () => {
  await using app = await startApp();
  const cookie = await cookieOf(app);
  expect((await ask(app, { cookie })).status).toBe(200);
  await app.stop();
  await app.start({ env: { HOOKWIRE_ADMIN_KEY: "quite-another-key" } });
  expect((await ask(app, { cookie })).status).toBe(401);
  expect((await ask(app, { authorization: `Bearer ${ADMIN_KEY}` })).status).toBe(401);
  expect((await ask(app, { authorization: "Bearer quite-another-key" })).status).toBe(200);
  await app.stop();
  await app.start({ env: { HOOKWIRE_ADMIN_KEY: "" } });
  expect(app.firstStart).toBeUndefined();
  expect((await ask(app, { authorization: `Bearer ${ADMIN_KEY}` })).status).toBe(401);
  expect((await ask(app, { authorization: "Bearer quite-another-key" })).status).toBe(200);
});

test("the link of the first start signs one browser in, once", async () => {
  await using app = await startApp({ env: { HOOKWIRE_ADMIN_KEY: "" } });
  const link = app.firstStart?.link ?? "";
  const first = await fetch(link, { redirect: "manual" });
  expect([first.status, first.headers.get("location")]).toEqual([303, "/graphql"]);
  const cookie = first.headers.get("set-cookie")?.split(";")[0] ?? "";
  expect((await ask(app, { cookie })).status).toBe(200);
  const second = await fetch(link, { redirect: "manual" });
  expect([second.status, second.headers.get("set-cookie")]).toEqual([401, null]);
  expect((await fetch(`${app.url}/login?token=guessed`, { redirect: "manual" })).status).toBe(401);
});

test("/login exchanges the key for a cookie that scripts can't read and other sites don't send", async () => {
  await using app = await startApp();
  const right = await signIn(app, ADMIN_KEY);
  expect([right.status, right.headers.get("location")]).toEqual([303, "/graphql"]);
  const cookie = right.headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/; HttpOnly(;|$)/);
  expect(cookie).toMatch(/; SameSite=Strict(;|$)/);
  expect(cookie).not.toContain(ADMIN_KEY);
  for (const key of ["", "wrong", `${ADMIN_KEY}x`, "x".repeat(100_000)]) {
    const wrong = await signIn(app, key);
    expect([wrong.status, wrong.headers.get("set-cookie")]).toEqual([401, null]);
    expect(await wrong.text()).toContain("not the right one");
  }
});

test("a session is worth nothing to a page of another origin, over HTTP, SSE and sockets", async () => {
  await using app = await startApp();
  const cookie = await cookieOf(app);
  expect((await ask(app, { cookie })).status).toBe(200);
  expect((await ask(app, { cookie, origin: app.url })).status).toBe(200);
  expect(await greet(app, undefined, { cookie, origin: app.url })).toBe("connection_ack");
  for (const origin of [
    "https://evil.example",
    "null",
    `${app.url}.evil.example`,
    "http://127.0.0.1:1",
    "x",
  ]) {
    const answers = [
      await ask(app, { cookie, origin }),
      await ask(app, { cookie, origin, accept: "text/event-stream" }, STREAM),
      await fetch(`${app.url}/graphql?query={__typename}`, { headers: { cookie, origin } }),
    ];
    for (const answer of answers) {
      expect(answer.status, origin).toBe(401);
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    }
    expect(await greet(app, undefined, { cookie, origin })).toBe(403);
  }
  expect(await greet(app, undefined, { cookie })).toBe(4403); // no browser: it would name its origin
});

test("a cookie that was tampered with opens nothing", async () => {
  await using app = await startApp();
  const [name, token = ""] = (await cookieOf(app)).split("=");
  const [, body = "", mark = ""] = token.split(".");
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
  for (const forged of ["", "x", `${token}x`, unsigned, `${token.split(".")[0]}.${body}x.${mark}`])
    expect((await ask(app, { cookie: `${name}=${forged}` })).status).toBe(401);
});

test("a browser is sent to /login first, and then gets a GraphiQL that refers to no other host", async () => {
  await using app = await startApp();
  const accept = "text/html,application/xhtml+xml";
  const stranger = await fetch(`${app.url}/graphql`, { headers: { accept }, redirect: "manual" });
  expect([stranger.status, stranger.headers.get("location")]).toEqual([303, "/login"]);
  const cookie = await cookieOf(app);
  const page = await fetch(`${app.url}/graphql`, { headers: { accept, cookie } });
  expect(page.headers.get("content-type")).toContain("text/html");
  const html = await page.text();
  expect(html).toMatch(/graphiql/i);
  expect(
    html.match(
      /<(script|link|img|iframe|source)\b[^>]*\b(src|href)\s*=\s*["']?(https?:)?\/\/[^>]*>/gi,
    ),
  ).toBeNull();
  expect(
    html.match(
      /@import[^;]*https?:|url\(\s*["']?(https?:)?\/\/|(?:import|fetch|Worker)\(\s*["'`]https?:/gi,
    ),
  ).toBeNull();
  expect(html).not.toMatch(/unpkg\.com|jsdelivr|esm\.sh|cdnjs/);
});
