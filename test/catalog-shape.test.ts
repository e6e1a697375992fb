import { expect, test } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import {
  ArrivedBodies,
  Preview,
  ResumeShaped,
  ShapedDeliveries,
  ShapedWebhook,
  ShapeWebhook,
  TestShaped,
} from "./catalog-documents.ts";
import { ORDER, orderWith, register, registered } from "./catalog-steps.ts";
import { DeliverAgain, DeliverDisable, DeliverPause } from "./deliver-documents.ts";
import type { DeliveryStatus, TestEventInput, ValueTest } from "./generated/graphql.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";

const SELECT = [{ eventType: "order_created", fields: "total customer { email } lines { price }" }];
const SHAPED = { total: 12.5, customer: { email: "a@example.com" }, lines: [{ price: 12.5 }] };

async function deliveries(app: App, webhook: string, statuses?: DeliveryStatus[]) {
  const page = await app.run(ShapedDeliveries, { webhook, statuses });
  return page.deliveries!.nodes;
}

async function sent(app: App, webhook: string, count: number) {
  return eventually(async () => {
    const nodes = await deliveries(app, webhook, ["SUCCEEDED"]);
    return (
      nodes.length === count &&
      nodes.map(({ attempts }) => attempts!.nodes[0]!.requestBody!.json as { data: unknown })
    );
  });
}

async function arrived(app: App, inboxId: string): Promise<unknown[]> {
  const { inbox } = await app.run(ArrivedBodies, { id: inboxId });
  return inbox!.requests!.nodes.map(({ body }) => body?.json);
}

test("a selection decides what is sent and recorded; types without one are sent whole", async () => {
  await using app = await startApp();
  await registered(app);
  const { url } = await makeInbox(app);
  const { id } = await makeWebhook(app, { url, eventTypes: ["*"], select: SELECT });
  await publishSample(app, { type: "order_created" });
  await publishSample(app, { type: "payment_received" });
  const bodies = await sent(app, id, 2);
  expect(bodies[1]).toMatchObject({ type: "order_created", data: SHAPED });
  expect(bodies[1]!.data).toEqual(SHAPED);
  expect(Object.keys(bodies[0]!.data as object).length).toBeGreaterThan(20);
});

test("a selection is stored in its normal form, and a wrong one is refused with what would be right", async () => {
  await using app = await startApp();
  await registered(app, [{ ...ORDER, aliases: ["sale"] }]);
  const { id } = await makeWebhook(app, { url: "https://example.com/", eventTypes: ["order_*"] });
  const select = [{ eventType: "sale", fields: "{ total,\n customer { email } }" }];
  const shape = (fields: string, eventType = "order_created") =>
    app.run(ShapeWebhook, { input: { webhook: { id }, select: [{ eventType, fields }] } });
  const done = await app.run(ShapeWebhook, { input: { webhook: { id }, select } });
  expect(done.updateWebhook).toMatchObject({
    webhook: { select: [{ eventType: "order_created", fields: "total customer { email }" }] },
  });
  expect((await shape("totla")).updateWebhook).toMatchObject({
    path: ["input", "select", "0", "fields"],
    message: expect.stringMatching(/total/),
  });
  expect((await shape("customer")).updateWebhook).toMatchObject({ code: "INVALID_INPUT" });
  expect((await shape("payment_total", "payment_received")).updateWebhook).toMatchObject({
    path: ["input", "select", "0", "eventType"],
  });
  const { webhook } = await app.run(ShapedWebhook, { id });
  expect(webhook?.select).toEqual([
    { eventType: "order_created", fields: "total customer { email }" },
  ]);
});

