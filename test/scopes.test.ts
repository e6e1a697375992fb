import {
  GraphQLObjectType,
  getNamedType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from "graphql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SCOPES } from "../src/domain/rights.ts";
import { schema } from "../src/schema/index.ts";
import type { Scope } from "./generated/graphql.ts";
import { startScopesWorld, type ScopesWorld } from "./scopes-world.ts";
import { next } from "./watch-steps.ts";

const NEEDS = /Needs ([A-Z_]+)\.$/;

/** The scope that the printed schema says a root field needs. */
function needOf(type: GraphQLObjectType, name: string): Scope | undefined {
  return NEEDS.exec(type.getFields()[name]?.description ?? "")?.[1] as Scope | undefined;
}

const roots = {
  query: schema.getQueryType()!,
  mutation: schema.getMutationType()!,
  subscription: schema.getSubscriptionType()!,
};
/** Everybody with a key may ask for these; what they lead to has scopes of its own. */
const OPEN = ["events", "eventType", "node", "nodes", "viewer", "createAccessToken"];

let world: ScopesWorld;
beforeAll(async () => {
  world = await startScopesWorld();
});
afterAll(() => world.app[Symbol.asyncDispose]());

test("every root field declares its scope, and prints it, but for those that are open to all", () => {
  for (const type of Object.values(roots))
    for (const name of Object.keys(type.getFields()))
      expect(Boolean(needOf(type, name)) || OPEN.includes(name), name).toBe(true);
});

/** A call of each root field that would succeed. */
const CALLS: Record<string, () => string> = {
  webhooks: () => "{ webhooks { nodes { id } } }",
  webhook: () => `{ webhook(by: { id: "${world.ids.webhook}" }) { id } }`,
  publishedEvents: () => "{ publishedEvents { nodes { id } } }",
  publishedEvent: () => `{ publishedEvent(by: { id: "${world.ids.event}" }) { id } }`,
  deliveries: () => "{ deliveries { nodes { id } } }",
  delivery: () => `{ delivery(id: "${world.ids.delivery}") { id } }`,
  inboxes: () => "{ inboxes { nodes { id } } }",
  inbox: () => `{ inbox(id: "${world.ids.inbox}") { id } }`,
  tenants: () => "{ tenants { nodes { id } } }",
  apiKeys: () => "{ apiKeys { nodes { id } } }",
  auditLog: () => "{ auditLog { nodes { id } } }",
  webhookPreview: () =>
    `{ webhookPreview(input: { webhook: { id: "${world.ids.webhook}" } }) { __typename } }`,
};

test.each(Object.keys(roots.query.getFields()).filter((name) => !OPEN.includes(name)))(
  "query %s without its scope is FORBIDDEN and says which one is missing; with it, it answers",
  async (name) => {
    const scope = needOf(roots.query, name)!;
    const call = CALLS[name]!();
    const refused = await world.ask(scope, call);
    expect(refused.data[name]).toBeNull();
    expect(refused.errors?.[0]?.extensions).toEqual({ code: "FORBIDDEN", requiredScopes: [scope] });
    const other = SCOPES.find((one) => one !== scope)!;
    const { data: answered, errors } = await world.ask(other, call);
    expect(errors).toBeUndefined();
    expect(answered[name]).not.toBeNull();
  },
);

test.each(Object.keys(roots.mutation.getFields()).filter((name) => !OPEN.includes(name)))(
  "mutation %s without its scope changes nothing and answers ForbiddenError",
  async (name) => {
    const scope = needOf(roots.mutation, name)!;
    const type = roots.mutation.getFields()[name]!.args[0]!.type;
    const refused = await world.ask(
      scope,
      `mutation ($input: ${String(type)}) { ${name}(input: $input) {
          __typename ... on ForbiddenError { code requiredScopes } } }`,
      { input: INPUTS[name]!() },
    );
    expect(refused.errors).toBeUndefined();
    expect(refused.data[name]).toEqual({
      __typename: "ForbiddenError",
      code: "FORBIDDEN",
      requiredScopes: [scope],
    });
  },
);

const webhook = () => ({ webhook: { id: world.ids.webhook } });
const newWebhook = { name: "x", url: "http://127.0.0.1:2/", eventTypes: ["*"] };
const INPUTS: Record<string, () => object> = {
  createWebhook: () => newWebhook,
  upsertWebhook: () => ({ key: "k", webhook: newWebhook }),
  updateWebhook: () => ({ ...webhook(), name: "y" }),
  deleteWebhook: webhook,
  pauseWebhook: webhook,
  resumeWebhook: webhook,
  disableWebhook: webhook,
  testWebhook: webhook,
  rotateWebhookSecret: webhook,
  revokeSigningSecret: () => ({ secretId: "sec_01h455vb4pex5vsknk084sn02q" }),
  publishEvent: () => ({ type: "payment_received", payload: {} }),
  publishEvents: () => ({ events: [{ type: "payment_received", payload: {} }] }),
  redeliverDelivery: () => ({ deliveryId: world.ids.delivery }),
  cancelDelivery: () => ({ deliveryId: world.ids.delivery }),
  createInbox: () => ({}),
  updateInbox: () => ({ inboxId: world.ids.inbox, name: "y" }),
  deleteInbox: () => ({ inboxId: world.ids.inbox }),
  registerEventTypes: () => ({ types: [] }),
  createTenant: () => ({ key: "new", name: "New" }),
  createApiKey: () => ({ name: "x", scopes: ["WEBHOOKS_READ"] }),
  revokeApiKey: () => ({ apiKeyId: "key_01h455vb4pex5vsknk084sn02q" }),
};

test.each(Object.keys(roots.subscription.getFields()))(
  "subscription %s without its scope is refused before it begins",
  async (name) => {
    const scope = needOf(roots.subscription, name)!;
    const args = name === "inboxRequests" ? `(inboxId: "${world.ids.inbox}")` : "";
    const query = `subscription { ${name}${args} { __typename } }`;
    const first = (key: string) => next(world.app.client(`Bearer ${key}`).iterate({ query }));
    const { errors } = await first(world.keyWithout(scope));
    expect(errors?.[0]?.extensions).toEqual({ code: "FORBIDDEN", requiredScopes: [scope] });
    const other = SCOPES.find((one) => one !== scope)!;
    expect((await first(world.keyWithout(other))).data).toEqual({
      [name]: { __typename: "StreamCaughtUp" },
    });
  },
);

test("every type that holds a tenant's things has a scope of its own, however it is reached", () => {
  const open = [
    "Tenant",
    "Viewer",
    "EventType",
    // Parts of what has a scope, and never reached without it.
    /^(WebhookHeader|WebhookHealth|WaitingCounts|SigningSecret|HttpHeader|HttpBody|AttemptTimings|PreparedRequest|EventSelection|WebhookPreview|EventTypeChange)$/,
    /^(EventTypeAlias|RenamedField|PageInfo|Count|InputIssue|.*Edge|.*Payload|.*Data|.*Error|Stream.*)$/,
  ];
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith("__") || Object.values(roots).includes(type))
      continue;
    const isOpen = open.some((one) =>
      one instanceof RegExp ? one.test(type.name) : one === type.name,
    );
    expect(isOpen || NEEDS.test(type.description ?? ""), type.name).toBe(true);
  }
});

