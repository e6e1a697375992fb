import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { createVault } from "../src/domain/vault.ts";
import { eventually, startApp, type App, testOnFile } from "./app.ts";
import type { SignatureScheme } from "./generated/graphql.ts";
import { openDatabase } from "./second-tenant.ts";
import { SigningSample, SigningVisits } from "./signing-documents.ts";
import {
  accepts,
  HOUR,
  keyPair,
  nextRequest,
  requestsOf,
  revoke,
  rotated,
  sharedSecret,
} from "./signing-steps.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { QUERIES } from "./tenants-documents.ts";
import { WebhooksCreate, WebhooksUpsert } from "./webhooks-documents.ts";
import { as, collector, present, readWebhook, upserted } from "./webhooks-steps.ts";
import { HandClock } from "./world.ts";

const URL_OK = "http://127.0.0.1:2/hook";

async function created(app: App, input: { secret?: string; signature?: SignatureScheme }) {
  const whole = { name: "Test", eventTypes: ["*"], url: URL_OK, ...input };
  return present((await app.run(WebhooksCreate, { input: whole })).createWebhook);
}

test.each(["0", "1"])(
  "an ed25519 webhook shows its public key and nothing else, and that verifies what it sends (%s sender threads)",
  async (senders) => {
    await using app = await startApp({ env: { HOOKWIRE_SENDERS: senders } });
    await using receiver = await collector();
    const { id, secret } = await makeWebhook(app, { url: receiver.url, signature: "ED25519" });
    expect(secret).toBeNull();
    const { signature, secrets } = await readWebhook(app, { id });
    expect(signature).toBe("ED25519");
    const publicKey = secrets[0]?.publicKey ?? "";
    expect(secrets).toMatchObject([{ scheme: "ED25519", hint: publicKey.slice(-4) }]);
    const request = await nextRequest(app, receiver);
    expect(request.headers["webhook-signature"]).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/);
    expect(accepts(publicKey, request)).toBe(true);
    expect(accepts(publicKey, { ...request, body: `${request.body} ` })).toBe(false);
    expect(accepts(keyPair().publicKey, request)).toBe(false);
  },
);

test("a private key of one's own is taken whole or as its seed, and signs", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  for (const form of ["secret", "seedAlone"] as const) {
    const { publicKey, ...texts } = keyPair();
    const { id } = await makeWebhook(app, {
      url: receiver.url,
      signature: "ED25519",
      secret: texts[form],
      key: form,
      eventTypes: ["payment_received"],
    });
    expect((await readWebhook(app, { id })).secrets).toMatchObject([{ publicKey }]);
    const requests = await requestsOf(app, receiver);
    expect(requests.filter((request) => accepts(publicKey, request))).toHaveLength(1);
  }
});

test("a secret of the other scheme is refused with what would be right, in create and upsert", async () => {
  await using app = await startApp();
  const { secret, publicKey } = keyPair();
  for (const [input, text] of [
    [{ secret }, /say signature ED25519 with it/],
    [{ secret, signature: "HMAC_SHA256" }, /say signature ED25519 with it/],
    [{ secret: sharedSecret(), signature: "ED25519" }, /starts with whsk_/],
    [{ secret: publicKey, signature: "ED25519" }, /bring the private key/],
    [{ secret: secret.slice(0, -3), signature: "ED25519" }, /cut off/],
  ] as const) {
    const refused = as(await created(app, input), "InvalidInputError");
    expect(refused).toMatchObject({ code: "INVALID_INPUT", path: ["input", "secret"] });
    expect(refused.message).toMatch(text);
    const webhook = { name: "Test", eventTypes: ["*"], url: URL_OK, ...input };
    const { upsertWebhook } = await app.run(WebhooksUpsert, { input: { key: "shop", webhook } });
    expect(as(upsertWebhook, "InvalidInputError").path).toEqual(["input", "webhook", "secret"]);
  }
});

test("an upsert does not change the scheme by the way: only with a secret for it, or a rotation", async () => {
  await using app = await startApp();
  const webhook = { name: "Shop", url: URL_OK, eventTypes: ["*"] };
  const { id } = await upserted(app, { key: "shop", webhook });
  await rotated(app, id, { signature: "ED25519" });
  const before = await readWebhook(app, { id });
  const { upsertWebhook } = await app.run(WebhooksUpsert, { input: { key: "shop", webhook } });
  const refused = as(upsertWebhook, "InvalidInputError");
  expect(refused.path).toEqual(["input", "webhook", "signature"]);
  expect(refused.message).toMatch(/signed with ED25519.*rotateWebhookSecret/);
  expect(await readWebhook(app, { id })).toEqual(before);
  const same = await upserted(app, { key: "shop", webhook: { ...webhook, signature: "ED25519" } });
  expect(same.version).toBe(before.version);
  const secret = sharedSecret();
  const changed = await upserted(app, { key: "shop", webhook: { ...webhook, secret } });
  expect(changed).toMatchObject({
    signature: "HMAC_SHA256",
    secrets: [{ scheme: "HMAC_SHA256", hint: secret.slice(-4), expiresAt: null }],
  });
  expect(changed.secrets).toHaveLength(1);
});

test("a preview is signed by the webhook's scheme with a key that its receivers don't know", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: URL_OK, signature: "ED25519" });
  const publicKey = (await readWebhook(app, { id })).secrets[0]?.publicKey ?? "";
  const seen = new Set<string>();
  for (let count = 0; count < 2; count++) {
    const { eventType } = await app.run(SigningSample, { webhook: { id } });
    const { headers: list, signedContent } = present(eventType?.sampleRequest);
    const headers = Object.fromEntries(list.map(({ name, value }) => [name, value]));
    expect(headers["webhook-signature"]).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/);
    const body = signedContent.split(".").slice(2).join(".");
    expect(accepts(publicKey, { headers, body })).toBe(false);
    seen.add(headers["webhook-signature"] ?? "");
  }
  expect(seen.size).toBe(2);
});

