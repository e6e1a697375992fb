import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { holdingReceiver, settled, onlyDelivery } from "./deliver-receiver.ts";
import {
  accepts,
  HOUR,
  keyPair,
  nextRequest,
  revoke,
  rotated,
  sharedSecret,
  signersOf,
} from "./signing-steps.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { WebhooksResume } from "./webhooks-documents.ts";
import { collector, paused, readWebhook } from "./webhooks-steps.ts";
import { HandClock } from "./world.ts";

test("a new secret signs at once, the old one beside it to the last millisecond of the overlap, and then no more", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  await using receiver = await collector();
  const { id, secret: old } = await makeWebhook(app, { url: receiver.url });
  expect(signersOf(await nextRequest(app, receiver), { old })).toEqual(["old"]);

  const { secret, webhook, previousExpiresAt } = await rotated(app, id);
  const known = { old, new: secret ?? "" };
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const ends = new Date(clock.now().getTime() + HOUR).toISOString();
  expect(previousExpiresAt).toBe(ends);
  expect(webhook.version).toBe(2);
  const secrets = [
    { scheme: "HMAC_SHA256", hint: secret?.slice(-4), publicKey: null, expiresAt: null },
    { scheme: "HMAC_SHA256", hint: old.slice(-4), publicKey: null, expiresAt: ends },
  ];
  expect(webhook.secrets).toMatchObject(secrets);
  expect((await readWebhook(app, { id })).secrets).toMatchObject(secrets);
  expect(signersOf(await nextRequest(app, receiver), known)).toEqual(["new", "old"]);
  clock.pass(HOUR - 1);
  expect(signersOf(await nextRequest(app, receiver), known)).toEqual(["new", "old"]);
  expect((await readWebhook(app, { id })).secrets).toHaveLength(2);
  clock.pass(1);
  expect(signersOf(await nextRequest(app, receiver), known)).toEqual(["new"]);
  expect((await readWebhook(app, { id })).secrets).toMatchObject([{ expiresAt: null }]);
});

test("each attempt is signed with what is valid when it begins, a repetition after the overlap with the new one alone", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 500 });
  const { id, secret: old } = await makeWebhook(app, { url: receiver.url, retryDelays: ["PT2H"] });
  const { secret } = await rotated(app, id);
  const known = { old, new: secret ?? "" };
  const signers = async (count: number) => {
    const { headers, body } = await receiver.request(count);
    return signersOf({ headers: headers as Record<string, string>, body: body.toString() }, known);
  };
  const delivery = await onlyDelivery(app, (await publishSample(app)).eventId);
  expect(await signers(1)).toEqual(["new", "old"]);
  await settled(app, delivery, "RETRYING");
  clock.pass(3 * HOUR);
  expect(await signers(2)).toEqual(["new"]);
});

test("without an overlap the old secret ends with the answer, also for what was held", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const { id, secret: old } = await makeWebhook(app, { url: receiver.url });
  await paused(app, { id });
  const arrival = receiver.next();
  await publishSample(app);
  const { secret, previousExpiresAt, webhook } = await rotated(app, id, { overlap: "PT0S" });
  expect(Date.parse(previousExpiresAt)).toBeLessThanOrEqual(Date.now());
  expect(webhook.secrets).toHaveLength(1);
  await app.run(WebhooksResume, { input: { webhook: { id }, held: "SEND" } });
  const known = { old, new: secret ?? "" };
  expect(signersOf(await arrival, known)).toEqual(["new"]);
});

test("the overlap is a day when nothing is said", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const { id } = await makeWebhook(app, { url: "http://127.0.0.1:2/" });
  const { previousExpiresAt } = await rotated(app, id, { overlap: undefined });
  expect(Date.parse(previousExpiresAt) - clock.now().getTime()).toBe(24 * HOUR);
});

test("while the scheme changes both schemes sign, in both directions", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  await using receiver = await collector();
  const { id, secret: shared } = await makeWebhook(app, { url: receiver.url });
  const there = await rotated(app, id, { signature: "ED25519" });
  expect(there).toMatchObject({ secret: null, webhook: { signature: "ED25519" } });
  const [current, previous] = there.webhook.secrets;
  expect(current).toMatchObject({ scheme: "ED25519", expiresAt: null });
  expect(current?.publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
  expect(previous).toMatchObject({ scheme: "HMAC_SHA256", publicKey: null });
  const known = { shared, public: current?.publicKey ?? "", back: "" };
  const first = await nextRequest(app, receiver);
  expect(first.headers["webhook-signature"]).toMatch(/^v1a,\S{88} v1,\S{44}$/);
  expect(signersOf(first, known)).toEqual(["public", "shared"]);
  // Stock receivers know nothing of v1a and skip it.
  expect(accepts(shared, first)).toBe(true);
  clock.pass(HOUR);
  expect(signersOf(await nextRequest(app, receiver), known)).toEqual(["public"]);

  const back = await rotated(app, id, { signature: "HMAC_SHA256" });
  known.back = back.secret ?? "";
  expect(signersOf(await nextRequest(app, receiver), known)).toEqual(["back", "public"]);
  // A rotation that says nothing of it keeps the scheme.
  const next = await rotated(app, id, { overlap: "PT0S" });
  expect(next).toMatchObject({ secret: expect.stringMatching(/^whsec_/) as string });
});

