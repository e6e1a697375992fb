import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import { graphql } from "./generated/gql.ts";
import type { CreateWebhookInput } from "./generated/graphql.ts";
import { publishSample } from "./steps.ts";
import { WebhooksUpsert } from "./webhooks-documents.ts";
import { as, collector, paused, readWebhook, updated, upserted } from "./webhooks-steps.ts";
import { HandClock } from "./world.ts";

const Count = graphql(`
  query WebhooksUpsertCount {
    webhooks {
      totalCount {
        value
      }
    }
  }
`);

const SHOP: CreateWebhookInput = {
  name: "Shop",
  url: "http://127.0.0.1:2/hook",
  eventTypes: ["payment_*"],
  headers: [
    { name: "Authorization", value: "Bearer hush", isSecret: true },
    { name: "X-Shop", value: "north" },
  ],
  retryDelays: ["PT60S"],
  timeout: "PT5S",
};

const secretOf = (): string => `whsec_${randomBytes(32).toString("base64")}`;

async function count(app: App): Promise<number | undefined> {
  return (await app.run(Count, {})).webhooks?.totalCount.value;
}

async function arrives(app: App, receiver: Awaited<ReturnType<typeof collector>>) {
  const arrival = receiver.next();
  await publishSample(app);
  return arrival;
}

test("an upsert of a key that nobody has creates the webhook and tells its secret once", async () => {
  await using app = await startApp();
  const made = await upserted(app, { key: "shop", webhook: { ...SHOP, paused: true } });
  expect(made).toMatchObject({ isNew: true, key: "shop", state: "PAUSED", version: 1 });
  expect(made.secret).toMatch(/^whsec_/);
  const again = await upserted(app, { key: "shop", webhook: SHOP });
  expect(again).toMatchObject({ isNew: false, id: made.id, secret: null, secrets: made.secrets });
  expect(await count(app)).toBe(1);
});

test("the same upsert again leaves version, time of change and secret alone, and is no news for the log", async () => {
  await using app = await startApp();
  const secret = secretOf();
  const webhook = { ...SHOP, secret };
  const {
    isNew: _isNew,
    secret: _secret,
    ...first
  } = await upserted(app, { key: "shop", webhook });
  for (const same of [
    webhook,
    { ...webhook, secret: undefined },
    { ...webhook, retryDelays: ["PT1M"] },
  ]) {
    const { isNew, secret: told, ...again } = await upserted(app, { key: "shop", webhook: same });
    expect({ isNew, told }).toEqual({ isNew: false, told: null });
    expect(again).toEqual(first);
  }
  const changes = app.log.filter(({ message }) => message.startsWith("webhook."));
  expect(changes.map(({ message }) => message)).toEqual(["webhook.created"]);
});

test("an upsert makes the webhook exactly what it says: what it leaves out goes back to the default", async () => {
  await using app = await startApp();
  const { id } = await upserted(app, {
    key: "shop",
    webhook: { ...SHOP, description: "Old", format: "FLAT", maxInFlight: 3 },
  });
  const changed = await upserted(app, {
    key: "shop",
    webhook: { name: "New", url: "http://127.0.0.1:2/new", eventTypes: ["*"] },
  });
  expect(changed).toMatchObject({
    id,
    isNew: false,
    version: 2,
    name: "New",
    url: "http://127.0.0.1:2/new",
    eventTypes: ["*"],
    description: null,
    format: "ENVELOPE",
    headers: [],
    maxInFlight: 10,
    timeout: "PT15S",
    retryDelays: ["PT0.05S", "PT0.1S", "PT0.2S"],
  });
});

test("an upsert leaves the state alone: what somebody paused stays paused, what runs stays running", async () => {
  await using app = await startApp();
  const { id } = await upserted(app, { key: "shop", webhook: SHOP });
  await paused(app, { id }, "holiday");
  const still = await upserted(app, {
    key: "shop",
    webhook: { ...SHOP, name: "Renamed", paused: false },
  });
  expect(still).toMatchObject({ name: "Renamed", state: "PAUSED", stateReason: "holiday" });
  await upserted(app, { key: "other", webhook: SHOP });
  const running = await upserted(app, { key: "other", webhook: { ...SHOP, paused: true } });
  expect(running).toMatchObject({ state: "ACTIVE", version: 1 });
});