test("an inbox checks v1a as it checks v1, and through a change of scheme", async () => {
  await using app = await startApp();
  const { id: inbox, url } = await makeInbox(app);
  const { id } = await makeWebhook(app, { url, signature: "ED25519" });
  const visits = async (count: number) =>
    eventually(async () => {
      const nodes = (await app.run(SigningVisits, { id: inbox })).inbox?.requests?.nodes ?? [];
      return nodes.length === count && nodes;
    });
  const good = { signatureValid: true, signatureProblem: null };
  await publishSample(app);
  expect(await visits(1)).toEqual([good]);
  await rotated(app, id, { signature: "HMAC_SHA256" });
  await publishSample(app);
  expect(await visits(2)).toEqual([good, good]);
  await revoke(app, (await readWebhook(app, { id })).secrets[1]?.id ?? "");
  await publishSample(app);
  expect(await visits(3)).toEqual([good, good, good]);
  const forged = {
    "webhook-id": "evt_1",
    "webhook-timestamp": String(Math.floor(Date.now() / 1000)),
    "webhook-signature": `v1a,${Buffer.alloc(64).toString("base64")}`,
  };
  await fetch(url, { method: "POST", body: "{}", headers: forged });
  const [newest] = await visits(4);
  expect(newest).toMatchObject({
    signatureValid: false,
    signatureProblem: expect.stringContaining("no v1 signature") as string,
  });
});

test("an inbox goes by the time at which a request was signed: a secret may end while its last one is on the way", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const { id: inbox, url } = await makeInbox(app);
  const { id, secret } = await makeWebhook(app, { url, paused: true });
  await rotated(app, id);
  clock.pass(HOUR + 5000);
  const visit = (beforeMs: number) => {
    const at = new Date(clock.now().getTime() - beforeMs);
    const headers = {
      "webhook-id": "evt_1",
      "webhook-timestamp": String(at.getTime() / 1000),
      "webhook-signature": new Webhook(secret).sign("evt_1", at, "{}"),
    };
    void fetch(url, { method: "POST", body: "{}", headers });
  };
  const newest = (count: number) =>
    eventually(async () => {
      clock.pass(0);
      const nodes = (await app.run(SigningVisits, { id: inbox })).inbox?.requests?.nodes ?? [];
      return nodes.length === count && nodes[0];
    });
  visit(6000);
  expect(await newest(1)).toMatchObject({ signatureValid: true });
  visit(5000);
  expect(await newest(2)).toMatchObject({
    signatureValid: false,
    signatureProblem: expect.stringContaining("another secret") as string,
  });
});

testOnFile("no secret is told again, logged, or in the clear in any file", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const told: string[] = [];
  const post = app.post.bind(app);
  app.post = async (...args) => {
    const response = await post(...args);
    told.push(await response.clone().text());
    return response;
  };
  const { secret: first, id: webhookId } = await makeWebhook(app, { url: receiver.url });
  const own = keyPair();
  await rotated(app, webhookId, { signature: "ED25519", secret: own.secret });
  await rotated(app, webhookId, { signature: "ED25519" });
  const { secret: last } = await rotated(app, webhookId, { signature: "HMAC_SHA256" });
  const request = await nextRequest(app, receiver);
  const { id: inboxId } = await makeInbox(app);
  const shown = told.splice(0).join();
  for (const secret of [first, last ?? ""]) expect(shown.split(secret)).toHaveLength(2);
  for (const query of QUERIES) await app.post({ query, variables: { inboxId, webhookId } });
  await app.stop();

  const secrets = storedSecrets(app);
  expect(secrets.map((text) => text.split("_")[0])).toEqual(["whsec", "whsk", "whsk", "whsec"]);
  expect(secrets[1]).toBe(own.secret);
  const files = readdirSync(app.folder).map((name) => readFileSync(join(app.folder, name)));
  const texts = [told.join(), JSON.stringify(app.log), JSON.stringify(request)];
  expect(told.length).toBe(QUERIES.length);
  for (const secret of secrets) {
    const bare = secret.slice(secret.indexOf("_") + 1);
    const seed = Buffer.from(bare, "base64").subarray(0, 32);
    // The start of a private key's base64 is its seed's; what follows is public.
    const forms = [
      bare.slice(0, 42),
      seed.toString("base64url").slice(0, 42),
      seed.toString("hex"),
    ];
    for (const form of forms) for (const text of texts) expect(text).not.toContain(form);
    for (const form of [...forms, seed])
      for (const file of files) expect(file.includes(form)).toBe(false);
  }
  // Hints are told, so the answers did speak of them.
  for (const hint of [first.slice(-4), own.publicKey.slice(-4)]) expect(texts[0]).toContain(hint);
  await app.start();
});

/** What is in the database, opened with the key beside it; oldest first. */
function storedSecrets(app: App): string[] {
  const key = Buffer.from(readFileSync(join(app.folder, "hookwire.db.key"), "utf8"), "base64");
  const vault = createVault(key);
  const db = openDatabase(app);
  const rows = db
    .prepare<[], { id: string; sealed: string }>(
      "select id, sealed from signing_secret order by id",
    )
    .all();
  db.close();
  return rows.map(({ id, sealed }) => vault.open(sealed, id));
}
