import { expect, test } from "vitest";
import { App, startApp } from "./app.ts";
import { CreateWebhook, DeliveryUpdates } from "./documents.ts";
import { graphql } from "./generated/gql.ts";
import { http } from "./receiver.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { TestWebhook } from "./watch-documents.ts";
import { nextUpdates } from "./watch-steps.ts";

const AddressesUpdate = graphql(`
  mutation AddressesUpdate($input: UpdateWebhookInput!) {
    updateWebhook(input: $input) {
      __typename
      ... on UpdateWebhookPayload {
        webhook {
          url
        }
      }
      ... on UserError {
        code
        message
        path
      }
    }
  }
`);

const AddressesUpsert = graphql(`
  mutation AddressesUpsert($input: UpsertWebhookInput!) {
    upsertWebhook(input: $input) {
      __typename
      ... on UserError {
        code
        message
        path
      }
    }
  }
`);

const AddressesAttempts = graphql(`
  query AddressesAttempts {
    deliveries {
      nodes {
        lastAttempt {
          outcome
          message
          remoteAddress
          responseStatus
        }
      }
    }
  }
`);

const REFUSED = [
  "http://127.0.0.1/",
  "http://127.1:8080/x",
  "http://2130706433/",
  "http://0x7f.0.0.1/",
  "http://0177.0.0.1/",
  "http://0.0.0.0/",
  "https://10.0.0.1/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.1.1/",
  "http://100.64.0.1/",
  "http://169.254.169.254/latest/meta-data",
  "http://224.0.0.1/",
  "http://255.255.255.255/",
  "http://[::1]/",
  "http://[::]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::ffff:7f00:1]/",
  "http://[::ffff:10.0.0.1]/",
  "http://[::127.0.0.1]/",
  "http://[64:ff9b::7f00:1]/",
  "http://[2002:7f00:1::]/",
  "http://[fe80::1]/",
  "http://[fc00::1]/",
  "http://[fd00:ec2::254]/",
  "http://localhost/",
  "http://LOCALHOST:2/",
  "http://localhost./",
  "http://a.localhost/",
  "http://printer.local/",
  "http://metadata.google.internal/",
  "http://127。0。0。1/",
  "http://ｌocalhost/",
];

const NOTHING_ALLOWED = { env: { HOOKWIRE_ALLOW_TARGETS: "" } };

test("private, loopback, link-local and disguised addresses are refused when saved, with how to allow them", async () => {
  await using app = await startApp(NOTHING_ALLOWED);
  const webhook = await makeWebhook(app, { url: "https://93.184.216.34/", key: "there" });
  for (const url of REFUSED) {
    const input = { name: "Unsafe", url, eventTypes: ["*"] };
    const refusal = {
      code: "UNSAFE_URL",
      message: expect.stringContaining("HOOKWIRE_ALLOW_TARGETS="),
    };
    const { createWebhook } = await app.run(CreateWebhook, { input });
    expect(createWebhook, url).toMatchObject({
      ...refusal,
      __typename: "InvalidInputError",
      path: ["input", "url"],
    });
    const { updateWebhook } = await app.run(AddressesUpdate, {
      input: { webhook: { id: webhook.id }, url },
    });
    expect(updateWebhook, url).toMatchObject({ ...refusal, path: ["input", "url"] });
    const { upsertWebhook } = await app.run(AddressesUpsert, {
      input: { key: "there", webhook: input },
    });
    expect(upsertWebhook, url).toMatchObject({ ...refusal, path: ["input", "webhook", "url"] });
  }
});

test("a URL that is none is INVALID_INPUT, not UNSAFE_URL", async () => {
  await using app = await startApp(NOTHING_ALLOWED);
  for (const url of [
    "",
    "x",
    "ftp://example.com/",
    "javascript:alert(1)",
    "http://",
    "http://user:pw@",
    "http://example.com:22/",
    "//a",
  ]) {
    const { createWebhook } = await app.run(CreateWebhook, {
      input: { name: "x", url, eventTypes: ["*"] },
    });
    expect(createWebhook, url).toMatchObject({ code: "INVALID_INPUT", path: ["input", "url"] });
  }
});

test("only the own inboxes are reachable: no other path of the service, however it is written", async () => {
  await using app = await startApp(NOTHING_ALLOWED);
  const { id, url } = await makeInbox(app);
  await makeWebhook(app, { url });
  const { host, port } = new URL(app.url);
  for (const other of [
    `${app.url}/graphql`,
    `${app.url}/in`,
    `${app.url}/in/../graphql`,
    `${app.url}/in/%2e%2e/graphql`,
    `${app.url}/in/..%5cgraphql`.replace("%5c", "\\"),
    `http://127.0.0.1:${Number(port) + 1}/in/${id}`,
    `http://localhost:${port}/in/${id}`,
    `https://${host}/in/${id}`,
  ]) {
    const { createWebhook } = await app.run(CreateWebhook, {
      input: { name: "x", url: other, eventTypes: ["*"] },
    });
    expect(createWebhook, other).toMatchObject({
      __typename: "InvalidInputError",
      path: ["input", "url"],
    });
  }
});

