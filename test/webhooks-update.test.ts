import { expect, test } from "vitest";
import { eventually, startApp, type App, testOnFile } from "./app.ts";
import { graphql } from "./generated/gql.ts";
import type { UpdateWebhookInput } from "./generated/graphql.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { WebhooksCreate, WebhooksUpdate } from "./webhooks-documents.ts";
import {
  holdWrites,
  watchStatements,
  as,
  collector,
  paused,
  present,
  readWebhook,
  updated,
} from "./webhooks-steps.ts";

const Counted = graphql(`
  query WebhooksUpdateCounted($id: ID!) {
    webhook(by: { id: $id }) {
      deliveryCount
    }
  }
`);

const FULL = {
  key: "shop",
  name: "Shop",
  url: "http://127.0.0.1:2/hook",
  eventTypes: ["payment_*"],
  description: "Old",
  integration: "zapier",
  format: "FLAT",
  headers: [{ name: "X-Shop", value: "north" }],
  retryDelays: ["PT1M"],
  timeout: "PT5S",
  maxInFlight: 3,
} as const;

async function makeFull(app: App) {
  const input = {
    ...FULL,
    eventTypes: [...FULL.eventTypes],
    headers: [...FULL.headers],
    retryDelays: [...FULL.retryDelays],
  };
  const { createWebhook } = await app.run(WebhooksCreate, { input });
  return present(as(createWebhook, "CreateWebhookPayload").webhook);
}

async function update(app: App, input: UpdateWebhookInput) {
  return (await app.run(WebhooksUpdate, { input })).updateWebhook;
}

const key = { webhook: { key: "shop" } };
const CHANGES: readonly [Omit<UpdateWebhookInput, "webhook">, object][] = [
  [{ name: "New" }, { name: "New" }],
  [{ url: "http://127.0.0.1:2/new" }, { url: "http://127.0.0.1:2/new" }],
  [{ eventTypes: ["*"] }, { eventTypes: ["*"] }],
  [{ description: "" }, { description: "" }],
  [{ integration: "make" }, { integration: "make" }],
  [{ format: "ENVELOPE" }, { format: "ENVELOPE" }],
  [
    { headers: [{ name: "X-A", value: "1" }] },
    { headers: [{ name: "x-a", value: "1", isSecret: false }] },
  ],
  [{ retryDelays: [] }, { retryDelays: [] }],
  [{ timeout: "PT30S" }, { timeout: "PT30S" }],
  [{ maxInFlight: 1 }, { maxInFlight: 1 }],
];

test("an update of one field changes that alone, and raises the version", async () => {
  await using app = await startApp();
  let before = await makeFull(app);
  for (const [change, reads] of CHANGES) {
    const after = await updated(app, { ...key, ...change });
    expect(after, JSON.stringify(change)).toEqual({
      ...before,
      ...reads,
      version: before.version + 1,
      updatedAt: after.updatedAt,
    });
    expect(after.updatedAt >= before.updatedAt).toBe(true);
    expect(await readWebhook(app, { id: before.id })).toEqual(after);
    before = after;
  }
});

test("an update that says nothing new changes nothing, not even the version", async () => {
  await using app = await startApp();
  const before = await makeFull(app);
  expect(await updated(app, key)).toEqual(before);
  expect(
    await updated(app, { ...key, name: "Shop", timeout: "PT5S", retryDelays: ["PT60S"] }),
  ).toEqual(before);
});

test("null restores the default of a field that has one", async () => {
  await using app = await startApp();
  await makeFull(app);
  const after = await updated(app, {
    ...key,
    description: null,
    integration: null,
    format: null,
    headers: null,
    retryDelays: null,
    timeout: null,
    maxInFlight: null,
  });
  expect(after).toMatchObject({
    key: "shop",
    name: "Shop",
    description: null,
    integration: "manual",
    format: "ENVELOPE",
    headers: [],
    retryDelays: ["PT0.05S", "PT0.1S", "PT0.2S"],
    timeout: "PT15S",
    maxInFlight: 10,
  });
});

test("null is refused for every field that has no default, all at once", async () => {
  await using app = await startApp();
  const before = await makeFull(app);
  const refused = as(
    await update(app, { ...key, name: null, url: null, eventTypes: null }),
    "InvalidInputError",
  );
  expect(refused.issues.map(({ path }) => path.join(".")).toSorted()).toEqual([
    "input.eventTypes",
    "input.name",
    "input.url",
  ]);
  for (const { message } of refused.issues) expect(message).toMatch(/leave it out to keep it/);
  expect(await readWebhook(app, { key: "shop" })).toEqual(before);
});

test("a bad update is refused like a bad creation, null and other problems together, and changes nothing", async () => {
  await using app = await startApp();
  const before = await makeFull(app);
  const refused = as(
    await update(app, {
      ...key,
      name: null,
      eventTypes: ["nope"],
      timeout: "PT31S",
      url: "nonsense",
    }),
    "InvalidInputError",
  );
  expect(refused.issues.map(({ path }) => path.join(".")).toSorted()).toEqual([
    "input.eventTypes.0",
    "input.name",
    "input.timeout",
    "input.url",
  ]);
  expect(await readWebhook(app, { key: "shop" })).toEqual(before);
});

test("an update to an unsafe URL is refused as UNSAFE_URL", async () => {
  await using app = await startApp();
  const before = await makeFull(app);
  const refused = as(await update(app, { ...key, url: "http://10.0.0.1/" }), "InvalidInputError");
  expect(refused).toMatchObject({ code: "UNSAFE_URL", path: ["input", "url"] });
  expect(await readWebhook(app, { key: "shop" })).toEqual(before);
});

