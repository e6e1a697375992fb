import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import { describe, expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { DeleteWebhook, InboxRequests, PauseWebhook, WebhookUpdates } from "./watch-documents.ts";
import { history, next, nextUpdates } from "./watch-steps.ts";

/** The same stream over either transport. */
const TRANSPORTS = {
  "a socket": <R extends Record<string, unknown>, V extends Record<string, unknown>>(
    app: App,
    document: TypedDocumentNode<R, V>,
    variables: V,
  ) => app.subscribe(document, variables),
  "server-sent events": <R extends Record<string, unknown>, V extends Record<string, unknown>>(
    app: App,
    document: TypedDocumentNode<R, V>,
    variables: V,
  ) => app.sse(document, variables),
};

describe.each(Object.entries(TRANSPORTS))("over %s", (_name, open) => {
  test("deliveryUpdates tells at once that nothing is history, then each change as it happens", async () => {
    await using app = await startApp();
    const inbox = await makeInbox(app);
    const webhook = await makeWebhook(app, { url: inbox.url });
    await publishSample(app);
    const updates = open(app, DeliveryUpdates, { filter: { eventTypes: ["payment_failed"] } });
    expect((await next(updates)).deliveryUpdates).toMatchObject({
      __typename: "StreamCaughtUp",
      replayed: 0,
    });
    const { eventId } = await publishSample(app, { type: "payment_failed" });
    const [created, attempted] = await nextUpdates(updates, 2);
    const same = { eventId, webhookId: webhook.id, eventType: "payment_failed", isTest: false };
    expect(created).toMatchObject({
      ...same,
      change: "CREATED",
      status: "PENDING",
      attemptCount: 0,
      attempt: null,
    });
    expect(attempted).toMatchObject({
      ...same,
      change: "ATTEMPTED",
      status: "SUCCEEDED",
      attemptCount: 1,
      nextAttemptAt: null,
      attempt: { number: 1, outcome: "SUCCEEDED", trigger: "AUTOMATIC", responseStatus: 200 },
    });
  });

  test("inboxRequests tells what the inbox gets, and nothing of another one", async () => {
    await using app = await startApp();
    const inbox = await makeInbox(app);
    const other = await makeInbox(app);
    const requests = open(app, InboxRequests, { inboxId: inbox.id });
    expect((await next(requests)).inboxRequests).toMatchObject({
      __typename: "StreamCaughtUp",
      replayed: 0,
    });
    await fetch(other.url, { method: "POST", body: "not for it" });
    await fetch(`${inbox.url}/sub?x=1`, { method: "PUT", body: "for it" });
    expect((await next(requests)).inboxRequests).toMatchObject({
      __typename: "InboxRequestReceived",
      request: { method: "PUT", path: `/in/${inbox.id}/sub?x=1`, body: { text: "for it" } },
    });
    const again = open(app, InboxRequests, { inboxId: inbox.id, start: { last: 5 } });
    expect((await next(again)).inboxRequests).toMatchObject({
      request: { body: { text: "for it" } },
    });
    expect((await next(again)).inboxRequests).toMatchObject({
      __typename: "StreamCaughtUp",
      replayed: 1,
    });
  });

  test("webhookUpdates tells of making, pausing and deleting, and shows the webhook as it is", async () => {
    await using app = await startApp();
    const changes = open(app, WebhookUpdates, {});
    expect((await next(changes)).webhookUpdates).toMatchObject({
      __typename: "StreamCaughtUp",
      replayed: 0,
    });
    const { id } = await makeWebhook(app, { url: "http://127.0.0.1:2/", name: "Watched" });
    expect((await next(changes)).webhookUpdates).toMatchObject({
      __typename: "WebhookUpdated",
      webhookId: id,
      webhook: { id, name: "Watched", state: "ACTIVE" },
    });
    await app.run(PauseWebhook, { input: { webhook: { id } } });
    expect((await next(changes)).webhookUpdates).toMatchObject({
      webhookId: id,
      webhook: { state: "PAUSED" },
    });
    await app.run(DeleteWebhook, { input: { webhook: { id } } });
    expect((await next(changes)).webhookUpdates).toMatchObject({
      __typename: "WebhookDeleted",
      webhookId: id,
    });
    const replay = open(app, WebhookUpdates, { start: { last: 10 } });
    expect((await next(replay)).webhookUpdates).toMatchObject({
      __typename: "WebhookUpdated",
      webhook: null,
    });
    expect((await next(replay)).webhookUpdates).toMatchObject({
      __typename: "WebhookUpdated",
      webhook: null,
    });
    expect((await next(replay)).webhookUpdates).toMatchObject({
      __typename: "WebhookDeleted",
      webhookId: id,
    });
    expect((await next(replay)).webhookUpdates).toMatchObject({
      __typename: "StreamCaughtUp",
      replayed: 3,
    });
  });

  test("start: {last} tells the last that match, oldest first, and how many they were", async () => {
    await using app = await startApp();
    await makeWebhook(app, { url: (await makeInbox(app)).url });
    const watched = app.subscribe(DeliveryUpdates, { start: { last: 1 } });
    await next(watched);
    for (let count = 0; count < 3; count++) await publishSample(app);
    const all = await nextUpdates(watched, 6);
    const filter = { changes: ["ATTEMPTED" as const] };
    const last = open(app, DeliveryUpdates, { filter, start: { last: 2 } });
    expect(await nextUpdates(last, 2)).toEqual(
      all.filter(({ change }) => change === "ATTEMPTED").slice(1),
    );
    expect((await next(last)).deliveryUpdates).toMatchObject({
      __typename: "StreamCaughtUp",
      replayed: 2,
    });
    const more = open(app, DeliveryUpdates, { start: { last: 500 } });
    expect(await history(more)).toEqual(all);
  });

  test("start: {after} goes on behind any message, live ones included", async () => {
    await using app = await startApp();
    await makeWebhook(app, { url: (await makeInbox(app)).url });
    const watched = app.subscribe(DeliveryUpdates);
    await next(watched);
    for (let count = 0; count < 3; count++) await publishSample(app);
    const all = await nextUpdates(watched, 6);
    for (const [index, { cursor }] of all.entries()) {
      const rest = open(app, DeliveryUpdates, { start: { after: cursor } });
      expect(await history(rest)).toEqual(all.slice(index + 1));
      await rest.return?.();
    }
  });
});

test("a start that is none is refused with INVALID_INPUT and the path, over a socket and over SSE", async () => {
  await using app = await startApp();
  const inbox = await makeInbox(app);
  const { cursor: ofWebhooks } = (await next(app.subscribe(WebhookUpdates))).webhookUpdates;
  const { cursor: ofInbox } = (await next(app.subscribe(InboxRequests, { inboxId: inbox.id })))
    .inboxRequests;
  const starts = [
    { after: "bm9uc2Vuc2U" },
    { after: "" },
    { after: "[]" },
    { after: ofWebhooks },
    { after: ofInbox },
    { last: 0 },
    { last: -1 },
    { last: 501 },
  ];
  const refusal = /INVALID_INPUT.*inputPath":\["start","(after|last)"\]/;
  for (const start of starts) {
    await expect(next(app.subscribe(DeliveryUpdates, { start }))).rejects.toThrow(refusal);
    const asked = { query: print(DeliveryUpdates), variables: { start } };
    const response = await app.post(asked, { accept: "text/event-stream" });
    expect(await response.text()).toMatch(refusal);
  }
});

test("a cursor of one inbox is refused by another one, and by the other streams", async () => {
  await using app = await startApp();
  const [one, two] = [await makeInbox(app), await makeInbox(app)];
  const { cursor } = (await next(app.subscribe(InboxRequests, { inboxId: one.id }))).inboxRequests;
  const start = { after: cursor };
  await expect(next(app.subscribe(InboxRequests, { inboxId: two.id, start }))).rejects.toThrow(
    "INVALID_INPUT",
  );
  await expect(next(app.subscribe(WebhookUpdates, { start }))).rejects.toThrow("INVALID_INPUT");
  expect(
    (await next(app.subscribe(InboxRequests, { inboxId: one.id, start }))).inboxRequests.__typename,
  ).toBe("StreamCaughtUp");
});

test("watching an inbox that does not exist is NOT_FOUND", async () => {
  await using app = await startApp();
  await expect(
    next(app.subscribe(InboxRequests, { inboxId: "inb_01h455vb4pex5vsknk084sn02q" })),
  ).rejects.toThrow("NOT_FOUND");
});
