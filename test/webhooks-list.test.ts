import { expect, test } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import { graphql } from "./generated/gql.ts";
import type { WebhookFilter } from "./generated/graphql.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import {
  WebhooksDelete,
  WebhooksDisable,
  WebhooksList,
  WebhooksPause,
} from "./webhooks-documents.ts";
import { present } from "./webhooks-steps.ts";
import { HandClock, ScriptedSender, status } from "./world.ts";

const Matched = graphql(`
  query WebhooksListMatched($by: WebhookRef!) {
    webhook(by: $by) {
      matchedEventTypes {
        name
      }
    }
  }
`);

const URL_OK = "http://127.0.0.1:2/hook";

/** Names of what the filter lets through, oldest first; the count has to say the same. */
async function found(app: App, filter: WebhookFilter): Promise<string[]> {
  const { webhooks } = await app.run(WebhooksList, { filter, first: 100 });
  const { nodes, totalCount } = present(webhooks);
  expect(totalCount, JSON.stringify(filter)).toEqual({ value: nodes.length, exact: true });
  return nodes.map(({ name }) => name).toReversed();
}

test("a search finds what occurs in name, URL, description or key, in any case", async () => {
  await using app = await startApp();
  await makeWebhook(app, { url: "http://127.0.0.1:2/Orders?x=1", name: "North shop" });
  await makeWebhook(app, { url: URL_OK, name: "South", description: "Feeds the\nwarehouse" });
  await makeWebhook(app, { url: URL_OK, name: "East", key: "crm:sync" });
  expect(await found(app, { search: "NORTH" })).toEqual(["North shop"]);
  expect(await found(app, { search: "2/ORDERS" })).toEqual(["North shop"]);
  expect(await found(app, { search: "the\nware" })).toEqual(["South"]);
  expect(await found(app, { search: "CRM:" })).toEqual(["East"]);
  expect(await found(app, { search: "th" })).toEqual(["North shop", "South"]);
  expect(await found(app, { search: "zapier" })).toEqual([]);
  expect(await found(app, { search: "" })).toHaveLength(3);
  expect(await found(app, { search: null })).toHaveLength(3);
});

test("underscores, percents, backslashes and quotes of a search stand for themselves", async () => {
  await using app = await startApp();
  const names = ["a_b", "axb", "100%", "1000", "back\\slash", "o'clock", 'say "hi"'];
  for (const name of names) await makeWebhook(app, { url: URL_OK, name });
  expect(await found(app, { search: "A_B" })).toEqual(["a_b"]);
  expect(await found(app, { search: "_" })).toEqual(["a_b"]);
  expect(await found(app, { search: "0%" })).toEqual(["100%"]);
  expect(await found(app, { search: "%" })).toEqual(["100%"]);
  expect(await found(app, { search: "\\" })).toEqual(["back\\slash"]);
  expect(await found(app, { search: "o'c" })).toEqual(["o'clock"]);
  expect(await found(app, { search: '"hi"' })).toEqual(['say "hi"']);
});

test("a search finds names outside ASCII, in the very writing and in any case", async () => {
  await using app = await startApp();
  for (const name of ["ÄRGER", "Ünal & Söhne", "МАГАЗИН"])
    await makeWebhook(app, { url: URL_OK, name });
  expect(await found(app, { search: "Söhne" })).toEqual(["Ünal & Söhne"]);
  expect(await found(app, { search: "ÄRGER" })).toEqual(["ÄRGER"]);
  expect(await found(app, { search: "ünal" })).toEqual(["Ünal & Söhne"]);
  expect(await found(app, { search: "магазин" })).toEqual(["МАГАЗИН"]);
});

test("a list is narrowed by state, integration and URL, and by all of them together", async () => {
  await using app = await startApp();
  const make = (name: string, integration: string, url = URL_OK) =>
    makeWebhook(app, { name, integration, url });
  const { id: second } = await make("paused", "zapier");
  const { id: third } = await make("disabled", "make");
  await make("active", "zapier", "http://127.0.0.1:2/other?a=1");
  await app.run(WebhooksPause, { input: { webhook: { id: second } } });
  await app.run(WebhooksDisable, { input: { webhook: { id: third } } });
  expect(await found(app, { states: ["PAUSED"] })).toEqual(["paused"]);
  expect(await found(app, { states: ["ACTIVE", "DISABLED"] })).toEqual(["disabled", "active"]);
  expect(await found(app, { states: ["AUTO_PAUSED"] })).toEqual([]);
  expect(await found(app, { states: [] })).toEqual([]);
  expect(await found(app, { integration: "zapier" })).toEqual(["paused", "active"]);
  expect(await found(app, { integration: "zap" })).toEqual([]);
  expect(await found(app, { url: "HTTP://127.0.0.1:2/./hook" })).toEqual(["paused", "disabled"]);
  expect(await found(app, { url: "http://127.0.0.1:2/other" })).toEqual([]);
  expect(await found(app, { url: "http://127.0.0.1:2/other?a=1" })).toEqual(["active"]);
  expect(await found(app, { url: "no URL at all" })).toEqual([]);
  expect(
    await found(app, {
      url: URL_OK,
      states: ["PAUSED", "ACTIVE"],
      integration: "zapier",
      search: "PAU",
    }),
  ).toEqual(["paused"]);
  expect(
    await found(app, {
      url: null,
      states: null,
      integration: null,
      health: null,
      eventTypes: null,
    }),
  ).toHaveLength(3);
});

