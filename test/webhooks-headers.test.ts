import { expect, test } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import { DeliveryById } from "./documents.ts";
import type { HeaderInput } from "./generated/graphql.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { WebhooksCreate, WebhooksDeliveries, WebhooksUpdate } from "./webhooks-documents.ts";
import { as, collector, present, readWebhook, updated } from "./webhooks-steps.ts";

const SECRET = "Bearer hush-hush";
const AUTHORIZATION: HeaderInput = { name: "Authorization", value: SECRET, isSecret: true };

async function create(app: App, headers: HeaderInput[]) {
  const input = { name: "Test", eventTypes: ["*"], url: "http://127.0.0.1:2/hook", headers };
  return (await app.run(WebhooksCreate, { input })).createWebhook;
}

async function update(app: App, id: string, headers: HeaderInput[]) {
  return (await app.run(WebhooksUpdate, { input: { webhook: { id }, headers } })).updateWebhook;
}

async function arrives(app: App, receiver: Awaited<ReturnType<typeof collector>>) {
  const arrival = receiver.next();
  await publishSample(app);
  return (await arrival).headers;
}

test("custom headers are sent along, names in lower case, and a secret one reads null", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const { id, headers } = await makeWebhook(app, {
    url: receiver.url,
    headers: [
      AUTHORIZATION,
      { name: "X-Shop", value: "north, 'south' = \"é\"" },
      { name: "x-empty", value: "" },
    ],
  });
  expect(headers).toEqual([
    { name: "authorization", value: null, isSecret: true },
    { name: "x-shop", value: "north, 'south' = \"é\"", isSecret: false },
    { name: "x-empty", value: "", isSecret: false },
  ]);
  expect(await readWebhook(app, { id })).toMatchObject({ headers });
  expect(await arrives(app, receiver)).toMatchObject({
    authorization: SECRET,
    "x-shop": "north, 'south' = \"é\"",
    "x-empty": "",
    "content-type": "application/json",
  });
});

test("the value of a secret header shows nowhere: not in the attempt, not in the log", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const { id } = await makeWebhook(app, {
    url: receiver.url,
    headers: [AUTHORIZATION, { name: "X-Shop", value: "north" }],
  });
  await arrives(app, receiver);
  const delivery = await eventually(async () => {
    const { deliveries } = await app.run(WebhooksDeliveries, {
      filter: { statuses: ["SUCCEEDED"], webhooks: [{ id }] },
    });
    return deliveries?.nodes[0];
  });
  const shown = await app.run(DeliveryById, { id: delivery.id });
  const sent = shown.delivery?.attempts?.nodes[0]?.requestHeaders;
  expect(sent).toContainEqual({ name: "authorization", value: "[redacted]" });
  expect(sent).toContainEqual({ name: "x-shop", value: "north" });
  expect(JSON.stringify([shown, app.log])).not.toContain("hush");
});

test("a form that saves what it read keeps the secret value, and the receiver still gets it", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const { id } = await makeWebhook(app, {
    url: receiver.url,
    headers: [AUTHORIZATION, { name: "X-Shop", value: "north" }],
  });
  const read = await readWebhook(app, { id });
  const form = read.headers.map(({ name, value, isSecret }) => ({ name, value, isSecret }));
  const same = await updated(app, { webhook: { id }, name: read.name, headers: form });
  expect(same).toEqual(read);
  const renamed = await updated(app, {
    webhook: { id },
    name: "Renamed",
    headers: form.toReversed(),
  });
  expect(renamed.headers).toEqual(read.headers.toReversed());
  expect(await arrives(app, receiver)).toMatchObject({ authorization: SECRET, "x-shop": "north" });
});

test("an absent value keeps the stored one of a plain header too, whatever the case of the name", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, {
    url: "http://127.0.0.1:2/hook",
    headers: [{ name: "X-Shop", value: "north" }],
  });
  const kept = await updated(app, { webhook: { id }, headers: [{ name: "X-SHOP" }] });
  expect(kept.headers).toEqual([{ name: "x-shop", value: "north", isSecret: false }]);
});

test("a new value replaces a secret one, and a header that is left out is sent no more", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const { id } = await makeWebhook(app, { url: receiver.url, headers: [AUTHORIZATION] });
  const replaced = await updated(app, {
    webhook: { id },
    headers: [{ ...AUTHORIZATION, value: "Bearer new" }],
  });
  expect(replaced).toMatchObject({ version: 2, headers: [{ value: null }] });
  expect(await arrives(app, receiver)).toMatchObject({ authorization: "Bearer new" });
  await updated(app, { webhook: { id }, headers: [] });
  expect(await arrives(app, receiver)).not.toHaveProperty("authorization");
  const refused = as(
    await update(app, id, [{ name: "authorization", isSecret: true }]),
    "InvalidInputError",
  );
  expect(refused.path).toEqual(["input", "headers", "0", "value"]);
});

