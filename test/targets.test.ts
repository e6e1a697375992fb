import { expect, test } from "vitest";
import { AddressesUpdate } from "./addresses-documents.ts";
import { App, startApp } from "./app.ts";
import { CreateWebhook } from "./documents.ts";
import { http } from "./receiver.ts";
import { makeInbox, makeWebhook } from "./steps.ts";
import { TestWebhook } from "./watch-documents.ts";

const NOTHING_ALLOWED = { env: { HOOKWIRE_ALLOW_TARGETS: "" } };

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
