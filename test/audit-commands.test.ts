import { expect, test } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import { AuditClear } from "./audit-documents.ts";
import { entries } from "./audit-steps.ts";
import { DeliverAgain, DeliverCancel, DeliverPause } from "./deliver-documents.ts";
import { holdingReceiver, onlyDelivery, settled } from "./deliver-receiver.ts";
import { InboxDelete, InboxUpdate } from "./inbox-documents.ts";
import { makeKey, withKey } from "./keys-steps.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { makeToken, refusal } from "./tokens-steps.ts";

const URL = "http://127.0.0.1:2/";

/** Of these nouns, oldest first. */
async function entriesOf(app: App, ...nouns: string[]) {
  return (await entries(app)).filter(({ action }) => nouns.includes(action.split(".")[0]!));
}

test("commands on inboxes leave entries, with what differs", async () => {
  await using app = await startApp();
  const key = await makeKey(app);
  const { id } = await withKey(app, key.secret, () => makeInbox(app, { name: "Bin" }));
  await app.run(InboxUpdate, { input: { inboxId: id, responseStatus: 503, failNext: 2 } });
  await app.run(InboxDelete, { input: { inboxId: id } });
  const about = { subject: id, from: "127.0.0.1", tenant: { key: "default" } };
  expect(await entriesOf(app, "inbox")).toMatchObject([
    {
      ...about,
      action: "inbox.created",
      actor: key.id,
      before: null,
      after: { name: "Bin", responseStatus: 200, failNext: 0 },
    },
    {
      ...about,
      action: "inbox.updated",
      actor: "operator",
      before: { responseStatus: 200, failNext: 0 },
      after: { responseStatus: 503, failNext: 2 },
    },
    { ...about, action: "inbox.removed", before: { responseStatus: 503 }, after: null },
  ]);
});

test("a token leaves who made it, for what and until when, and never the token itself", async () => {
  await using app = await startApp();
  const key = await makeKey(app, { scopes: ["WEBHOOKS_READ", "WEBHOOKS_WRITE"] });
  const { id } = await makeWebhook(app, { url: URL });
  const scopes = ["WEBHOOKS_READ" as const];
  const wide = await makeToken(app, { scopes });
  const narrow = await withKey(app, key.secret, () =>
    makeToken(app, { scopes, webhooks: [{ id }] }),
  );
  await refusal(app, { scopes: [] });
  const found = await entriesOf(app, "token");
  expect(found).toMatchObject([
    {
      action: "token.created",
      actor: "operator",
      subject: "operator",
      from: "127.0.0.1",
      before: null,
      after: { scopes, webhooks: null, expiresAt: expect.stringMatching(/^\d{4}-.*Z$/) as string },
    },
    { actor: key.id, subject: key.id, after: { scopes, webhooks: [id] } },
  ]);
  const text = JSON.stringify(found);
  for (const token of [wide, narrow]) expect(text).not.toContain(token.slice(6, 30));
});

test("redelivering and cancelling leave entries, and what is refused leaves none", async () => {
  await using app = await startApp({ env: { HOOKWIRE_RETRY_DELAYS: "PT1H" } });
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 500 });
  await makeWebhook(app, { url: receiver.url });
  const { eventId } = await publishSample(app);
  const deliveryId = await onlyDelivery(app, eventId);
  await settled(app, deliveryId, "RETRYING");
  const key = await makeKey(app);
  await withKey(app, key.secret, () => app.run(DeliverCancel, { deliveryId }));
  await app.run(DeliverCancel, { deliveryId });
  await app.run(DeliverAgain, { deliveryId });
  const about = { subject: deliveryId, from: "127.0.0.1", tenant: { key: "default" } };
  const dueAt = expect.stringMatching(/Z$/) as string;
  expect(await entriesOf(app, "delivery")).toMatchObject([
    {
      ...about,
      action: "delivery.cancelled",
      actor: key.id,
      before: { status: "RETRYING", dueAt },
      after: { status: "CANCELLED", dueAt: null },
    },
    {
      ...about,
      action: "delivery.redelivered",
      actor: "operator",
      before: { status: "CANCELLED", dueAt: null },
      after: { status: "PENDING", dueAt },
    },
  ]);
});

test("a webhook that is resumed without what it held leaves how many deliveries that cost", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: URL });
  await app.run(DeliverPause, { id });
  for (let count = 0; count < 3; count++) await publishSample(app);
  await app.run(AuditClear, { id });
  await app.run(DeliverPause, { id });
  await app.run(AuditClear, { id });
  const found = await entriesOf(app, "webhook", "deliveries");
  expect(found.map(({ action, subject, after }) => [action, subject, after])).toMatchObject([
    ["webhook.created", id, {}],
    ["webhook.paused", id, {}],
    ["deliveries.cancelled", id, { count: 3 }],
    ["webhook.resumed", id, {}],
    ["webhook.paused", id, {}],
    ["webhook.resumed", id, {}],
  ]);
});

test("a browser that is signed in leaves an entry, with the key that did it, and a wrong key leaves none", async () => {
  await using app = await startApp();
  const key = await makeKey(app);
  for (const shown of ["a-wrong-key", app.key, key.secret])
    await fetch(`${app.url}/login`, {
      method: "POST",
      body: new URLSearchParams({ key: shown }),
      redirect: "manual",
    });
  const found = await eventually(async () => {
    const some = await entriesOf(app, "session");
    return some.length >= 2 && some;
  });
  expect(found).toMatchObject([
    { action: "session.created", actor: "operator", subject: "operator", from: "127.0.0.1" },
    { action: "session.created", actor: key.id, subject: key.id, tenant: { key: "default" } },
  ]);
  expect(found).toHaveLength(2);
});
