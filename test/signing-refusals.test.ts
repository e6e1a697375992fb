import { expect, test } from "vitest";
import { eventually, startApp, testOnFile } from "./app.ts";
import type { RotateWebhookSecretInput } from "./generated/graphql.ts";
import { makeTenant, withKey } from "./keys-steps.ts";
import { openDatabase } from "./second-tenant.ts";
import { HOUR, keyPair, revoke, rotate, rotated, sharedSecret } from "./signing-steps.ts";
import { makeWebhook } from "./steps.ts";
import { as, readWebhook } from "./webhooks-steps.ts";
import { HandClock } from "./world.ts";

const URL_OK = "http://127.0.0.1:2/hook";

test("five old secrets may sign at a time; a sixth rotation is told when one ends, and works then", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const { id } = await makeWebhook(app, { url: URL_OK });
  for (let count = 1; count <= 5; count++) await rotated(app, id, { overlap: `PT${count}H` });
  const before = await readWebhook(app, { id });
  expect(before.secrets).toHaveLength(6);
  const refused = as(await rotate(app, { webhook: { id }, overlap: "PT1M" }), "LimitError");
  expect(refused).toMatchObject({ code: "LIMIT_REACHED", limit: 5, retryAfter: "PT1M" });
  expect(refused.message).toMatch(/revoke one/);
  const longer = as(await rotate(app, { webhook: { id }, overlap: "P1D" }), "LimitError");
  expect(longer.retryAfter).toBe("PT1H");
  expect(await readWebhook(app, { id })).toEqual(before);
  // Without an overlap there is no sixth.
  expect((await rotated(app, id, { overlap: "PT0S" })).webhook.secrets).toHaveLength(6);
  clock.pass(HOUR);
  expect((await rotated(app, id, { overlap: "P7D" })).webhook.secrets).toHaveLength(6);
  await revoke(app, (await readWebhook(app, { id })).secrets[1]?.id ?? "");
  await rotated(app, id);
});

test("many rotations at once are done one after the other, up to the limit", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: URL_OK });
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => rotate(app, { webhook: { id }, overlap: "PT1H" })),
  );
  const names = answers.map(({ __typename }) => __typename).toSorted();
  expect(names).toEqual([
    ...Array<string>(3).fill("LimitError"),
    ...Array<string>(5).fill("RotateWebhookSecretPayload"),
  ]);
  const { secrets, version } = await readWebhook(app, { id });
  expect(secrets.map(({ expiresAt }) => expiresAt === null)).toEqual([
    true,
    ...Array<boolean>(5).fill(false),
  ]);
  expect(version).toBe(6);
});

testOnFile(
  "a secret that has expired is gone from the database by the next rotation, and in time by itself",
  async () => {
    const clock = new HandClock();
    await using app = await startApp({ circumstances: { clock } });
    const stored = () => {
      const db = openDatabase(app);
      const rows = db.prepare("select id from signing_secret").all().length;
      db.close();
      return rows;
    };
    const { id } = await makeWebhook(app, { url: URL_OK });
    await rotated(app, id, { overlap: "PT1S" });
    clock.pass(1000);
    expect(stored()).toBe(2);
    await rotated(app, id, { overlap: "PT1S" });
    expect(stored()).toBe(2);
    await eventually(async () => {
      clock.pass(HOUR);
      return stored() === 1;
    });
  },
);