test("a plain header can be made secret without saying its value again", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const { id } = await makeWebhook(app, {
    url: receiver.url,
    headers: [{ name: "X-Key", value: "k1" }],
  });
  const hidden = await updated(app, {
    webhook: { id },
    headers: [{ name: "x-key", isSecret: true }],
  });
  expect(hidden.headers).toEqual([{ name: "x-key", value: null, isSecret: true }]);
  expect(await arrives(app, receiver)).toMatchObject({ "x-key": "k1" });
});

test("a secret value can't be read by saying that it is no secret any more", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, {
    url: "http://127.0.0.1:2/hook",
    headers: [AUTHORIZATION],
  });
  for (const header of [
    { name: "authorization" },
    { name: "authorization", isSecret: false, value: null },
  ]) {
    const answer = await update(app, id, [header]);
    expect(JSON.stringify(answer)).not.toContain("hush");
    expect(JSON.stringify(await readWebhook(app, { id }))).not.toContain("hush");
  }
  const open = await updated(app, {
    webhook: { id },
    headers: [{ name: "authorization", value: "Basic open" }],
  });
  expect(open.headers).toEqual([{ name: "authorization", value: "Basic open", isSecret: false }]);
});

test("names that the service sets itself, in any case, and names that are none are refused", async () => {
  await using app = await startApp();
  const reserved = [
    "Host",
    "connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Expect",
    "USER-AGENT",
    "Accept-Encoding",
    "Content-Type",
    "content-length",
    "Content-Encoding",
    "Proxy-Authorization",
    "webhook-id",
    "Webhook-Signature",
    "webhook-timestamp",
    "Hookwire-Test",
    "hookwire-anything",
  ];
  const refused = as(
    await create(
      app,
      reserved.map((name) => ({ name, value: "x" })),
    ),
    "InvalidInputError",
  );
  expect(refused.code).toBe("INVALID_INPUT");
  expect(refused.issues).toEqual(
    reserved.map((name, index) => ({
      path: ["input", "headers", String(index), "name"],
      pointer: null,
      message: `${name.toLowerCase()} is set by the service and can't be chosen`,
    })),
  );
  for (const name of ["", " x", "x y", "x:y", "x\ny", "é", "x".repeat(129)]) {
    const { path, message } = as(await create(app, [{ name, value: "x" }]), "InvalidInputError");
    expect(path, name).toEqual(["input", "headers", "0", "name"]);
    expect(message).toMatch(/header name/);
  }
});

test("values that no header can carry are refused, and so is a new header without a value", async () => {
  await using app = await startApp();
  for (const value of ["a\r\nx-evil: 1", "a\nb", "a\0b", "€", "x".repeat(4097), null, undefined]) {
    const { path } = as(await create(app, [{ name: "x-a", value }]), "InvalidInputError");
    expect(path, String(value)).toEqual(["input", "headers", "0", "value"]);
  }
  const { webhook } = as(
    await create(app, [{ name: "x-a", value: "x".repeat(4096) }]),
    "CreateWebhookPayload",
  );
  expect(present(webhook?.headers[0]?.value)).toHaveLength(4096);
});

test("the same header twice, and more than 30 headers, are refused", async () => {
  await using app = await startApp();
  const twice = as(
    await create(app, [
      { name: "X-A", value: "1" },
      { name: "x-a", value: "2" },
    ]),
    "InvalidInputError",
  );
  expect(twice).toMatchObject({
    path: ["input", "headers", "1", "name"],
    message: expect.stringContaining("twice") as string,
  });
  const many = Array.from({ length: 31 }, (_, i) => ({ name: `x-${i}`, value: "1" }));
  expect(as(await create(app, many), "InvalidInputError").path).toEqual(["input", "headers"]);
  expect((await create(app, many.slice(1)))?.__typename).toBe("CreateWebhookPayload");
});

test("secret headers outlast a restart", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  await makeWebhook(app, { url: receiver.url, headers: [AUTHORIZATION] });
  await app.stop();
  await app.start();
  expect(await arrives(app, receiver)).toMatchObject({ authorization: SECRET });
});
