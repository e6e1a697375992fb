import { expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import { AuditUpdate } from "./audit-documents.ts";
import { deliveriesOf, holdingReceiver, settled } from "./deliver-receiver.ts";
import { withKey } from "./keys-steps.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { Everything } from "./tokens-documents.ts";
import { ALL, makeToken } from "./tokens-steps.ts";
import { next } from "./watch-steps.ts";

/** Two webhooks, each with an inbox, a delivery with an attempt and a visit of its own. */
async function furnish(app: App) {
  const worlds = [];
  for (const type of ["payment_received", "domain_created"]) {
    const { id: inbox, url } = await makeInbox(app);
    const { id: webhook } = await makeWebhook(app, { url, eventTypes: [type], key: type });
    const { eventId: event } = await publishSample(app, { type });
    const [delivery = ""] = await deliveriesOf(app, event);
    await settled(app, delivery, "SUCCEEDED");
    const { data } = (await (
      await app.post({
        query: `{
          inbox(id: "${inbox}") { requests { nodes { id } } }
          delivery(id: "${delivery}") { lastAttempt { id } }
          webhook(by: { id: "${webhook}" }) { secrets { id } }
        }`,
      })
    ).json()) as {
      data: {
        inbox: { requests: { nodes: { id: string }[] } };
        delivery: { lastAttempt: { id: string } };
        webhook: { secrets: { id: string }[] };
      };
    };
    const request = data.inbox.requests.nodes[0]!.id;
    const attempt = data.delivery.lastAttempt.id;
    const secret = data.webhook.secrets[0]!.id;
    worlds.push({ webhook, inbox, event, delivery, attempt, request, secret });
  }
  return worlds as [World, World];
}
type World = Record<
  "webhook" | "inbox" | "event" | "delivery" | "attempt" | "request" | "secret",
  string
>;

test("a token for some webhooks shows what belongs to these, and nothing else exists for it", async () => {
  await using app = await startApp();
  const [mine, other] = await furnish(app);
  const token = await makeToken(app, { webhooks: [{ id: mine.webhook }], scopes: ALL });
  const seen = (world: World) =>
    withKey(app, token, () => app.ask(Everything, { ...world, id: world.attempt }));
  const one = { nodes: [{ id: mine.webhook }] };
  const lists = {
    webhooks: { totalCount: { value: 1 }, ...one },
    named: one,
    publishedEvents: {
      totalCount: { value: 1 },
      nodes: [
        {
          id: mine.event,
          deliveries: { totalCount: { value: 1 }, nodes: [{ id: mine.delivery }] },
        },
      ],
    },
    deliveries: {
      totalCount: { value: 1 },
      nodes: [{ id: mine.delivery, webhookId: mine.webhook }],
    },
    inboxes: { nodes: [{ id: mine.inbox }] },
  };
  const { data: own, errors } = await seen(mine);
  expect(errors).toBeUndefined();
  expect(own).toEqual({
    ...lists,
    ofWebhook: { nodes: [{ id: mine.delivery }] },
    webhook: { id: mine.webhook },
    publishedEvent: { id: mine.event },
    delivery: { id: mine.delivery },
    inbox: { id: mine.inbox },
    node: { id: mine.attempt },
    nodes: ["webhook", "event", "delivery", "attempt", "inbox", "request"].map((kind) => ({
      id: mine[kind as keyof World],
    })),
  });
  const { data: others } = await seen(other);
  expect(others).toEqual({
    ...lists,
    ofWebhook: { nodes: [] },
    webhook: null,
    publishedEvent: null,
    delivery: null,
    inbox: null,
    node: null,
    nodes: Array(6).fill(null),
  });
});

test("commands of such a token reach its own webhooks; for all others they are NOT_FOUND, and it makes nothing", async () => {
  await using app = await startApp();
  const [mine, other] = await furnish(app);
  const token = await makeToken(app, { webhooks: [{ id: mine.webhook }], scopes: ALL });
  const command = async (text: string, world: World) => {
    const filled = text.replaceAll(/\$(\w+)/g, (_, kind: keyof World) => `"${world[kind]}"`);
    const response = await withKey(app, token, () =>
      app.post({ query: `mutation { it: ${filled} { __typename ... on UserError { code } } }` }),
    );
    return ((await response.json()) as { data: { it: { __typename: string; code?: string } } }).data
      .it;
  };
  for (const text of [
    `updateWebhook(input: { webhook: { id: $webhook }, name: "x" })`,
    `testWebhook(input: { webhook: { id: $webhook } })`,
    `pauseWebhook(input: { webhook: { id: $webhook } })`,
    `resumeWebhook(input: { webhook: { id: $webhook } })`,
    `rotateWebhookSecret(input: { webhook: { id: $webhook } })`,
    `revokeSigningSecret(input: { secretId: $secret })`,
    `redeliverDelivery(input: { deliveryId: $delivery })`,
    `updateInbox(input: { inboxId: $inbox, name: "x" })`,
    `disableWebhook(input: { webhook: { id: $webhook } })`,
    `deleteInbox(input: { inboxId: $inbox })`,
    `deleteWebhook(input: { webhook: { id: $webhook } })`,
  ]) {
    expect(await command(text, other), text).toMatchObject({ code: "NOT_FOUND" });
    expect((await command(text, mine)).__typename, text).toMatch(/Payload$/);
  }
  const webhook = `{ name: "x", url: "http://127.0.0.1:2/", eventTypes: ["*"] }`;
  for (const text of [
    `createWebhook(input: ${webhook})`,
    `upsertWebhook(input: { key: "payment_received", webhook: ${webhook} })`,
    `createInbox(input: {})`,
  ])
    expect(await command(text, mine), text).toEqual({
      __typename: "ForbiddenError",
      code: "FORBIDDEN",
    });
});

test("streams of such a token tell of its own webhooks only", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 200 });
  const [mine, other] = [
    await makeWebhook(app, { url: receiver.url, name: "mine" }),
    await makeWebhook(app, { url: receiver.url, name: "other" }),
  ];
  const token = await makeToken(app, { webhooks: [{ id: mine.id }] });
  const iterate = (query: string) => app.client(`Bearer ${token}`).iterate({ query });
  const updates = [
    iterate("subscription { deliveryUpdates { ... on DeliveryUpdate { webhookId change } } }"),
    iterate(
      `subscription { deliveryUpdates(filter: { webhooks: [{ id: "${mine.id}" }, { id: "${other.id}" }] }) { ... on DeliveryUpdate { webhookId change } } }`,
    ),
  ];
  const changes = iterate(
    "subscription { webhookUpdates { ... on WebhookUpdated { webhookId } } }",
  );
  for (const stream of [...updates, changes]) await next(stream);
  const { eventId } = await publishSample(app);
  for (const delivery of await deliveriesOf(app, eventId))
    await settled(app, delivery, "SUCCEEDED");
  for (const stream of updates)
    for (const change of ["CREATED", "ATTEMPTED"])
      expect((await next(stream)).data).toEqual({
        deliveryUpdates: { webhookId: mine.id, change },
      });
  for (const { id } of [other, mine])
    await app.post({
      query: `mutation { pauseWebhook(input: { webhook: { id: "${id}" } }) { __typename } }`,
    });
  expect((await next(changes)).data).toEqual({ webhookUpdates: { webhookId: mine.id } });
});