test("a webhook is found by the URL that was given for it, fragment and all", async () => {
  await using app = await startApp();
  await makeWebhook(app, { name: "with", url: `${URL_OK}#part` });
  expect(await found(app, { url: `${URL_OK}#part` })).toEqual(["with"]);
});

test("a list is narrowed to the webhooks that would receive event types, by name or alias", async () => {
  await using app = await startApp();
  const make = (name: string, ...eventTypes: string[]) =>
    makeWebhook(app, { name, url: URL_OK, eventTypes });
  await make("all", "*");
  await make("payments", "payment_*");
  await make("alias", "payment_successful");
  await make("sites", "site_published", "customer_created");
  expect(await found(app, { eventTypes: ["payment_received"] })).toEqual([
    "all",
    "payments",
    "alias",
  ]);
  expect(await found(app, { eventTypes: ["payment_successful"] })).toEqual([
    "all",
    "payments",
    "alias",
  ]);
  expect(await found(app, { eventTypes: ["site_published", "domain_created"] })).toEqual([
    "all",
    "sites",
  ]);
  expect(await found(app, { eventTypes: ["no_such_type"] })).toEqual([]);
  expect(await found(app, { eventTypes: ["payment_received"], search: "ALI" })).toEqual(["alias"]);
});

test("a list is narrowed by the health of the receivers", async () => {
  const clock = new HandClock();
  const sender = new ScriptedSender(clock, [status(200), status(503)]);
  await using app = await startApp({ circumstances: { clock, sender, random: () => 0 } });
  await makeWebhook(app, { name: "good", url: URL_OK, eventTypes: ["customer_created"] });
  await makeWebhook(app, {
    name: "bad",
    url: URL_OK,
    eventTypes: ["domain_created"],
    retryDelays: [],
  });
  await makeWebhook(app, { name: "idle", url: URL_OK, eventTypes: ["payment_failed"] });
  await publishSample(app, { type: "customer_created" });
  await eventually(async () => sender.sent === 1);
  await publishSample(app, { type: "domain_created" });
  await eventually(async () => {
    clock.pass(1000);
    return (await found(app, { health: ["UNKNOWN"] })).join() === "idle";
  });
  expect(await found(app, { health: ["HEALTHY"] })).toEqual(["good"]);
  expect(await found(app, { health: ["DEGRADED", "FAILING"] })).toEqual(["bad"]);
  for (let i = 0; i < 4; i++) await publishSample(app, { type: "domain_created" });
  await eventually(async () => {
    clock.pass(1000);
    return (await found(app, { health: ["FAILING"] })).join() === "bad";
  });
  expect(await found(app, { health: ["HEALTHY", "UNKNOWN"] })).toEqual(["good", "idle"]);
});

test("matchedEventTypes names the catalog entries that names, aliases and patterns stand for, each once", async () => {
  await using app = await startApp();
  const matched = async (...eventTypes: string[]) => {
    const { id } = await makeWebhook(app, { url: URL_OK, eventTypes });
    const { webhook } = await app.run(Matched, { by: { id } });
    await app.run(WebhooksDelete, { input: { webhook: { id } } });
    return present(webhook).matchedEventTypes.map(({ name }) => name);
  };
  expect(await matched("*")).toHaveLength(27);
  expect(await matched("payment_successful", "payment_received")).toEqual(["payment_received"]);
  expect(await matched("*payment_created")).toEqual(["payment_created", "renewal_payment_created"]);
  expect(await matched("refund_*")).toEqual(["payment_updated"]);
});

test("one webhook is read by its id or by its key, and by nothing else", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: URL_OK, key: "Shop" });
  const ask = async (by: object) => {
    const response = await app.post({
      query: "query ($by: WebhookRef!) { webhook(by: $by) { id } }",
      variables: { by },
    });
    return (await response.json()) as {
      data?: { webhook: { id: string } | null };
      errors?: unknown[];
    };
  };
  expect((await ask({ id })).data?.webhook).toEqual({ id });
  expect((await ask({ key: "Shop" })).data?.webhook).toEqual({ id });
  for (const by of [
    { key: "shop" },
    { key: id },
    { id: "Shop" },
    { id: "" },
    { id: id.toUpperCase() },
  ])
    expect(await ask(by), JSON.stringify(by)).toEqual({ data: { webhook: null } });
  for (const by of [{}, { id, key: "Shop" }, { id: null }])
    expect((await ask(by)).errors, JSON.stringify(by)).toHaveLength(1);
});
