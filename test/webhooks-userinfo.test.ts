import { expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import { AuditUpdate } from "./audit-documents.ts";
import type { CreateWebhookInput, HeaderInput, UpdateWebhookInput } from "./generated/graphql.ts";
import { nextRequest } from "./signing-steps.ts";
import { makeWebhook } from "./steps.ts";
import { WebhooksCreate, WebhooksUpdate, WebhooksUpsert } from "./webhooks-documents.ts";
import { as, collector, readWebhook, updated, upserted } from "./webhooks-steps.ts";

const PLAIN = "http://127.0.0.1:2/hook";
const withUser = (url: string, password: string) =>
  url.replace("http://", `http://user:${password}@`);
const basic = (password: string) => `Basic ${Buffer.from(`user:${password}`).toString("base64")}`;
const bearer: HeaderInput = { name: "Authorization", value: "Bearer of-mine", isSecret: true };
/** As a form sends a header that it read: without its value. */
const asRead: HeaderInput = { name: "authorization", isSecret: true };

const arrives = async (app: App, receiver: Awaited<ReturnType<typeof collector>>) =>
  (await nextRequest(app, receiver)).headers;

test("a user name and password in the URL become basic authentication, and are shown nowhere", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const url = receiver.url.replace("http://", "http://user:p%40ss-word@");
  const { id, ...made } = await makeWebhook(app, { url });
  expect(made.url).toBe(receiver.url);
  const basic = `Basic ${Buffer.from("user:p@ss-word").toString("base64")}`;
  expect(await arrives(app, receiver)).toMatchObject({ authorization: basic });
  await app.run(AuditUpdate, { input: { webhook: { id }, url: url.replace("p%40ss", "new") } });
  const renewed = `Basic ${Buffer.from("user:new-word").toString("base64")}`;
  expect(await arrives(app, receiver)).toMatchObject({ authorization: renewed });
  const shown = await app.post({
    query: `{
      webhooks { nodes { url headers { name value isSecret } } }
      auditLog { nodes { before after } }
      deliveries { nodes { attempts { nodes { url requestHeaders { name value } } } } }
    }`,
  });
  const text = await shown.text();
  expect(text).toContain('"authorization"');
  for (const hidden of ["-word", basic.slice(6), renewed.slice(6)])
    expect(text).not.toContain(hidden);
});

const TWO = {
  code: "INVALID_INPUT",
  message: expect.stringContaining("leave one of the two out") as string,
};

test("credentials in the URL and an authorization header of one's own are refused, by every command", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: PLAIN, key: "shop" });
  const url = withUser(PLAIN, "hush");
  for (const header of [bearer, { ...bearer, value: basic("other") }, { ...bearer, value: "" }]) {
    const said = { url, headers: [{ name: "x-a", value: "1" }, header] };
    const input: CreateWebhookInput = { name: "Test", eventTypes: ["*"], ...said };
    const { createWebhook } = await app.run(WebhooksCreate, { input });
    const refused = as(createWebhook, "InvalidInputError");
    expect(refused).toMatchObject({ ...TWO, path: ["input", "url"] });
    expect(JSON.stringify(refused)).not.toMatch(/hush|of-mine|Basic/);
    const { upsertWebhook } = await app.run(WebhooksUpsert, {
      input: { key: "shop", webhook: input },
    });
    const path = ["input", "webhook", "url"];
    expect(as(upsertWebhook, "InvalidInputError")).toMatchObject({ ...TWO, path });
    await refuses(app, { webhook: { id }, ...said });
  }
  expect(await readWebhook(app, { id })).toMatchObject({ url: PLAIN, version: 1, headers: [] });
});

async function refuses(app: App, input: UpdateWebhookInput): Promise<void> {
  const { updateWebhook } = await app.run(WebhooksUpdate, { input });
  const refused = as(updateWebhook, "InvalidInputError");
  expect(refused).toMatchObject({ ...TWO, path: ["input", "url"] });
}

test("a header of one's own is not dropped for a URL with credentials, unless it is left out", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const { id } = await makeWebhook(app, { url: receiver.url, headers: [bearer] });
  const url = withUser(receiver.url, "hush");
  await refuses(app, { webhook: { id }, url });
  await refuses(app, { webhook: { id }, url, headers: [asRead] });
  expect(await arrives(app, receiver)).toMatchObject({ authorization: "Bearer of-mine" });
  await updated(app, { webhook: { id }, url, headers: [] });
  expect(await arrives(app, receiver)).toMatchObject({ authorization: basic("hush") });
  await updated(app, { webhook: { id }, headers: [bearer] });
  expect(await arrives(app, receiver)).toMatchObject({ authorization: "Bearer of-mine" });
});

test("a form that saves what it read may say other credentials in the URL", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const { id } = await makeWebhook(app, { url: withUser(receiver.url, "old") });
  const url = withUser(receiver.url, "new");
  await updated(app, { webhook: { id }, url, headers: [asRead] });
  expect(await arrives(app, receiver)).toMatchObject({ authorization: basic("new") });
  // What it says without credentials keeps them.
  await updated(app, { webhook: { id }, url: receiver.url, headers: [asRead] });
  expect(await arrives(app, receiver)).toMatchObject({ authorization: basic("new") });
});

test("a script that says the same credentials each time changes nothing, whether in the URL alone or in both", async () => {
  await using app = await startApp();
  const url = withUser(PLAIN, "hush");
  for (const headers of [[], [{ ...bearer, value: basic("hush") }], [asRead]]) {
    const webhook = { name: "Shop", eventTypes: ["*"], url, headers };
    const { version } = await upserted(app, { key: "shop", webhook });
    expect(version).toBe(1);
  }
  const { version, headers } = await updated(app, { webhook: { key: "shop" }, url });
  expect(version).toBe(1);
  expect(headers).toEqual([{ name: "authorization", value: null, isSecret: true }]);
});