test("a narrow token can't take another webhook's inbox by its address", async () => {
  await using app = await startApp();
  const [mine, other] = await furnish(app);
  const token = await makeToken(app, { webhooks: [{ id: mine.webhook }], scopes: ALL });
  const moved = (inbox: string, origin = app.url) =>
    withKey(app, token, () =>
      app.run(AuditUpdate, {
        input: { webhook: { id: mine.webhook }, url: `${origin}/in/${inbox}?a` },
      }),
    );
  const { host } = new URL(app.url);
  for (const origin of [app.url, `HTTP://${host}`, `http://user:word@${host}`, `${app.url}/in/..`])
    expect((await moved(other.inbox, origin)).updateWebhook?.__typename, origin).toBe(
      "ForbiddenError",
    );
  expect((await moved(mine.inbox)).updateWebhook?.__typename).toBe("UpdateWebhookPayload");
});

test("events of such a token are those of its own deliveries, newest first, page by page", async () => {
  await using app = await startApp();
  const mine = await makeWebhook(app, {
    url: "http://127.0.0.1:2/",
    paused: true,
    eventTypes: ["payment_received"],
  });
  const published: string[] = [];
  for (const type of ["payment_received", "domain_created", "payment_received", "domain_created"])
    published.push((await publishSample(app, { type })).eventId);
  const token = await makeToken(app, { webhooks: [{ id: mine.id }] });
  const page = async (after: string | null) => {
    const response = await withKey(app, token, () =>
      app.post({
        query: `query ($after: String) { publishedEvents(first: 1, after: $after) {
          totalCount { value } nodes { id } pageInfo { endCursor hasNextPage } } }`,
        variables: { after },
      }),
    );
    const { data } = (await response.json()) as {
      data: { publishedEvents: { nodes: { id: string }[]; pageInfo: { endCursor: string } } };
    };
    return data.publishedEvents;
  };
  const first = await page(null);
  expect(first).toMatchObject({ totalCount: { value: 2 }, nodes: [{ id: published[2] }] });
  expect(await page(first.pageInfo.endCursor)).toMatchObject({
    nodes: [{ id: published[0] }],
    pageInfo: { hasNextPage: false },
  });
});

test.each(["CREATED_AT", "NAME", "LAST_FAILED_AT"])(
  "webhooks of such a token by %s are its own, page by page, wherever the others stand",
  async (orderBy) => {
    await using app = await startApp();
    const mine: string[] = [];
    for (const name of ["a", "c", "b"]) {
      const url = "http://127.0.0.1:2/";
      for (const of of ["other", "mine"]) {
        const { id } = await makeWebhook(app, { url, name: `${name} ${of}` });
        if (of === "mine") mine.push(id);
      }
    }
    const token = await makeToken(app, { webhooks: mine.map((id) => ({ id })) });
    const query = `query ($after: String) { webhooks(first: 1, after: $after, orderBy: ${orderBy}) {
      nodes { name } pageInfo { endCursor hasNextPage } } }`;
    const names: string[] = [];
    for (let after: string | null = null, isMore = true; isMore;) {
      const response = await withKey(app, token, () => app.post({ query, variables: { after } }));
      const { webhooks } = ((await response.json()) as { data: WebhookPages }).data;
      names.push(...webhooks.nodes.map(({ name }) => name));
      after = webhooks.pageInfo.endCursor;
      isMore = webhooks.pageInfo.hasNextPage;
    }
    const sorted = orderBy === "NAME" ? ["a", "b", "c"] : ["b", "c", "a"];
    expect(names).toEqual(sorted.map((name) => `${name} mine`));
  },
);
interface WebhookPages {
  readonly webhooks: {
    readonly nodes: { readonly name: string }[];
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
  };
}