test("what was allowed when it was saved is refused when it is attempted, and no connection is made", async () => {
  await using receiver = await http((_request, response) => void response.end());
  await using app = await startApp();
  const addresses = { literal: "127.0.0.1", name: "localhost", mapped: "[::ffff:127.0.0.1]" };
  const keys = Object.keys(addresses);
  for (const [key, host] of Object.entries(addresses))
    await makeWebhook(app, { url: `http://${host}:${receiver.port}/`, key });
  await app.stop();
  await app.start(NOTHING_ALLOWED);
  const { streamCursor } = await publishSample(app);
  await nextUpdates(
    app.subscribe(DeliveryUpdates, { start: { after: streamCursor } }),
    2 * keys.length,
  );
  const { deliveries } = await app.run(AddressesAttempts);
  expect(deliveries?.nodes).toHaveLength(keys.length);
  for (const { lastAttempt } of deliveries?.nodes ?? [])
    expect(lastAttempt).toMatchObject({
      outcome: "BLOCKED_ADDRESS",
      message: expect.stringContaining("HOOKWIRE_ALLOW_TARGETS"),
      remoteAddress: null,
      responseStatus: null,
    });
  for (const key of keys) {
    const { testWebhook } = await app.run(TestWebhook, { input: { webhook: { key } } });
    expect(testWebhook).toMatchObject({
      succeeded: false,
      attempt: { outcome: "BLOCKED_ADDRESS" },
    });
  }
  expect(receiver.sockets).toHaveLength(0);
});

test("HOOKWIRE_ALLOW_TARGETS opens what it names, and HOOKWIRE_DENY_TARGETS wins over it", async () => {
  await using receiver = await http((_request, response) => void response.end());
  await using app = await startApp({ env: { HOOKWIRE_ALLOW_TARGETS: "127.0.0.1/32,10.1.0.0/16" } });
  await makeWebhook(app, { url: `http://127.0.0.1:${receiver.port}/`, key: "near" });
  await makeWebhook(app, { url: "http://10.1.2.3/", paused: true });
  for (const url of [
    "http://127.0.0.2/",
    "http://10.2.0.1/",
    "http://[::1]/",
    "http://169.254.169.254/",
  ]) {
    const { createWebhook } = await app.run(CreateWebhook, {
      input: { name: "x", url, eventTypes: ["*"] },
    });
    expect(createWebhook, url).toMatchObject({ code: "UNSAFE_URL" });
  }
  const { testWebhook } = await app.run(TestWebhook, { input: { webhook: { key: "near" } } });
  expect(testWebhook).toMatchObject({ succeeded: true });
  const { updateWebhook } = await app.run(AddressesUpdate, {
    input: { webhook: { key: "near" }, url: `http://localhost:${receiver.port}/named` },
  });
  expect(updateWebhook).toMatchObject({
    webhook: { url: `http://localhost:${receiver.port}/named` },
  });
  await app.stop();
  await app.start({
    env: { HOOKWIRE_ALLOW_TARGETS: "127.0.0.0/8", HOOKWIRE_DENY_TARGETS: "127.0.0.1/32" },
  });
  const connected = receiver.sockets.length;
  const denied = await app.run(TestWebhook, { input: { webhook: { key: "near" } } });
  expect(denied.testWebhook).toMatchObject({
    succeeded: false,
    attempt: { outcome: "BLOCKED_ADDRESS" },
  });
  expect(receiver.sockets).toHaveLength(connected);
});

test("a redirect to a private address is not followed", async () => {
  await using inside = await http((_request, response) => void response.end());
  await using receiver = await http(
    (_request, response) => void response.writeHead(307, { location: inside.url }).end(),
  );
  await using app = await startApp();
  await makeWebhook(app, { url: receiver.url, key: "r" });
  const { testWebhook } = await app.run(TestWebhook, { input: { webhook: { key: "r" } } });
  expect(testWebhook).toMatchObject({ succeeded: false, attempt: { outcome: "REDIRECT" } });
  expect(inside.sockets).toHaveLength(0);
});

test("a list of targets that can't be read stops the start with its name and what it should look like", async () => {
  for (const [name, text] of [
    ["HOOKWIRE_ALLOW_TARGETS", "localhost"],
    ["HOOKWIRE_ALLOW_TARGETS", "10.1.2.3/8"],
    ["HOOKWIRE_DENY_TARGETS", "127.0.0.0/33"],
  ] as const)
    await expect(new App({ env: { [name]: text } }).start()).rejects.toThrow(
      new RegExp(`${name}.*CIDR`),
    );
});