test("a secret of one's own signs and is not told back; an old one may come back as the new one", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const a = sharedSecret();
  const { secret: own, publicKey } = keyPair();
  const { id } = await makeWebhook(app, { url: receiver.url, secret: a });
  const first = await rotated(app, id, { secret: own, signature: "ED25519" });
  expect(first).toMatchObject({ secret: null, webhook: { secrets: [{ publicKey }, {}] } });
  const again = await rotated(app, id, { secret: a, signature: "HMAC_SHA256" });
  expect(again.secret).toBeNull();
  expect(again.webhook.secrets).toHaveLength(2);
  expect(signersOf(await nextRequest(app, receiver), { a, publicKey })).toEqual(["a", "publicKey"]);
});

test("while it is rotated under load no request is without a signature, and one that knows the first secret gets all", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const { id, secret } = await makeWebhook(app, { url: receiver.url });
  const known: Record<string, string> = { first: secret };
  let isOver = false;
  const publishing = (async () => {
    while (!isOver) await Promise.all(Array.from({ length: 4 }, () => publishSample(app)));
  })();
  for (const signature of ["ED25519", "HMAC_SHA256", "HMAC_SHA256", "ED25519"] as const) {
    const before = receiver.got.length;
    while (receiver.got.length < before + 8) await receiver.next();
    const done = await rotated(app, id, { signature });
    known[`rotation ${Object.keys(known).length}`] =
      done.secret ?? done.webhook.secrets[0]?.publicKey ?? "";
  }
  isOver = true;
  await publishing;
  const seen = receiver.got.map((request) => signersOf(request, known));
  const newest = Object.keys(known).toReversed();
  const sets = newest.map((_, index) => newest.slice(index).toSorted().join());
  for (const signers of seen) expect(sets).toContain(signers.toSorted().join());
  for (const request of receiver.got) expect(accepts(secret, request)).toBe(true);
  expect(new Set(seen.map(({ length }) => length)).size).toBeGreaterThan(2);
});

test("without an overlap each request in flight is signed with the old set or the new one", async () => {
  await using app = await startApp({ env: { HOOKWIRE_SENDERS: "1" } });
  await using receiver = await collector();
  const { id, secret } = await makeWebhook(app, { url: receiver.url });
  const known: Record<string, string> = { 0: secret };
  let isOver = false;
  const publishing = (async () => {
    while (!isOver) await Promise.all(Array.from({ length: 4 }, () => publishSample(app)));
  })();
  for (let count = 1; count <= 8; count++) {
    const before = receiver.got.length;
    while (receiver.got.length < before + 4) await receiver.next();
    known[count] = (await rotated(app, id, { overlap: "PT0S" })).secret ?? "";
  }
  isOver = true;
  await publishing;
  for (const request of receiver.got)
    expect(signersOf(request, known)).toEqual([expect.stringMatching(/^\d$/)]);
  expect(signersOf(await nextRequest(app, receiver), { last: known[8] ?? "" })).toEqual(["last"]);
});

test("a revoked secret ends with the answer", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const { id, secret: old } = await makeWebhook(app, { url: receiver.url });
  const { secret, webhook } = await rotated(app, id, { overlap: "P7D" });
  const known = { old, new: secret ?? "" };
  expect(signersOf(await nextRequest(app, receiver), known)).toEqual(["new", "old"]);
  const answer = await revoke(app, webhook.secrets[1]?.id ?? "");
  expect(answer).toMatchObject({
    __typename: "RevokeSigningSecretPayload",
    webhook: { id, version: webhook.version + 1, secrets: [{ id: webhook.secrets[0]?.id }] },
  });
  expect(signersOf(await nextRequest(app, receiver), known)).toEqual(["new"]);
});

test("secrets and their ends outlive a restart", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  await using receiver = await collector();
  const { id, secret: old } = await makeWebhook(app, { url: receiver.url });
  const { webhook } = await rotated(app, id, { signature: "ED25519" });
  const known = { old, new: webhook.secrets[0]?.publicKey ?? "" };
  await app.stop();
  await app.start();
  expect(signersOf(await nextRequest(app, receiver), known)).toEqual(["new", "old"]);
  clock.pass(HOUR);
  expect(signersOf(await nextRequest(app, receiver), known)).toEqual(["new"]);
});
