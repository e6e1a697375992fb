import { afterAll, beforeAll, expect, test } from "vitest";
import {
  AddressesAttempts,
  AddressesTest,
  AddressesUpdate,
  AddressesUpsert,
} from "./addresses-documents.ts";
import { Listeners, OPEN_ADDRESS } from "./addresses-listeners.ts";
import { eventually, startApp, type App } from "./app.ts";
import { CreateWebhook } from "./documents.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { startNameServer, type NameServer } from "./zoo-dns.ts";

/** They lead to this machine, and to the listener: each connection would be seen. */
const LOCAL = [
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f.0.0.1",
  "0177.0.0.1",
  "0.0.0.0",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "localhost",
  "LOCALHOST",
  "localhost.",
  "a.localhost",
  "127。0。0。1",
  "ｌocalhost",
];
const LOCAL_IPV6 = ["[::1]", "[::]"];
const ELSEWHERE = [
  "10.0.0.1",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "100.64.0.1",
  "169.254.169.254",
  "224.0.0.1",
  "255.255.255.255",
  "[::ffff:10.0.0.1]",
  "[::127.0.0.1]",
  "[64:ff9b::7f00:1]",
  "[2002:7f00:1::]",
  "[fe80::1]",
  "[fc00::1]",
  "[fd00:ec2::254]",
  "printer.local",
  "metadata.google.internal",
];
/** Names, and what their name server says of them. */
const LOCAL_NAMES: Readonly<Record<string, readonly string[]>> = {
  "loopback.test": ["127.0.0.1"],
  "unspecified.test": ["0.0.0.0"],
  "mapped.test": ["::ffff:127.0.0.1"],
};
const LOCAL_NAMES_IPV6 = { "six.test": ["::1"] };
const OTHER_NAMES = {
  "both.test": [OPEN_ADDRESS, "127.0.0.1"],
  "both-families.test": [OPEN_ADDRESS, "::1"],
  "inside.test": ["10.0.0.1"],
  "metadata.test": ["169.254.169.254"],
};

const listeners = new Listeners();
let names: NameServer;
/** Connections of the run where all of it was allowed. */
let allowed = 0;
/** Hosts, and what came of them. */
const tried = new Set<string>();
const counts = { refused: 0, blocked: 0 };
const reached = () => listeners.connections - allowed;

beforeAll(async () => {
  await listeners.open();
  names = await startNameServer();
  const known = { ...LOCAL_NAMES, ...LOCAL_NAMES_IPV6, ...OTHER_NAMES };
  for (const [name, addresses] of Object.entries(known)) names.tell(name, { addresses });
});

afterAll(async () => {
  process.stdout.write(
    `addresses: ${tried.size} addresses and names tried, ${counts.refused} commands refused and ` +
      `${counts.blocked} attempts blocked: ${reached()} connections at the private listener, which saw ${allowed} when all was allowed\n`,
  );
  await names[Symbol.asyncDispose]();
  await listeners[Symbol.asyncDispose]();
});

function urlOf(host: string): string {
  tried.add(host);
  return `http://${host}:${listeners.port}/hook`;
}

/** As the service runs where nothing private is allowed; one attempt for each delivery, as operators run it. */
const allowing = (targets: string) => ({
  env: {
    HOOKWIRE_ALLOW_TARGETS: targets,
    HOOKWIRE_DNS_SERVERS: names.address,
    HOOKWIRE_RETRY_DELAYS: "",
    HOOKWIRE_SENDERS: "1",
  },
});
const startGuarded = () => startApp(allowing(`${OPEN_ADDRESS}/32`));

const BLOCKED = {
  outcome: "BLOCKED_ADDRESS",
  message: expect.stringContaining("HOOKWIRE_ALLOW_TARGETS") as string,
  remoteAddress: null,
  responseStatus: null,
};

async function tests(app: App, id: string) {
  return (await app.run(AddressesTest, { id })).testWebhook;
}

/** Neither a test nor a delivery reaches any of these, and all say why. */
async function areBlocked(app: App, ids: readonly string[]): Promise<void> {
  for (const id of ids)
    expect(await tests(app, id)).toMatchObject({ succeeded: false, attempt: BLOCKED });
  for (const { webhookId, attempts } of await finished(app, (await publishSample(app)).eventId)) {
    if (!ids.includes(webhookId)) continue;
    expect(attempts?.nodes).toMatchObject([BLOCKED]);
    counts.blocked += 2;
  }
  expect(reached()).toBe(0);
}

/** The deliveries of an event, when all have come to their end. */
function finished(app: App, eventId: string) {
  return eventually(async () => {
    const { publishedEvent } = await app.run(AddressesAttempts, { eventId });
    const nodes = publishedEvent?.deliveries?.nodes ?? [];
    return nodes.length > 0 && nodes.every(({ status }) => /SUCC|FAIL/.test(status)) && nodes;
  });
}