test("a filter lets through what passes, counts what does not, and keeps that when it is asked to", async () => {
  await using app = await startApp();
  await registered(app);
  const { url } = await makeInbox(app);
  const filter = { field: { at: "/total", is: { gte: 100 } } };
  const eventTypes = ["order_created"];
  const { id: quiet } = await makeWebhook(app, { url, eventTypes, filter });
  const keeping = await makeWebhook(app, { url, eventTypes, filter, keepFiltered: true });
  const order = (total: number) => ({ ...(ORDER.samplePayload as object), total });
  const few = await publishSample(app, { type: "order_created", payload: order(99) });
  expect(few.matchedWebhooks).toBe(0);
  const many = await publishSample(app, { type: "order_created", payload: order(100) });
  expect(many.matchedWebhooks).toBe(2);
  await sent(app, quiet, 1);
  await sent(app, keeping.id, 1);
  expect((await app.run(ShapedWebhook, { id: quiet })).webhook).toMatchObject({
    filter,
    filteredCount: 1,
  });
  expect(await deliveries(app, quiet)).toHaveLength(1);
  const [filtered] = await deliveries(app, keeping.id, ["FILTERED"]);
  expect(filtered?.status).toBe("FILTERED");
  const { filteredCount } = await eventually(async () => {
    const { webhook } = await app.run(ShapedWebhook, { id: keeping.id });
    return webhook?.deliveryCount === 1 && webhook;
  });
  expect(filteredCount).toBe(1);
  await app.run(DeliverAgain, { deliveryId: filtered!.id });
  await sent(app, keeping.id, 2);
});

test("a filter on what no type has, or that can't hold, is refused", async () => {
  await using app = await startApp();
  await registered(app);
  const { id } = await makeWebhook(app, { url: "https://example.com/", eventTypes: ["order_*"] });
  const filter = (at: string, is: ValueTest) =>
    app.run(ShapeWebhook, { input: { webhook: { id }, filter: { field: { at, is } } } });
  expect((await filter("/totl", { gt: 1 })).updateWebhook).toMatchObject({
    path: ["input", "filter", "field", "at"],
    message: expect.stringMatching(/total/),
  });
  expect((await filter("/id", { gt: 1 })).updateWebhook).toMatchObject({ code: "INVALID_INPUT" });
  expect((await filter("/status", { eq: "closed" })).updateWebhook).toMatchObject({
    code: "INVALID_INPUT",
  });
  expect((await filter("/customer/email", { startsWith: "a" })).updateWebhook).toMatchObject({
    __typename: "UpdateWebhookPayload",
  });
});

test("a webhook whose selection a change breaks is paused, sends nothing half-filled, and goes on once it is mended", async () => {
  await using app = await startApp();
  await registered(app);
  const { id: inboxId, url } = await makeInbox(app);
  const { id } = await makeWebhook(app, { url, eventTypes: ["order_*"], select: SELECT });
  const without = orderWith({ total: undefined });
  const { changes } = await registered(app, [without], { dryRun: true });
  expect(changes[0]).toMatchObject({ pointer: "/total", brokenSelections: [{ id }] });
  await registered(app, [without], { allowBreaking: true });
  expect((await app.run(ShapedWebhook, { id })).webhook).toMatchObject({
    state: "AUTO_PAUSED",
    stateReason: expect.stringMatching(/select/),
    select: SELECT,
  });
  await publishSample(app, { type: "order_created" });
  expect(await deliveries(app, id)).toMatchObject([{ status: "HELD" }]);
  expect((await app.run(ResumeShaped, { id })).resumeWebhook).toMatchObject({ code: "CONFLICT" });
  const test = await app.run(TestShaped, { input: { webhook: { id } } });
  expect(test.testWebhook).toMatchObject({ code: "CONFLICT" });
  // What it already has is not checked again when something else is changed.
  const named = await app.run(ShapeWebhook, { input: { webhook: { id }, name: "Shop" } });
  expect(named.updateWebhook).toMatchObject({ webhook: { select: SELECT } });
  const select = [{ eventType: "order_created", fields: "customer { email }" }];
  await app.run(ShapeWebhook, { input: { webhook: { id }, select, format: "FLAT" } });
  expect((await app.run(ResumeShaped, { id })).resumeWebhook).toMatchObject({
    webhook: { state: "ACTIVE" },
  });
  const [body] = await sent(app, id, 1);
  expect(body?.data).toEqual({ customer: { email: "a@example.com" } });
  // What is recorded is what arrived, in the format of the time when it was published.
  expect(await arrived(app, inboxId)).toEqual([body]);
});

