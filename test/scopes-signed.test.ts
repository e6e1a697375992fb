import { afterAll, beforeAll, expect, test } from "vitest";
import type { Scope } from "./generated/graphql.ts";
import { startScopesWorld, type ScopesWorld } from "./scopes-world.ts";
import { sample } from "./steps.ts";

let world: ScopesWorld;
beforeAll(async () => {
  world = await startScopesWorld();
});
afterAll(() => world.app[Symbol.asyncDispose]());

const webhook = () => ({ webhook: { id: world.ids.webhook } });

test("a test with a payload of one's own needs the right to publish, one of a past event the right to see it", async () => {
  const run = (scope: Scope, event: object) =>
    world.ask(
      scope,
      `mutation ($input: TestWebhookInput!) { testWebhook(input: $input) {
          __typename ... on ForbiddenError { path requiredScopes } } }`,
      { input: { ...webhook(), event } },
    );
  const custom = {
    custom: { type: "payment_received", payload: await sample(world.app, "payment_received") },
  };
  expect((await run("EVENTS_PUBLISH", custom)).data["testWebhook"]).toEqual({
    __typename: "ForbiddenError",
    path: ["input", "event", "custom"],
    requiredScopes: ["EVENTS_PUBLISH"],
  });
  expect((await run("EVENTS_READ", { eventId: world.ids.event })).data["testWebhook"]).toEqual({
    __typename: "ForbiddenError",
    path: ["input", "event", "eventId"],
    requiredScopes: ["EVENTS_READ"],
  });
  expect((await run("EVENTS_READ", custom)).data["testWebhook"]).toEqual({
    __typename: "TestWebhookPayload",
  });
});

test("what a preview, an attempt and an override show or send of others needs their scopes too", async () => {
  const asked = (scope: Scope, query: string) => world.ask(scope, query);
  const preview = await asked(
    "WEBHOOKS_READ",
    `{ eventType(name: "payment_received") { sampleRequest(webhook: { id: "${world.ids.webhook}" }) { url } } }`,
  );
  expect(preview.data["eventType"]).toEqual({ sampleRequest: null });
  expect(preview.errors?.[0]?.extensions.requiredScopes).toEqual(["WEBHOOKS_READ"]);
  const bodies = await asked(
    "EVENTS_READ",
    `{ deliveries(filter: { isTest: true }) { nodes { lastAttempt { number requestBody { text } } } } }`,
  );
  expect(bodies.data["deliveries"]).toMatchObject({
    nodes: [{ lastAttempt: { number: 1, requestBody: null } }],
  });
  const overridden = await asked(
    "EVENTS_PUBLISH",
    `mutation { testWebhook(input: { webhook: { id: "${world.ids.webhook}" },
      event: { sample: { type: "payment_received", overrides: { payment_id: 9 } } } }) {
      __typename ... on ForbiddenError { requiredScopes } } }`,
  );
  expect(overridden.data["testWebhook"]).toEqual({
    __typename: "ForbiddenError",
    requiredScopes: ["EVENTS_PUBLISH"],
  });
});

interface Attempt {
  readonly requestHeaders: readonly { readonly name: string; readonly value: string }[];
}

test("signatures of recorded attempts are shown to those who may write webhooks, and to nobody else", async () => {
  const query = `{ deliveries(filter: { isTest: true }) { nodes { lastAttempt { requestHeaders { name value } } } } }`;
  const signatureWith = async (scope: Scope) => {
    const { data: answered } = await world.ask(scope, query);
    const { nodes } = answered["deliveries"] as { nodes: { lastAttempt: Attempt }[] };
    const { requestHeaders } = nodes[0]!.lastAttempt;
    return requestHeaders.find(({ name }) => name === "webhook-signature")?.value;
  };
  expect(await signatureWith("AUDIT_READ")).toMatch(/^v1,/);
  expect(await signatureWith("WEBHOOKS_WRITE")).toBe("[redacted]");
});