test("what was allowed when it was saved is refused when it is attempted, and the listener that saw it before sees nothing", async () => {
  const hasIpv6 = listeners.addresses.includes("::1");
  const hosts = [
    ...LOCAL,
    ...Object.keys(LOCAL_NAMES),
    ...(hasIpv6 ? [...LOCAL_IPV6, ...Object.keys(LOCAL_NAMES_IPV6)] : []),
  ];
  await using app = await startApp(allowing("127.0.0.0/8,0.0.0.0/8,::1/128,::/128"));
  const ids: string[] = [];
  for (const host of hosts) {
    const { id } = await makeWebhook(app, { url: urlOf(host) });
    expect(await tests(app, id), host).toMatchObject({ succeeded: true });
    ids.push(id);
  }
  allowed = listeners.connections;
  expect(allowed).toBe(hosts.length);
  await app.stop();
  await app.start(allowing(`${OPEN_ADDRESS}/32`));
  await areBlocked(app, ids);
});

test("private, loopback, link-local and disguised addresses are refused when saved, with how to allow them", async () => {
  await using app = await startGuarded();
  const { id } = await makeWebhook(app, { url: urlOf(OPEN_ADDRESS), key: "there" });
  for (const host of [...LOCAL, ...LOCAL_IPV6, ...ELSEWHERE]) {
    const url = urlOf(host);
    const input = { name: "Unsafe", url, eventTypes: ["*"] };
    const refusal = {
      code: "UNSAFE_URL",
      message: expect.stringContaining("HOOKWIRE_ALLOW_TARGETS=") as string,
    };
    const { createWebhook } = await app.run(CreateWebhook, { input });
    expect(createWebhook, url).toMatchObject({
      ...refusal,
      __typename: "InvalidInputError",
      path: ["input", "url"],
    });
    const { updateWebhook } = await app.run(AddressesUpdate, {
      input: { webhook: { id }, url },
    });
    expect(updateWebhook, url).toMatchObject({ ...refusal, path: ["input", "url"] });
    const { upsertWebhook } = await app.run(AddressesUpsert, {
      input: { key: "there", webhook: input },
    });
    expect(upsertWebhook, url).toMatchObject({ ...refusal, path: ["input", "webhook", "url"] });
    counts.refused += 3;
  }
  expect(reached()).toBe(0);
});

test("a name that leads to such an address, be it one of several, is refused at each attempt", async () => {
  await using app = await startGuarded();
  const ids: string[] = [];
  for (const name of Object.keys({ ...LOCAL_NAMES, ...LOCAL_NAMES_IPV6, ...OTHER_NAMES }))
    ids.push((await makeWebhook(app, { url: urlOf(name) })).id);
  const moved = await makeWebhook(app, { url: urlOf(OPEN_ADDRESS) });
  expect(await tests(app, moved.id)).toMatchObject({ succeeded: true });
  const url = urlOf("loopback.test");
  const { updateWebhook } = await app.run(AddressesUpdate, {
    input: { webhook: { id: moved.id }, url },
  });
  expect(updateWebhook).toMatchObject({ webhook: { url } });
  await areBlocked(app, [...ids, moved.id]);
});

test("a name that changes its mind gets its request where it was looked up, and nothing from then on", async () => {
  await using app = await startGuarded();
  const retryDelays = ["PT0.01S", "PT0.01S"];
  for (const [name, address] of [
    ["rebinds.test", "127.0.0.1"],
    ["rebinds-six.test", "::1"],
  ] as const) {
    names.tell(name, { addresses: [OPEN_ADDRESS], later: { addresses: [address] } });
    await makeWebhook(app, { url: urlOf(name), retryDelays });
  }
  listeners.answerOpen = (_request, response) =>
    void response.writeHead(503, { connection: "close" }).end();
  const deliveries = await finished(app, (await publishSample(app)).eventId);
  expect(deliveries).toHaveLength(2);
  for (const { attempts } of deliveries) {
    expect(attempts?.nodes).toMatchObject([
      { outcome: "HTTP_STATUS", remoteAddress: OPEN_ADDRESS, responseStatus: 503 },
      BLOCKED,
      BLOCKED,
    ]);
    counts.blocked += 2;
  }
  expect(reached()).toBe(0);
});

test("a redirect to a private address, or to a name that leads there, is not followed", async () => {
  await using app = await startGuarded();
  const { id } = await makeWebhook(app, { url: urlOf(OPEN_ADDRESS) });
  for (const host of [...LOCAL, ...LOCAL_IPV6, ...Object.keys(LOCAL_NAMES)])
    for (const status of [301, 302, 303, 307, 308]) {
      const location = encodeURI(urlOf(host));
      listeners.answerOpen = (_request, response) =>
        void response.writeHead(status, { location, connection: "close" }).end();
      expect(await tests(app, id), location).toMatchObject({
        succeeded: false,
        attempt: { outcome: "REDIRECT", responseStatus: status },
      });
    }
  expect(reached()).toBe(0);
});