test("a filter that a change breaks is told before, and its webhook paused until it is mended", async () => {
  await using app = await startApp();
  await registered(app);
  const { url } = await makeInbox(app);
  const over = { field: { at: "/total", is: { gte: 100 } } };
  const { id } = await makeWebhook(app, { url, eventTypes: ["order_*"], filter: over });
  // Others of its events still have the field, or it tests another one.
  const wide = { field: { at: "/payment_total", is: { exists: true } } };
  const eventTypes = ["order_*", "payment_received"];
  const { id: other } = await makeWebhook(app, { url, eventTypes, filter: wide });
  const without = orderWith({ total: undefined });
  const refused = await register(app, [without]);
  expect(refused).toMatchObject({
    __typename: "BreakingChangeError",
    changes: [{ pointer: "/total", brokenSelections: [], brokenFilters: [{ id }] }],
  });
  // Nothing more is broken than was.
  expect((await registered(app, [orderWith({ total: { type: "number" } })])).changes).toMatchObject(
    [{ brokenFilters: [] }],
  );
  await registered(app, [without], { allowBreaking: true });
  expect((await app.run(ShapedWebhook, { id })).webhook).toMatchObject({
    state: "AUTO_PAUSED",
    stateReason: expect.stringMatching(/filter/),
  });
  expect((await app.run(ShapedWebhook, { id: other })).webhook).toMatchObject({ state: "ACTIVE" });
  await app.run(ShapeWebhook, { input: { webhook: { id }, filter: null } });
  expect((await app.run(ResumeShaped, { id })).resumeWebhook).toMatchObject({
    webhook: { state: "ACTIVE" },
  });
  await publishSample(app, { type: "order_created" });
  await sent(app, id, 1);
});

test("a filter whose only event type is pruned is told, and no other", async () => {
  await using app = await startApp();
  await registered(app);
  const filter = { field: { at: "/total", is: { gte: 100 } } };
  const eventTypes = ["order_*", "payment_received"];
  const url = "https://example.com/";
  const { id } = await makeWebhook(app, { url, eventTypes, filter });
  const { changes } = await registered(app, [], { prune: true });
  expect(changes).toMatchObject([{ action: "RETIRED", brokenFilters: [{ id }] }]);
  expect((await app.run(ShapedWebhook, { id })).webhook).toMatchObject({ state: "AUTO_PAUSED" });
});

test("a test and a preview are shaped too, whatever the filter says", async () => {
  await using app = await startApp();
  await registered(app);
  const { url } = await makeInbox(app);
  const filter = { field: { at: "/total", is: { gte: 100 } } };
  const eventTypes = ["order_created"];
  const { id } = await makeWebhook(app, { url, eventTypes, filter, select: SELECT });
  const { testWebhook } = await app.run(TestShaped, { input: { webhook: { id } } });
  expect(testWebhook).toMatchObject({
    succeeded: true,
    attempt: { requestBody: { json: { data: SHAPED } } },
  });
  const { webhookPreview } = await app.run(Preview, { input: { webhook: { id } } });
  expect(webhookPreview).toMatchObject({
    wouldSend: false,
    reason: expect.stringMatching(/filter.*total/s),
    request: { body: { json: { data: SHAPED } } },
  });
});

test("a preview says why: active, paused, disabled, not wanted; and what is wrong with a sample", async () => {
  await using app = await startApp();
  await registered(app);
  const made = await makeWebhook(app, { url: "https://example.com/", eventTypes: ["order_*"] });
  const webhook = { id: made.id };
  const preview = async (event?: TestEventInput) =>
    (await app.run(Preview, { input: { webhook, event } })).webhookPreview;
  const sample = (overrides: object) => ({ sample: { type: "order_created", overrides } });
  expect(await preview()).toMatchObject({
    wouldSend: true,
    request: { url: "https://example.com/" },
  });
  expect(await preview(sample({ total: 0 }))).toMatchObject({
    request: { body: { json: { data: { total: 0, id: "o1" } } } },
  });
  expect(await preview(sample({ total: "0" }))).toMatchObject({
    __typename: "InvalidInputError",
    issues: [{ path: ["input", "event", "sample", "overrides"], pointer: "/total" }],
  });
  expect(await preview({ sample: { type: "payment_received" } })).toMatchObject({
    wouldSend: false,
    reason: expect.stringMatching(/does not want payment_received/),
  });
  await app.run(DeliverPause, webhook);
  expect(await preview()).toMatchObject({
    wouldSend: false,
    reason: expect.stringMatching(/paused/),
  });
  await app.run(DeliverDisable, webhook);
  expect(await preview()).toMatchObject({
    wouldSend: false,
    reason: expect.stringMatching(/disabled/),
  });
  expect(await deliveries(app, made.id)).toEqual([]);
});