test("an upsert with another secret replaces the one there, and the next delivery is signed with it", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const webhook = { ...SHOP, url: receiver.url };
  const before = await upserted(app, { key: "shop", webhook });
  await arrives(app, receiver);
  const secret = secretOf();
  const after = await upserted(app, { key: "shop", webhook: { ...webhook, secret } });
  expect(after).toMatchObject({
    secret: null,
    version: before.version + 1,
    secrets: [{ hint: secret.slice(-4) }],
  });
  const { body, headers } = await arrives(app, receiver);
  expect(new Webhook(secret).verify(body, headers)).toHaveProperty("data");
  expect(headers["webhook-signature"]?.split(" ")).toHaveLength(1);
});

test("a secret that is replaced in the very millisecond of the last change signs what comes next", async () => {
  await using app = await startApp({ circumstances: { clock: new HandClock() } });
  await using receiver = await collector();
  const webhook = { ...SHOP, url: receiver.url };
  await upserted(app, { key: "shop", webhook });
  await arrives(app, receiver);
  const secret = secretOf();
  await upserted(app, { key: "shop", webhook: { ...webhook, secret } });
  const { body, headers } = await arrives(app, receiver);
  const {
    "webhook-id": id = "",
    "webhook-timestamp": seconds,
    "webhook-signature": signature,
  } = headers;
  expect(signature).toBe(new Webhook(secret).sign(id, new Date(Number(seconds) * 1000), body));
});

test("many upserts of one key at once make one webhook", async () => {
  await using app = await startApp();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      upserted(app, { key: "shop", webhook: { ...SHOP, name: `Shop ${i}` } }),
    ),
  );
  expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1);
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  expect(await count(app)).toBe(1);
});

test("an upsert keeps the value of a secret header that it does not say", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  await upserted(app, { key: "shop", webhook: { ...SHOP, url: receiver.url } });
  const kept = await upserted(app, {
    key: "shop",
    webhook: { ...SHOP, url: receiver.url, headers: [{ name: "authorization", isSecret: true }] },
  });
  expect(kept.headers).toEqual([{ name: "authorization", value: null, isSecret: true }]);
  expect((await arrives(app, receiver)).headers).toMatchObject({ authorization: "Bearer hush" });
});

test("what is wrong with an upsert is told where it stands in the input", async () => {
  await using app = await startApp();
  const wrong = { ...SHOP, name: "", eventTypes: ["nope"], secret: "short" };
  for (const key of ["new", "there"]) {
    if (key === "there") await upserted(app, { key, webhook: SHOP });
    const { upsertWebhook } = await app.run(WebhooksUpsert, { input: { key, webhook: wrong } });
    const refused = as(upsertWebhook, "InvalidInputError");
    expect(refused.issues.map(({ path }) => path.join(".")).toSorted(), key).toEqual([
      "input.webhook.eventTypes.0",
      "input.webhook.name",
      "input.webhook.secret",
    ]);
  }
  expect(await readWebhook(app, { key: "there" })).toMatchObject({ name: "Shop", version: 1 });
});

test("a key that can't be one is refused at input.key", async () => {
  await using app = await startApp();
  for (const key of ["", "a b", "x".repeat(201), "é"]) {
    const { upsertWebhook } = await app.run(WebhooksUpsert, { input: { key, webhook: SHOP } });
    expect(as(upsertWebhook, "InvalidInputError").path).toEqual(["input", "key"]);
  }
});

test("an upsert whose webhook names another key is refused at input.webhook.key, and makes neither", async () => {
  await using app = await startApp();
  const { upsertWebhook } = await app.run(WebhooksUpsert, {
    input: { key: "shop", webhook: { ...SHOP, key: "market" } },
  });
  expect(as(upsertWebhook, "InvalidInputError").path).toEqual(["input", "webhook", "key"]);
  expect(await count(app)).toBe(0);
});

test("a webhook that was changed by hand is brought back by the next upsert", async () => {
  await using app = await startApp();
  const { id } = await upserted(app, { key: "shop", webhook: SHOP });
  await updated(app, { webhook: { id }, name: "By hand", timeout: null });
  expect(await upserted(app, { key: "shop", webhook: SHOP })).toMatchObject({
    name: "Shop",
    timeout: "PT5S",
    version: 3,
  });
});
