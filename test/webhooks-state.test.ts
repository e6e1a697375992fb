import { expect, test } from "vitest";
import { first, startApp, type App } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import { graphql } from "./generated/gql.ts";
import type { HeldDeliveries, WebhookRef } from "./generated/graphql.ts";
import { makeWebhook, publishSample, sample } from "./steps.ts";
import {
  WebhooksDeliveries,
  WebhooksDisable,
  WebhooksPause,
  WebhooksResume,
  WebhooksUpdates,
} from "./webhooks-documents.ts";
import { as, paused, present, readWebhook } from "./webhooks-steps.ts";
import { HandClock, ScriptedSender, status } from "./world.ts";

const Batch = graphql(`
  mutation WebhooksStateBatch($input: PublishEventsInput!) {
    publishEvents(input: $input) {
      __typename
    }
  }
`);

const URL_OK = "http://127.0.0.1:2/hook";

/** A service whose receivers answer as told, on a clock turned by hand. */
async function startScripted(...script: ConstructorParameters<typeof ScriptedSender>[1]) {
  const clock = new HandClock();
  const sender = new ScriptedSender(clock, script);
  return {
    clock,
    sender,
    app: await startApp({ circumstances: { clock, sender, random: () => 0 } }),
  };
}

async function statuses(app: App, webhookId: string) {
  const { deliveries } = await app.run(WebhooksDeliveries, {
    filter: { webhooks: [{ id: webhookId }] },
  });
  return present(deliveries).nodes.map(({ status: reads }) => reads);
}

async function resumed(app: App, webhook: WebhookRef, held: HeldDeliveries) {
  const { resumeWebhook } = await app.run(WebhooksResume, { input: { webhook, held } });
  return present(as(resumeWebhook, "ResumeWebhookPayload").webhook);
}

async function disabled(app: App, webhook: WebhookRef, reason?: string) {
  const { disableWebhook } = await app.run(WebhooksDisable, { input: { webhook, reason } });
  return present(as(disableWebhook, "DisableWebhookPayload").webhook);
}

/** Waits until a delivery of this webhook came to this. */
async function until(app: App, webhookId: string, change: "ATTEMPTED" | "CANCELLED", times = 1) {
  let seen = 0;
  return first(
    app.subscribe(DeliveryUpdates, {
      start: { last: 500 },
      filter: { webhooks: [{ id: webhookId }], changes: [change] },
    }),
    ({ deliveryUpdates: message }) => message.__typename === "DeliveryUpdate" && ++seen === times,
  );
}

/** The line has had its turn: what is published now is sent, so whatever was to be sent before has been. */
async function lineHadItsTurn(app: App): Promise<void> {
  const witness = await makeWebhook(app, { url: URL_OK, eventTypes: ["domain_created"] });
  await publishSample(app, { type: "domain_created" });
  await until(app, witness.id, "ATTEMPTED");
}

test("a paused webhook holds what is published, says why, and webhookUpdates tells it", async () => {
  const { app: started, sender } = await startScripted(status(200));
  await using app = started;
  const { id } = await makeWebhook(app, { url: URL_OK, key: "shop", eventTypes: ["payment_*"] });
  const updates = app.subscribe(WebhooksUpdates);
  expect((await updates.next()).value).toMatchObject({
    webhookUpdates: { __typename: "StreamCaughtUp" },
  });
  expect(await paused(app, { key: "shop" }, "holiday")).toMatchObject({
    id,
    state: "PAUSED",
    stateReason: "holiday",
    version: 2,
  });
  expect((await updates.next()).value).toMatchObject({
    webhookUpdates: {
      __typename: "WebhookUpdated",
      webhookId: id,
      webhook: { state: "PAUSED", stateReason: "holiday", version: 2 },
    },
  });
  expect(await publishSample(app)).toMatchObject({ matchedWebhooks: 1 });
  await lineHadItsTurn(app);
  const { deliveries } = await app.run(WebhooksDeliveries, { filter: { statuses: ["HELD"] } });
  expect(deliveries?.nodes).toMatchObject([
    { webhookId: id, status: "HELD", nextAttemptAt: null, attemptCount: 0 },
  ]);
  expect(sender.sent).toBe(1);
});

test("a webhook that was created paused holds deliveries from the start", async () => {
  const { app: started } = await startScripted(status(200));
  await using app = started;
  const { id, state } = await makeWebhook(app, { url: URL_OK, paused: true });
  expect(state).toBe("PAUSED");
  await publishSample(app);
  expect(await statuses(app, id)).toEqual(["HELD"]);
});

test("a delivery that waits for its retry is held by a pause, past its time, and goes out on resume", async () => {
  const { app: started, clock, sender } = await startScripted(status(503), status(200));
  await using app = started;
  const { id } = await makeWebhook(app, {
    url: URL_OK,
    eventTypes: ["payment_*"],
    retryDelays: ["PT5S", "PT5M"],
  });
  await publishSample(app);
  await until(app, id, "ATTEMPTED");
  await paused(app, { id });
  expect(await statuses(app, id)).toEqual(["HELD"]);
  clock.pass(60_000);
  await lineHadItsTurn(app);
  expect(sender.sent).toBe(2);
  expect(await statuses(app, id)).toEqual(["HELD"]);
  expect(await resumed(app, { id }, "SEND")).toMatchObject({ state: "ACTIVE", stateReason: null });
  await until(app, id, "ATTEMPTED", 2);
  expect(await statuses(app, id)).toEqual(["SUCCEEDED"]);
  expect(sender.sent).toBe(3);
});

