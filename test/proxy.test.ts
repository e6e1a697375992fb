import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";
import { startApp, type App } from "./app.ts";
import { deliveryOf, holdingReceiver, onlyDelivery, runTest, settled } from "./deliver-receiver.ts";
import { allClosed, answers, PUBLIC, startProxy } from "./proxy.ts";
import { http, raw, refusedUrl } from "./receiver.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { startNameServer } from "./zoo-dns.ts";

const PASSWORD = "open sesame: 100%";
const AUTHORIZATION = `Basic ${Buffer.from(`hookwire:${PASSWORD}`).toString("base64")}`;

/** The setting for a proxy, with credentials as an operator writes them. */
function setting({ url }: { url: string }, password = PASSWORD): { HOOKWIRE_PROXY: string } {
  const { protocol, host } = new URL(url);
  return { HOOKWIRE_PROXY: `${protocol}//hookwire:${encodeURIComponent(password)}@${host}` };
}

/** A proxy that knows its caller. */
function proxyTo(to?: number) {
  const challenge = 'proxy-authenticate: Basic realm="x"\r\n';
  return startProxy({
    to,
    refuse: ({ headers }) =>
      headers["proxy-authorization"] === AUTHORIZATION ? undefined : answers(407, challenge),
  });
}

function portOf({ url }: { url: string }): number {
  return Number(new URL(url).port);
}

/** The delivery of a new event when its first attempts have come to `status`. */
async function delivered(app: App, status: string) {
  const { eventId } = await publishSample(app);
  return settled(app, await onlyDelivery(app, eventId), status);
}

test.each(["0", "1"])(
  "with %s sender threads deliveries go through HOOKWIRE_PROXY, signed, all over one tunnel",
  async (senders) => {
    await using receiver = await holdingReceiver();
    receiver.answerAll({ status: 200 });
    await using proxy = await proxyTo();
    await using app = await startApp({
      env: { ...setting(proxy), HOOKWIRE_SENDERS: senders },
    });
    const { secret } = await makeWebhook(app, { url: receiver.url });
    for (let count = 0; count < 3; count++) {
      const { attempts } = await delivered(app, "SUCCEEDED");
      expect(attempts).toMatchObject([{ number: 1, outcome: "SUCCEEDED" }]);
    }
    for (const request of receiver.all) {
      request.verify(secret);
      expect(request.headers).not.toHaveProperty("proxy-authorization");
    }
    expect(receiver.all).toHaveLength(3);
    expect(proxy.asked).toMatchObject([
      {
        authority: `127.0.0.1:${portOf(receiver)}`,
        headers: { "proxy-authorization": AUTHORIZATION },
      },
    ]);
  },
);

test("names are looked up by the service: the proxy is told addresses, and nothing of those that may not be reached", async () => {
  await using names = await startNameServer();
  names.tell("hooks.test", { addresses: [PUBLIC] });
  names.tell("rebound.test", { addresses: ["10.0.0.1"] });
  names.tell("mixed.test", { addresses: [PUBLIC, "169.254.169.254"] });
  const hosts: unknown[] = [];
  await using receiver = await http((request, response) => {
    hosts.push(request.headers.host);
    response.end();
  });
  await using proxy = await proxyTo(receiver.port);
  const env = { ...setting(proxy), HOOKWIRE_DNS_SERVERS: names.address };
  await using app = await startApp({ env });
  const hostOf = (name: string) => `${name}:${receiver.port}`;
  const webhooks = new Map<string, string>();
  for (const name of ["rebound.test", "mixed.test", "hooks.test", "127.0.0.1"])
    webhooks.set(name, (await makeWebhook(app, { url: `http://${hostOf(name)}/` })).id);
  await app.stop();
  await app.start({ env: { ...env, HOOKWIRE_ALLOW_TARGETS: "" } });
  for (const [name, id] of webhooks) {
    const isFine = name === "hooks.test";
    expect(await runTest(app, id), name).toMatchObject({
      succeeded: isFine,
      attempt: { outcome: isFine ? "SUCCEEDED" : "BLOCKED_ADDRESS" },
    });
  }
  expect(proxy.asked.map(({ authority }) => authority)).toEqual([hostOf(PUBLIC)]);
  expect(hosts).toEqual([hostOf("hooks.test")]);
});

test("a webhook that points to the proxy is judged as any other", async () => {
  await using proxy = await proxyTo();
  await using app = await startApp({ env: setting(proxy) });
  const { id } = await makeWebhook(app, { url: proxy.url });
  await app.stop();
  await app.start({ env: { ...setting(proxy), HOOKWIRE_ALLOW_TARGETS: "" } });
  expect(await runTest(app, id)).toMatchObject({ attempt: { outcome: "BLOCKED_ADDRESS" } });
  expect(proxy.sockets).toHaveLength(0);
});

test("a redirect is not followed through the proxy either", async () => {
  await using inside = await http((_request, response) => void response.end());
  await using receiver = await http(
    (_request, response) => void response.writeHead(307, { location: inside.url }).end(),
  );
  await using proxy = await proxyTo();
  await using app = await startApp({ env: setting(proxy) });
  const { id } = await makeWebhook(app, { url: receiver.url });
  expect(await runTest(app, id)).toMatchObject({ attempt: { outcome: "REDIRECT" } });
  expect(proxy.asked).toHaveLength(1);
  expect(inside.sockets).toHaveLength(0);
});