const key = keyPair();
const REFUSED: readonly [
  what: string,
  input: Partial<RotateWebhookSecretInput>,
  path: string,
  text: RegExp,
][] = [
  ["an overlap of more than 7 days", { overlap: "P7DT1S" }, "overlap", /PT0S to P7D/],
  ["a negative overlap", { overlap: "-PT1H" }, "overlap", /ISO 8601 duration/],
  ["an overlap in words", { overlap: "a day" }, "overlap", /ISO 8601 duration/],
  ["an empty secret", { secret: "" }, "secret", /empty/],
  ["a short secret", { secret: "whsec_c2hvcnQ=" }, "secret", /holds 5 bytes; it must hold 24/],
  ["a private key of no scheme", { secret: key.secret }, "secret", /say signature ED25519/],
  ["a public key", { secret: key.publicKey }, "secret", /public key, which can't sign/],
  [
    "a shared secret for ED25519",
    { secret: sharedSecret(), signature: "ED25519" },
    "secret",
    /starts with whsk_/,
  ],
  [
    "halves of two keys",
    {
      secret: `${key.seedAlone.slice(0, 47)}${keyPair().secret.slice(47)}`,
      signature: "ED25519",
    },
    "secret",
    /not the public key of its seed/,
  ],
];

test("each kind of bad rotation is refused with its path and what would be right, and changes nothing", async () => {
  await using app = await startApp();
  const secret = sharedSecret();
  const { id } = await makeWebhook(app, { url: URL_OK, secret });
  const before = await readWebhook(app, { id });
  const same = ["the same secret", { secret }, "secret", /input.secret signs already/] as const;
  for (const [what, input, path, text] of [...REFUSED, same]) {
    const answer = await rotate(app, { webhook: { id }, overlap: "PT1H", ...input });
    const refused = as(answer, "InvalidInputError");
    expect(refused, what).toMatchObject({ code: "INVALID_INPUT", path: ["input", path] });
    expect(refused.message, what).toMatch(text);
    expect(refused.issues, what).toHaveLength(1);
  }
  const both = as(
    await rotate(app, { webhook: { id }, overlap: "P8D", secret: "" }),
    "InvalidInputError",
  );
  expect(both.issues.map(({ path }) => path.join("."))).toEqual(["input.overlap", "input.secret"]);
  expect(await readWebhook(app, { id })).toEqual(before);
});

test("the secret that a webhook goes on with can't be revoked, whatever signs beside it", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: URL_OK });
  for (const look of [
    () => readWebhook(app, { id }),
    async () => (await rotated(app, id)).webhook,
  ]) {
    const { secrets } = await look();
    const refused = as(await revoke(app, secrets[0]?.id ?? ""), "ConflictError");
    expect(refused).toMatchObject({ code: "CONFLICT", path: ["input", "secretId"] });
    expect(refused.message).toMatch(/rotateWebhookSecret first/);
    expect((await readWebhook(app, { id })).secrets).toEqual(secrets);
  }
});

test("what is not there can't be rotated or revoked: unknown, revoked, expired, deleted, another tenant's", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const notFound = async (secretId: string) =>
    expect(await revoke(app, secretId), secretId).toMatchObject({
      __typename: "NotFoundError",
      code: "NOT_FOUND",
      path: ["input", "secretId"],
    });
  const { id } = await makeWebhook(app, { url: URL_OK });
  for (const unknown of ["", "sec_01h455vb4pex5vsknk084sn02q", id]) await notFound(unknown);
  const [, second] = (await rotated(app, id)).webhook.secrets;
  const answers = await Promise.all([1, 2].map(() => revoke(app, second?.id ?? "")));
  expect(answers.map(({ __typename }) => __typename).toSorted()).toEqual([
    "NotFoundError",
    "RevokeSigningSecretPayload",
  ]);
  const [, expired] = (await rotated(app, id)).webhook.secrets;
  clock.pass(HOUR);
  await notFound(expired?.id ?? "");
  const [, old] = (await rotated(app, id, { overlap: "P7D" })).webhook.secrets;
  const other = await makeTenant(app, "other");
  await withKey(app, other.secret, async () => {
    await notFound(old?.id ?? "");
    for (const webhook of [{ id }, { key: "nobody" }])
      expect(await rotate(app, { webhook, overlap: "PT1H" })).toMatchObject({
        code: "NOT_FOUND",
        path: ["input", "webhook"],
      });
  });
  expect((await readWebhook(app, { id })).secrets).toHaveLength(2);
});
