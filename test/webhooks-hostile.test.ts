import { expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import { CreateWebhook } from "./documents.ts";
import { graphql } from "./generated/gql.ts";
import type { WebhookFilter } from "./generated/graphql.ts";
import { makeWebhook } from "./steps.ts";
import { WebhooksList } from "./webhooks-documents.ts";
import { as } from "./webhooks-steps.ts";

const Search = graphql(`
  query WebhooksHostileSearch($filter: WebhookFilter, $after: String) {
    webhooks(filter: $filter, orderBy: NAME, after: $after) {
      nodes {
        name
      }
    }
  }
`);

const URL_OK = "http://127.0.0.1:2/hook";
const json = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

async function names(app: App, filter: WebhookFilter): Promise<string[] | string> {
  const { data, errors } = await app.ask(WebhooksList, {
    filter,
    first: 100,
    orderBy: "CREATED_AT",
  });
  return data?.webhooks?.nodes.map(({ name }) => name) ?? String(errors?.[0]?.extensions?.["code"]);
}

test("a question mark in a search stands for itself", async () => {
  await using app = await startApp();
  await makeWebhook(app, { url: "http://127.0.0.1:2/orders?shop=1", name: "query" });
  await makeWebhook(app, { url: URL_OK, name: "What?" });
  expect(await names(app, { search: "?" })).toEqual(["What?", "query"]);
  expect(await names(app, { search: "orders?SHOP" })).toEqual(["query"]);
  expect(await names(app, { search: "a?b?c" })).toEqual([]);
  expect(await names(app, { search: "what?", eventTypes: ["payment_received"] })).toEqual([
    "What?",
  ]);
});

test("no search and no cursor reaches into the SQL", async () => {
  await using app = await startApp();
  await makeWebhook(app, { url: URL_OK, name: "there" });
  const harm: string[] = [];
  for (const payload of [
    ")<9 or 1) -- ",
    ")<9 or 1) limit 5 -- ",
    "') or 1=1 -- ",
    " || w0.name || ",
  ])
    for (const search of ["or?", "??", `?${payload}`, `${payload}?`]) {
      const variables = { filter: { search }, after: json([payload, "b"]) };
      const { data, errors } = await app.ask(Search, variables);
      const found = data?.webhooks?.nodes.map(({ name }) => name).join() ?? "";
      if (found !== "") harm.push(`${search} after ${payload} found ${found}`);
      if (errors?.[0]?.extensions?.["code"] === "INTERNAL_SERVER_ERROR")
        harm.push(`${search} after ${payload} failed`);
    }
  expect(harm).toEqual([]);
});

const NUL = "a\0b";
const ASKED: readonly [what: string, query: string][] = [
  ["a search", "query ($s: String!) { webhooks(filter: {search: $s}) { nodes { id } } }"],
  [
    "an integration",
    "query ($s: String!) { webhooks(filter: {integration: $s}) { nodes { id } } }",
  ],
  ["a URL", "query ($s: String!) { webhooks(filter: {url: $s}) { nodes { id } } }"],
  ["a key", "query ($s: String!) { webhook(by: {key: $s}) { id } }"],
  ["an id", "query ($s: ID!) { webhook(by: {id: $s}) { id } }"],
  ["a delivery", "query ($s: ID!) { delivery(id: $s) { id } }"],
  [
    "a list of event types",
    "query ($s: String!) { deliveries(filter: {eventTypes: [$s]}) { nodes { id } } }",
  ],
  [
    "a list of ids",
    "query ($s: ID!) { deliveries(filter: {ids: [$s], eventIds: [$s]}) { nodes { id } } }",
  ],
  ["a publisher's key", "query ($s: String!) { publishedEvent(by: {idempotencyKey: $s}) { id } }"],
  ["an event type", "query ($s: String!) { eventType(name: $s) { id } }"],
  ["a deletion", "mutation ($s: ID!) { deleteWebhook(input: {webhook: {id: $s}}) { __typename } }"],
  [
    "a redelivery",
    "mutation ($s: ID!) { redeliverDelivery(input: {deliveryId: $s}) { __typename } }",
  ],
  ["an inbox", "mutation ($s: ID!) { deleteInbox(input: {inboxId: $s}) { __typename } }"],
  ["an inbox name", "mutation ($s: String!) { createInbox(input: {name: $s}) { __typename } }"],
  [
    "a description",
    `mutation ($s: String!) { createWebhook(input: {name: "x", url: "${URL_OK}", eventTypes: ["*"], description: $s}) { __typename } }`,
  ],
  [
    "a reason",
    `mutation ($s: String!) { pauseWebhook(input: {webhook: {key: "shop"}, reason: $s}) { __typename } }`,
  ],
];

test("a NUL character is refused or finds nothing, wherever it stands; it never fails the service", async () => {
  await using app = await startApp();
  await makeWebhook(app, { url: URL_OK, key: "shop" });
  const failed: string[] = [];
  for (const [what, query] of ASKED) {
    const response = await app.post({ query, variables: { s: NUL } });
    const { errors } = (await response.json()) as { errors?: { extensions?: { code?: string } }[] };
    if (errors?.[0]?.extensions?.code === "INTERNAL_SERVER_ERROR") failed.push(what);
  }
  expect(failed).toEqual([]);
});

test("half a character of Unicode is refused at its place, and nothing is made", async () => {
  await using app = await startApp();
  const input = { url: URL_OK, name: "half \ud83d", eventTypes: ["*"] };
  const { createWebhook } = await app.run(CreateWebhook, { input });
  expect(as(createWebhook, "InvalidInputError").path).toEqual(["input", "name"]);
  expect(await names(app, { search: "half" })).toEqual([]);
});
