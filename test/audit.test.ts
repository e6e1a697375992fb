import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { AuditUpdate, AuditUpsert } from "./audit-documents.ts";
import { entries } from "./audit-steps.ts";
import { DeliverDelete, DeliverDisable, DeliverPause, DeliverResume } from "./deliver-documents.ts";
import type { AuditFilter } from "./generated/graphql.ts";
import { InboxUpdate } from "./inbox-documents.ts";
import { RevokeKey } from "./keys-documents.ts";
import { makeKey, makeTenant, withKey } from "./keys-steps.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { HandClock } from "./world.ts";

const URL = "http://127.0.0.1:2/";

test("every command that changes a webhook leaves who, what, when, from where, and what it was before", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const { id } = await makeWebhook(app, { url: URL, name: "Shop" });
  clock.pass(1000);
  await app.run(AuditUpdate, { input: { webhook: { id }, name: "Store", maxInFlight: 3 } });
  for (const command of [DeliverPause, DeliverResume, DeliverDisable, DeliverDelete])
    await app.run(command as typeof DeliverPause, { id });
  const [created, secret, updated, ...others] = await entries(app);
  expect(created).toMatchObject({
    tenant: { key: "default" },
    actor: "operator",
    action: "webhook.created",
    subject: id,
    from: "127.0.0.1",
    before: null,
    after: { name: "Shop", url: URL, eventTypes: ["*"], state: "ACTIVE" },
  });
  expect(secret).toMatchObject({ action: "secret.created", after: { webhookId: id } });
  expect(updated).toMatchObject({
    at: clock.now().toISOString(),
    action: "webhook.updated",
    before: { name: "Shop", maxInFlight: null },
    after: { name: "Store", maxInFlight: 3 },
  });
  expect(others.map(({ action }) => action)).toEqual([
    "webhook.paused",
    "webhook.resumed",
    "webhook.disabled",
    "webhook.deleted",
    "secret.removed",
  ]);
  expect(others[0]).toMatchObject({ before: { state: "ACTIVE" }, after: { state: "PAUSED" } });
});

test("keys and tenants leave entries too, in the tenant that they belong to, with the key that made them", async () => {
  await using app = await startApp();
  const tenant = await makeTenant(app, "second");
  const admin = await withKey(app, tenant.secret, () => makeKey(app, { name: "Admin" }));
  await withKey(app, admin.secret, () => makeWebhook(app, { url: URL }));
  await withKey(app, tenant.secret, () => app.run(RevokeKey, { id: admin.id }));
  const all = await entries(app);
  expect(all.map(({ tenant, action }) => [tenant?.key, action])).toEqual([
    ["second", "tenant.created"],
    ["second", "key.created"],
    ["second", "key.created"],
    ["second", "webhook.created"],
    ["second", "secret.created"],
    ["second", "key.revoked"],
  ]);
  expect(all[1]?.actor).toBe("operator");
  expect(all[2]).toMatchObject({ subject: admin.id, after: { name: "Admin", hint: admin.hint } });
  expect(all[3]?.actor).toBe(admin.id);
  expect(all[5]).toMatchObject({ subject: admin.id, before: { revokedAt: null } });
});

test("a tenant reads its own entries, an operator those of all", async () => {
  await using app = await startApp();
  const tenant = await makeTenant(app, "second");
  await makeWebhook(app, { url: URL });
  const seen = await withKey(app, tenant.secret, () => entries(app));
  expect(new Set(seen.map(({ tenant }) => tenant?.key))).toEqual(new Set(["second"]));
  expect(new Set((await entries(app)).map(({ tenant }) => tenant?.key))).toEqual(
    new Set(["second", "default"]),
  );
});

test("what changes nothing leaves no entry, and a refused command none either", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: URL, name: "Shop", key: "shop" });
  const inbox = await makeInbox(app, { failNext: 1 });
  await fetch(inbox.url, { method: "POST" });
  await publishSample(app);
  await app.run(InboxUpdate, { input: { inboxId: inbox.id, responseStatus: 200 } });
  await app.run(InboxUpdate, { input: { inboxId: inbox.id, responseStatus: 999 } });
  await app.run(AuditUpdate, { input: { webhook: { id }, name: "Shop" } });
  await app.run(AuditUpdate, { input: { webhook: { id }, name: " " } });
  await app.run(AuditUpdate, { input: { webhook: { id: "wh_01h455vb4pex5vsknk084sn02q" } } });
  const webhook = { name: "Shop", url: URL, eventTypes: ["*"] };
  await app.run(AuditUpsert, { input: { key: "shop", webhook } });
  expect((await entries(app)).map(({ action }) => action)).toEqual([
    "webhook.created",
    "secret.created",
    "inbox.created",
  ]);
});

test("entries are found by action, subject and time", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const [first, second] = [
    await makeWebhook(app, { url: URL }),
    await makeWebhook(app, { url: URL }),
  ];
  clock.pass(60_000);
  const from = clock.now().toISOString();
  await app.run(DeliverPause, { id: first.id });
  const found = async (filter: AuditFilter) =>
    (await entries(app, filter)).map(({ action, subject }) => [action, subject]);
  expect(await found({ actions: ["webhook.created"] })).toEqual([
    ["webhook.created", first.id],
    ["webhook.created", second.id],
  ]);
  expect(await found({ subject: first.id })).toEqual([
    ["webhook.created", first.id],
    ["webhook.paused", first.id],
  ]);
  expect(await found({ at: { from } })).toEqual([["webhook.paused", first.id]]);
});

test("no entry holds a secret: neither a signing secret nor a key nor the value of a secret header", async () => {
  await using app = await startApp();
  const headers = [{ name: "x-token", value: "hidden-value-1", isSecret: true }];
  const { id, secret } = await makeWebhook(app, { url: URL, headers });
  await app.run(AuditUpdate, {
    input: {
      webhook: { id },
      headers: [
        { name: "x-token", value: "hidden-value-2", isSecret: true },
        { name: "x-open", value: "shown-value", isSecret: false },
      ],
    },
  });
  const key = await makeKey(app);
  const text = JSON.stringify(await entries(app));
  for (const hidden of ["hidden-value", secret.slice(6), key.secret.slice(5)])
    expect(text).not.toContain(hidden);
  expect(text).toContain("shown-value");
});

test("a secret header that is said anew leaves an entry, and one that became a secret shows in none", async () => {
  await using app = await startApp();
  const header = (value: string, isSecret: boolean) => [{ name: "x-token", value, isSecret }];
  const { id } = await makeWebhook(app, { url: URL, headers: header("shown-once", false) });
  for (const value of ["hidden-1", "hidden-2", "hidden-2"])
    await app.run(AuditUpdate, { input: { webhook: { id }, headers: header(value, true) } });
  const updates = await entries(app, { actions: ["webhook.updated"] });
  expect(updates).toHaveLength(2);
  for (const { before, after } of updates) {
    expect(before).not.toEqual(after);
    expect(JSON.stringify([before, after])).toContain("[redacted]");
    expect(JSON.stringify([before, after])).not.toMatch(/hidden|shown/);
  }
});