test("the service's own inbox is reached without the proxy", async () => {
  await using proxy = await proxyTo();
  await using app = await startApp({ env: { ...setting(proxy), HOOKWIRE_ALLOW_TARGETS: "" } });
  await makeWebhook(app, { url: (await makeInbox(app)).url });
  const { attempts } = await delivered(app, "SUCCEEDED");
  expect(attempts).toMatchObject([{ outcome: "SUCCEEDED" }]);
  expect(proxy.sockets).toHaveLength(0);
});

test("a proxy that fails is a failed attempt that is made again", async () => {
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  let failures = 2;
  await using proxy = await startProxy({
    refuse: () => (failures-- > 0 ? answers(502) : undefined),
  });
  await using app = await startApp({ env: setting(proxy) });
  await makeWebhook(app, { url: receiver.url });
  const { attempts } = await delivered(app, "SUCCEEDED");
  expect(attempts.toSorted((one, other) => one.number - other.number)).toMatchObject([
    { outcome: "CONNECT", message: expect.stringContaining("The proxy did not get to") },
    { outcome: "CONNECT", message: expect.stringContaining("(502)") },
    { outcome: "SUCCEEDED" },
  ]);
});

test("wrong credentials and a dead proxy are told without saying them or where it is", async () => {
  await using receiver = await holdingReceiver();
  await using proxy = await proxyTo();
  await using app = await startApp({ env: setting(proxy, "swordfish") });
  const { id } = await makeWebhook(app, { url: receiver.url });
  const refused = await runTest(app, id);
  expect(refused).toMatchObject({
    attempt: {
      outcome: "CONNECT",
      message: expect.stringMatching(/proxy .*credentials \(407\).*HOOKWIRE_PROXY/),
    },
  });
  await app.stop();
  const dead = { url: await refusedUrl() };
  await app.start({ env: setting(dead, "swordfish") });
  const unreached = await runTest(app, id);
  expect(unreached).toMatchObject({
    attempt: {
      outcome: "CONNECT",
      message: expect.stringMatching(/No connection to the proxy \(ECONNREFUSED\)/),
    },
  });
  const told = JSON.stringify([refused, unreached, app.log]);
  for (const secret of ["swordfish", Buffer.from("hookwire:swordfish").toString("base64")])
    expect(told).not.toContain(secret);
  for (const one of [proxy, dead]) expect(told).not.toContain(`:${portOf(one)}`);
  expect(receiver.all).toHaveLength(0);
});

test("a proxy that hangs is TIMEOUT at the deadline, and its connection is closed", async () => {
  await using proxy = await raw(() => undefined);
  await using app = await startApp({ env: { ...setting(proxy), HOOKWIRE_TIMEOUT: "PT1S" } });
  const { id } = await makeWebhook(app, { url: "https://127.0.0.1/" });
  const { attempt } = await runTest(app, id);
  expect(attempt).toMatchObject({
    outcome: "TIMEOUT",
    message: expect.stringMatching(/1000 ms.*while the proxy was connecting to 127\.0\.0\.1/),
  });
  expect(proxy.sockets).toHaveLength(1);
  await allClosed(proxy);
});

test("a stop cuts off what waits for the proxy, in a thread too", async () => {
  const asked = Promise.withResolvers<void>();
  await using proxy = await raw(() => asked.resolve());
  const env = { ...setting(proxy), HOOKWIRE_SENDERS: "1", HOOKWIRE_RETRY_DELAYS: "PT1H" };
  await using app = await startApp({ env: { ...env, HOOKWIRE_DRAIN: "PT0S" } });
  await makeWebhook(app, { url: "http://127.0.0.1:4/" });
  const id = await onlyDelivery(app, (await publishSample(app)).eventId);
  await asked.promise;
  await app.stop();
  await allClosed(proxy);
  await app.start();
  expect((await deliveryOf(app, id)).attempts).toMatchObject([
    { outcome: "TIMEOUT", message: expect.stringContaining("stopping") },
  ]);
});

test.each([
  ["http://10.0.0.4:3128", { isSecure: false, host: "10.0.0.4", port: 3128 }],
  ["http://proxy.example.com/", { isSecure: false, host: "proxy.example.com", port: 80 }],
  ["https://proxy.example.com", { isSecure: true, host: "proxy.example.com", port: 443 }],
  ["http://[fd00::4]:3128", { isSecure: false, host: "fd00::4", port: 3128 }],
  ["", undefined],
])("HOOKWIRE_PROXY=%s is read", (text, proxy) => {
  expect(readConfig({ HOOKWIRE_PROXY: text }).HOOKWIRE_PROXY).toEqual(proxy);
});

test.each([
  ["hookwire:open%20sesame%3a@", "hookwire:open sesame:"],
  ["hookwire@", "hookwire:"],
  [":token@", ":token"],
  ["j%C3%BCrgen:x@", "jürgen:x"],
])("the credentials %s are those of %s", (userinfo, pair) => {
  const { HOOKWIRE_PROXY: proxy } = readConfig({ HOOKWIRE_PROXY: `http://${userinfo}p.example` });
  expect(proxy?.authorization).toBe(`Basic ${Buffer.from(pair).toString("base64")}`);
});