test("a field that leads to a type with a scope can be null, so that a missing scope erases nothing beside it", () => {
  const isRefusable = (type: ReturnType<typeof getNamedType>) =>
    isInterfaceType(type)
      ? type.name === "Node"
      : !isUnionType(type) && NEEDS.test(type?.description ?? "");
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || /Connection$|Edge$/.test(type.name)) continue;
    for (const field of Object.values(type.getFields()))
      if (isRefusable(getNamedType(field.type)) && needless(type, getNamedType(field.type)))
        expect(
          String(field.type).endsWith("!") && !String(field.type).startsWith("["),
          `${type.name}.${field.name}`,
        ).toBe(false);
  }
});

/** Whoever sees the one may see the other anyway. */
function needless(from: GraphQLObjectType, to: ReturnType<typeof getNamedType>): boolean {
  const need = (type: { description?: string | null } | undefined) =>
    NEEDS.exec(type?.description ?? "")?.[1];
  return need(from) !== need(to);
}

test("without WEBHOOKS_READ a created webhook is null, and its secret is there all the same", async () => {
  const { data: answered, errors } = await world.ask(
    "WEBHOOKS_READ",
    `mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) {
        ... on CreateWebhookPayload { secret webhook { id name } } } }`,
    { input: newWebhook },
  );
  expect(answered["createWebhook"]).toEqual({
    secret: expect.stringMatching(/^whsec_/),
    webhook: null,
  });
  expect(errors).toMatchObject([
    { path: ["createWebhook", "webhook"], extensions: { requiredScopes: ["WEBHOOKS_READ"] } },
  ]);
});

test("node and nodes give what the key may see, and null with a reason for the rest", async () => {
  const all = [world.ids.webhook, world.ids.event, world.ids.delivery, world.ids.inbox];
  const { data: answered, errors } = await world.ask(
    "EVENTS_READ",
    `query ($ids: [ID!]!) { nodes(ids: $ids) { id } node(id: "${world.ids.event}") { id } }`,
    {
      ids: all,
    },
  );
  expect(answered["nodes"]).toEqual([
    { id: world.ids.webhook },
    null,
    { id: world.ids.delivery },
    { id: world.ids.inbox },
  ]);
  expect(answered["node"]).toBeNull();
  expect(errors?.map(({ extensions }) => extensions.requiredScopes)).toEqual([
    ["EVENTS_READ"],
    ["EVENTS_READ"],
  ]);
});