test("a webhook that does not exist can't be updated", async () => {
  await using app = await startApp();
  for (const webhook of [
    { id: "wh_01h455vb4pex5vsknk084sn02q" },
    { id: "evt_1" },
    { id: "" },
    { key: "nobody" },
  ])
    expect(as(await update(app, { webhook, name: "x" }), "NotFoundError")).toMatchObject({
      code: "NOT_FOUND",
      path: ["input", "webhook"],
      message: expect.stringContaining("webhooks query") as string,
    });
});

test("an update on top of an old version is refused and shows the version that is there", async () => {
  await using app = await startApp();
  const { id, version } = await makeFull(app);
  expect(await updated(app, { ...key, expectedVersion: version, name: "A" })).toMatchObject({
    version: version + 1,
  });
  const refused = as(
    await update(app, { ...key, expectedVersion: version, name: "B" }),
    "ConflictError",
  );
  expect(refused).toMatchObject({
    code: "CONFLICT",
    path: ["input", "expectedVersion"],
    currentVersion: version + 1,
    existing: { __typename: "Webhook", id },
  });
  expect(refused.message).toMatch(/read it again/);
  expect(await readWebhook(app, { id })).toMatchObject({ name: "A" });
  await paused(app, { id });
  expect((await update(app, { ...key, expectedVersion: version + 1, name: "C" }))?.__typename).toBe(
    "ConflictError",
  );
});

test("of many updates at once on one expected version, one wins", async () => {
  await using app = await startApp();
  const { id, version } = await makeFull(app);
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      update(app, { ...key, expectedVersion: version, name: `N${i}` }),
    ),
  );
  const kinds = answers.map((answer) => answer?.__typename);
  expect(kinds.filter((kind) => kind === "UpdateWebhookPayload")).toHaveLength(1);
  expect(kinds.filter((kind) => kind === "ConflictError")).toHaveLength(9);
  const winner = answers.find((answer) => answer?.__typename === "UpdateWebhookPayload");
  expect(await readWebhook(app, { id })).toEqual(as(winner, "UpdateWebhookPayload").webhook);
});

test("updates of different fields at once without an expected version all stay", async () => {
  await using app = await startApp();
  const { id } = await makeFull(app);
  const changes = [
    { name: "New" },
    { description: "New" },
    { integration: "new" },
    { timeout: "PT9S" },
    { maxInFlight: 7 },
    { format: "ENVELOPE" } as const,
  ];
  await Promise.all(changes.map((change) => updated(app, { ...key, ...change })));
  expect(await readWebhook(app, { id })).toMatchObject({
    ...Object.assign({}, ...changes),
    version: 7,
  });
});

test("twenty updates at once without an expected version all end well", async () => {
  await using app = await startApp();
  const { id } = await makeFull(app);
  const answers = await Promise.all(
    Array.from(
      { length: 20 },
      async (_, i) =>
        (await app.ask(WebhooksUpdate, { input: { ...key, name: `N${i}` } })).data?.updateWebhook
          ?.__typename,
    ),
  );
  expect(new Set(answers)).toEqual(new Set(["UpdateWebhookPayload"]));
  expect((await readWebhook(app, { id })).version).toBe(21);
});

testOnFile(
  "updates that all read the webhook before the first of them is written lose nothing",
  async () => {
    await using app = await startApp();
    const { id, version } = await makeFull(app);
    const changes = [{ name: "New" }, { description: "New" }, { timeout: "PT9S" }];
    const held = holdWrites(app);
    using statements = watchStatements();
    const answers = [
      ...changes.map((change) => update(app, { ...key, ...change })),
      update(app, { ...key, expectedVersion: version, integration: "first or never" }),
    ];
    const reads = () =>
      statements.seen.filter((sql) => /^select .* from `webhook`/.test(sql)).length;
    await eventually(async () => reads() >= answers.length);
    held[Symbol.dispose]();
    const kinds = (await Promise.all(answers)).map((answer) => answer?.__typename);
    expect(kinds.slice(0, 3)).toEqual(Array(3).fill("UpdateWebhookPayload"));
    const wasFirst = kinds[3] === "UpdateWebhookPayload";
    expect(wasFirst || kinds[3] === "ConflictError").toBe(true);
    expect(await readWebhook(app, { id })).toMatchObject({
      ...Object.assign({}, ...changes),
      integration: wasFirst ? "first or never" : FULL.integration,
      version: version + (wasFirst ? 4 : 3),
    });
  },
);

test("what is published after an update goes to the new URL, in the new format, and deliveries leave the version alone", async () => {
  await using app = await startApp();
  await using old = await collector();
  await using fresh = await collector();
  const { id } = await makeWebhook(app, { url: old.url });
  const [first, second] = [old.next(), fresh.next()];
  await publishSample(app);
  expect(JSON.parse((await first).body)).toHaveProperty("data");
  await updated(app, { webhook: { id }, url: fresh.url, format: "FLAT" });
  await publishSample(app);
  expect(JSON.parse((await second).body)).not.toHaveProperty("data");
  expect(old.got).toHaveLength(1);
  await eventually(async () => (await app.run(Counted, { id })).webhook?.deliveryCount === 2);
  expect(await readWebhook(app, { id })).toMatchObject({ version: 2 });
});
