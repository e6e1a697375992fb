import { expect, test } from "vitest";
import { ADMIN_KEY, startApp, type App } from "./app.ts";
import { BareSocket } from "./bare-socket.ts";

const FRIEND = "https://admin.example.com";
const STRANGERS = [
  "https://evil.example",
  "http://admin.example.com",
  "https://admin.example.com:8443",
  "https://admin.example.com.evil.example",
  "https://evil-admin.example.com",
  "https://ADMIN.example.com/",
  "null",
  "*",
];
const ALLOWING = { env: { HOOKWIRE_ALLOWED_ORIGINS: `https://other.example, ${FRIEND}` } };
const QUERY = { query: "{ viewer { keyName tenant { key } } }" };

/** What a browser asks before a page of this origin may send JSON and a key. */
const preflight = (app: App, origin: string) =>
  fetch(`${app.url}/graphql`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
    },
  });

const corsOf = ({ headers }: Response) =>
  [...headers].filter(([name]) => name.startsWith("access-control-"));

async function cookieOf(app: App): Promise<string> {
  const answer = await fetch(`${app.url}/login`, {
    method: "POST",
    body: new URLSearchParams({ key: ADMIN_KEY }),
    redirect: "manual",
  });
  return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}

test("without a setting no page of another site can read an answer, nor ask whether it could", async () => {
  await using app = await startApp();
  for (const origin of [FRIEND, ...STRANGERS]) {
    expect(corsOf(await app.post(QUERY, { origin })), origin).toEqual([]);
    const asked = await preflight(app, origin);
    expect([asked.status, corsOf(asked)], origin).toEqual([401, []]);
  }
});

test("a page of an allowed origin may ask with a key, and read the answer and the refusals", async () => {
  await using app = await startApp(ALLOWING);
  const asked = await preflight(app, FRIEND);
  expect(asked.status).toBe(204);
  expect(Object.fromEntries(asked.headers)).toMatchObject({
    "access-control-allow-origin": FRIEND,
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type, accept",
    vary: "origin",
  });
  for (const [headers, status] of [
    [{}, 200],
    [{ authorization: "Bearer wrong" }, 401],
    [{ "content-type": "text/plain" }, 415],
    [{ accept: "text/event-stream" }, 200],
  ] as const) {
    const answer = await app.post(QUERY, { ...headers, origin: FRIEND });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("access-control-allow-origin")).toBe(FRIEND);
    // What is kept on the way must not be shown to a page of another origin.
    expect(answer.headers.get("vary")).toMatch(/\borigin\b/i);
  }
});

test("an origin that is only similar is not allowed, and no answer says *", async () => {
  await using app = await startApp(ALLOWING);
  for (const origin of STRANGERS) {
    const asked = await preflight(app, origin);
    expect([asked.status, corsOf(asked)], origin).toEqual([401, []]);
    expect(corsOf(await app.post(QUERY, { origin })), origin).toEqual([]);
  }
});

test("no session crosses to an allowed origin: cookies are not asked for, and do not count", async () => {
  await using app = await startApp(ALLOWING);
  const cookie = await cookieOf(app);
  const ask = (origin: string) =>
    fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: { cookie, origin, "content-type": "application/json" },
      body: JSON.stringify(QUERY),
    });
  expect((await ask(app.url)).status).toBe(200);
  const crossed = await ask(FRIEND);
  expect(crossed.status).toBe(401);
  expect(crossed.headers.get("access-control-allow-credentials")).toBeNull();
  expect((await preflight(app, FRIEND)).headers.get("access-control-allow-credentials")).toBeNull();
  using line = new BareSocket(app, { cookie, origin: FRIEND });
  await line.opened();
  line.send({ type: "connection_init" });
  expect((await line.over)[0]).toBe(4403);
});

test("a socket opens for pages of the service, for allowed origins and for scripts; for others it is 403", async () => {
  await using app = await startApp(ALLOWING);
  for (const headers of [{}, { origin: app.url }, { origin: FRIEND }] as Record<string, string>[]) {
    using line = new BareSocket(app, headers);
    expect(await line.greet(), headers.origin).toBe("connection_ack");
  }
  for (const origin of STRANGERS) {
    using line = new BareSocket(app, { origin });
    const [status, body] = await line.over;
    expect(status, origin).toBe(403);
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
  }
});