test("resume with SEND sends all that was held", async () => {
  const { app: started, sender } = await startScripted(status(200));
  await using app = started;
  const { id } = await makeWebhook(app, { url: URL_OK, paused: true });
  for (let i = 0; i < 5; i++) await publishSample(app);
  await resumed(app, { id }, "SEND");
  await until(app, id, "ATTEMPTED", 5);
  expect(await statuses(app, id)).toEqual(Array(5).fill("SUCCEEDED"));
  expect(sender.sent).toBe(5);
});

test("resume with CANCEL cancels all that was held, to the last moment, tells it, and sends what comes later", async () => {
  const { app: started, sender } = await startScripted(status(200));
  await using app = started;
  const { id } = await makeWebhook(app, { url: URL_OK, paused: true });
  for (let i = 0; i < 3; i++) await publishSample(app);
  expect(await resumed(app, { id }, "CANCEL")).toMatchObject({ state: "ACTIVE" });
  expect(await statuses(app, id)).toEqual(["CANCELLED", "CANCELLED", "CANCELLED"]);
  await until(app, id, "CANCELLED", 3);
  expect(sender.sent).toBe(0);
  await publishSample(app);
  await until(app, id, "ATTEMPTED");
  expect(await statuses(app, id)).toEqual(["SUCCEEDED", "CANCELLED", "CANCELLED", "CANCELLED"]);
  expect(sender.sent).toBe(1);
});

test("resume with CANCEL of many held deliveries leaves none behind", async () => {
  const { app: started, sender } = await startScripted(status(200));
  await using app = started;
  const { id } = await makeWebhook(app, { url: URL_OK, paused: true });
  const payload = await sample(app, "domain_created");
  const events = Array.from({ length: 1000 }, () => ({ type: "domain_created", payload }));
  const { publishEvents } = await app.run(Batch, { input: { events } });
  expect(publishEvents?.__typename).toBe("PublishEventsPayload");
  await resumed(app, { id }, "CANCEL");
  const { deliveries } = await app.run(WebhooksDeliveries, {
    filter: { webhooks: [{ id }], statuses: ["PENDING", "RETRYING", "HELD", "SUCCEEDED"] },
  });
  expect(deliveries?.nodes).toEqual([]);
  expect(sender.sent).toBe(0);
});

test("resume with CANCEL of a webhook that is active cancels nothing: nothing waited for it", async () => {
  const { app: started } = await startScripted(status(503));
  await using app = started;
  const { id } = await makeWebhook(app, { url: URL_OK });
  await publishSample(app);
  await until(app, id, "ATTEMPTED");
  await resumed(app, { id }, "CANCEL");
  expect(await statuses(app, id)).toEqual(["RETRYING"]);
});

test("a disabled webhook gets no deliveries, what waited for it is held, and resume sends that alone", async () => {
  const { app: started, clock, sender } = await startScripted(status(503), status(200));
  await using app = started;
  const { id } = await makeWebhook(app, { url: URL_OK, eventTypes: ["payment_*"] });
  const before = await publishSample(app);
  await until(app, id, "ATTEMPTED");
  expect(await disabled(app, { id }, "moved away")).toMatchObject({
    state: "DISABLED",
    stateReason: "moved away",
  });
  expect(await publishSample(app)).toMatchObject({ matchedWebhooks: 0 });
  expect(await statuses(app, id)).toEqual(["HELD"]);
  clock.pass(60_000);
  await lineHadItsTurn(app);
  expect(sender.sent).toBe(2);
  await resumed(app, { id }, "SEND");
  await until(app, id, "ATTEMPTED", 2);
  const { deliveries } = await app.run(WebhooksDeliveries, { filter: { webhooks: [{ id }] } });
  expect(deliveries?.nodes).toMatchObject([{ status: "SUCCEEDED", attemptCount: 2 }]);
  expect(before.matchedWebhooks).toBe(1);
});

test("each state is reached from each other, each change raises the version, and no reason stays behind", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: URL_OK });
  const steps = [
    () => paused(app, { id }, "a"),
    () => paused(app, { id }, "b"),
    () => disabled(app, { id }),
    () => paused(app, { id }),
    () => disabled(app, { id }, "c"),
    () => resumed(app, { id }, "SEND"),
  ];
  const seen: [string, string | null | undefined][] = [];
  let version = 1;
  for (const step of steps) {
    const now = await step();
    seen.push([now.state, now.stateReason]);
    expect(now.version).toBeGreaterThan(version);
    version = now.version;
  }
  expect(seen).toEqual([
    ["PAUSED", "a"],
    ["PAUSED", "b"],
    ["DISABLED", null],
    ["PAUSED", null],
    ["DISABLED", "c"],
    ["ACTIVE", null],
  ]);
});

test("a webhook that does not exist can't be paused, resumed or disabled", async () => {
  await using app = await startApp();
  for (const webhook of [{ id: "wh_01h455vb4pex5vsknk084sn02q" }, { key: "nobody" }]) {
    const input = { webhook };
    const answers = [
      (await app.run(WebhooksPause, { input })).pauseWebhook,
      (await app.run(WebhooksResume, { input })).resumeWebhook,
      (await app.run(WebhooksResume, { input: { ...input, held: "CANCEL" } })).resumeWebhook,
      (await app.run(WebhooksDisable, { input })).disableWebhook,
    ];
    for (const answer of answers)
      expect(answer).toMatchObject({
        __typename: "NotFoundError",
        code: "NOT_FOUND",
        path: ["input", "webhook"],
      });
  }
});

test("the state of a webhook and what it holds outlast a restart", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: URL_OK, paused: true });
  await publishSample(app);
  await app.stop();
  await app.start();
  expect(await readWebhook(app, { id })).toMatchObject({ state: "PAUSED" });
  expect(await statuses(app, id)).toEqual(["HELD"]);
});
