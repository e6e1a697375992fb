import { expect, test } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import {
  Preview,
  ResumeShaped,
  ShapedDeliveries,
  ShapeWebhook,
  TestShaped,
} from "./catalog-documents.ts";
import { ORDER, orderWith, registered } from "./catalog-steps.ts";
import { DeliverPause } from "./deliver-documents.ts";
import type { TestEventInput } from "./generated/graphql.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";

const WANTS_ORDERS = { url: "https://example.com/", eventTypes: ["order_*"] };

async function preview(app: App, id: string, event?: TestEventInput) {
  return (await app.run(Preview, { input: { webhook: { id }, event } })).webhookPreview;
}

test("a past event is previewed as it was published, with its own id", async () => {
  await using app = await startApp();
  await registered(app);
  const { id } = await makeWebhook(app, WANTS_ORDERS);
  const payload = { ...(ORDER.samplePayload as object), total: 99 };
  const { eventId } = await publishSample(app, { type: "order_created", payload });
  expect(await preview(app, id, { eventId })).toMatchObject({
    wouldSend: true,
    request: { body: { json: { id: eventId, type: "order_created", data: payload } } },
  });
  expect(await preview(app, id, { eventId: "evt_00000000000000000000000000" })).toMatchObject({
    code: "NOT_FOUND",
    path: ["input", "event", "eventId"],
  });
});

test("a past event that its type has left behind is still previewed, and is no test any more", async () => {
  await using app = await startApp();
  await registered(app);
  const { id } = await makeWebhook(app, WANTS_ORDERS);
  const { eventId } = await publishSample(app, { type: "order_created" });
  const data = ORDER.samplePayload;
  const run = async () =>
    (await app.run(TestShaped, { input: { webhook: { id }, event: { eventId } } })).testWebhook;
  const changed = orderWith({ total: { type: "string" } });
  const samplePayload = { ...(changed.samplePayload as object), total: "12.50" };
  await registered(app, [{ ...changed, samplePayload }], { allowBreaking: true });
  expect(await preview(app, id, { eventId })).toMatchObject({
    wouldSend: false,
    reason:
      "It would not be sent: it does not fit its type as it is now: /total must be text, but is the number 12.5.",
    request: { body: { json: { id: eventId, data } } },
  });
  expect(await run()).toMatchObject({
    code: "INVALID_INPUT",
    path: ["input", "event", "eventId"],
    message: expect.stringMatching(/does not fit its type as it is now: \/total must be text/),
  });
  await registered(app, [], { prune: true });
  expect(await preview(app, id, { eventId })).toMatchObject({
    wouldSend: false,
    reason: "It would not be sent: order_created was retired, and is published no more.",
    request: { body: { json: { id: eventId, data } } },
  });
  expect(await run()).toMatchObject({ code: "NOT_FOUND", path: ["input", "event", "eventId"] });
});

test("a payload of one's own is previewed, and what is wrong with it is told by its place", async () => {
  await using app = await startApp();
  await registered(app);
  const { id } = await makeWebhook(app, WANTS_ORDERS);
  const custom = (payload: object) => ({ custom: { type: "order_created", payload } });
  const payload = {
    id: "mine",
    total: 1,
    customer: { email: "b@example.com" },
    note: "undeclared",
  };
  expect(await preview(app, id, custom(payload))).toMatchObject({
    wouldSend: true,
    request: { body: { json: { data: payload } } },
  });
  expect(await preview(app, id, custom({ ...payload, customer: {} }))).toMatchObject({
    issues: [{ path: ["input", "event", "custom", "payload"], pointer: "/customer/email" }],
  });
});

test("an override with a slip in its name is refused with what may have been meant; another field is taken", async () => {
  await using app = await startApp();
  await registered(app);
  const { id } = await makeWebhook(app, WANTS_ORDERS);
  const sample = (overrides: object) => ({ sample: { type: "order_created", overrides } });
  expect(await preview(app, id, sample({ totl: 0 }))).toMatchObject({
    __typename: "InvalidInputError",
    issues: [
      {
        path: ["input", "event", "sample", "overrides"],
        pointer: "/totl",
        message: "/totl is no field of the type; did you mean total?",
      },
    ],
  });
  expect(await preview(app, id, sample({ coupon: "SPRING" }))).toMatchObject({
    request: { body: { json: { data: { coupon: "SPRING" } } } },
  });
});

test("an event keeps the selection that it was published with, whatever select says when it is sent", async () => {
  await using app = await startApp();
  await registered(app);
  const { url } = await makeInbox(app);
  const select = (fields: string) => [{ eventType: "order_created", fields }];
  const { id } = await makeWebhook(app, { ...WANTS_ORDERS, url, select: select("total") });
  await app.run(DeliverPause, { id });
  await publishSample(app, { type: "order_created" });
  await app.run(ShapeWebhook, { input: { webhook: { id }, select: select("id") } });
  await app.run(ResumeShaped, { id });
  const sent = await eventually(async () => {
    const statuses = ["SUCCEEDED" as const];
    const { deliveries } = await app.run(ShapedDeliveries, { webhook: id, statuses });
    return deliveries?.nodes[0]?.attempts?.nodes[0];
  });
  const { data } = sent.requestBody!.json as { data: object };
  expect(data).toEqual({ total: 12.5 });
});
