import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import type { CreateWebhookInput } from "./generated/graphql.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { WebhooksCreate, WebhooksDelete, WebhooksList } from "./webhooks-documents.ts";
import { as, collector, present, readWebhook } from "./webhooks-steps.ts";

const URL_OK = "http://127.0.0.1:2/hook";
const secretOf = (bytes: number): string => `whsec_${randomBytes(bytes).toString("base64")}`;

async function create(app: App, input: Partial<CreateWebhookInput> = {}) {
  const whole = { name: "Test", eventTypes: ["*"], url: URL_OK, ...input };
  return (await app.run(WebhooksCreate, { input: whole })).createWebhook;
}

test("a webhook is created with all that was said, and reads the same by id and by key", async () => {
  await using app = await startApp();
  const payload = as(
    await create(app, {
      key: "shop.north:1",
      name: "  North shop ",
      url: "HTTP://127.0.0.1:80/a/../hook?x=1#part",
      eventTypes: ["payment_successful", "site_*"],
      description: "Two\nlines",
      integration: "zapier",
      format: "FLAT",
      headers: [{ name: "X-Shop", value: "north" }],
      retryDelays: ["PT5S", "PT300S", "P7D"],
      timeout: "PT1S",
      maxInFlight: 256,
      paused: true,
    }),
    "CreateWebhookPayload",
  );
  const webhook = present(payload.webhook);
  expect(payload.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(webhook).toMatchObject({
    id: expect.stringMatching(/^wh_[0-9a-z]{26}$/) as string,
    key: "shop.north:1",
    name: "North shop",
    url: "http://127.0.0.1/hook?x=1",
    eventTypes: ["payment_successful", "site_*"],
    description: "Two\nlines",
    integration: "zapier",
    format: "FLAT",
    headers: [{ name: "x-shop", value: "north", isSecret: false }],
    signature: "HMAC_SHA256",
    secrets: [{ scheme: "HMAC_SHA256", hint: payload.secret?.slice(-4) }],
    retryDelays: ["PT5S", "PT5M", "P7D"],
    timeout: "PT1S",
    maxInFlight: 256,
    state: "PAUSED",
    stateReason: null,
    version: 1,
  });
  expect(await readWebhook(app, { id: webhook.id })).toEqual(webhook);
  expect(await readWebhook(app, { key: "shop.north:1" })).toEqual(webhook);
});

test("a webhook that says only name, URL and events gets the service's defaults", async () => {
  await using app = await startApp({
    env: { HOOKWIRE_TIMEOUT: "PT12S", HOOKWIRE_RETRY_DELAYS: "PT1S,PT60S" },
  });
  const { webhook } = as(await create(app), "CreateWebhookPayload");
  expect(webhook).toMatchObject({
    key: null,
    description: null,
    integration: "manual",
    format: "ENVELOPE",
    headers: [],
    retryDelays: ["PT1S", "PT1M"],
    timeout: "PT12S",
    maxInFlight: 10,
    state: "ACTIVE",
  });
});

const long = (length: number): string => "x".repeat(length);
const BAD: readonly [
  what: string,
  input: Partial<CreateWebhookInput>,
  path: readonly string[],
  text: RegExp,
][] = [
  ["an empty name", { name: "" }, ["name"], /not be empty/],
  ["a name of blanks", { name: " \t " }, ["name"], /not be empty/],
  ["a name with a line break", { name: "a\nb" }, ["name"], /control characters/],
  ["a name of 201 characters", { name: long(201) }, ["name"], /at most 200/],
  ["an empty key", { key: "" }, ["key"], /1 to 200/],
  ["a key with a blank", { key: "a b" }, ["key"], /letters, digits/],
  ["a key of 201 characters", { key: long(201) }, ["key"], /1 to 200/],
  ["no event types", { eventTypes: [] }, ["eventTypes"], /at least one/],
  ["101 event types", { eventTypes: Array<string>(101).fill("*") }, ["eventTypes"], /at most 100/],
  [
    "an unknown event type",
    { eventTypes: ["*", "payment_recieved"] },
    ["eventTypes", "1"],
    /"payment_recieved".*events query/,
  ],
  ["a pattern that matches none", { eventTypes: ["nope_*"] }, ["eventTypes", "0"], /"nope_\*"/],
  ["an empty event type", { eventTypes: [""] }, ["eventTypes", "0"], /no event type/],
  ["a long description", { description: long(2001) }, ["description"], /at most 2,000/],
  ["an empty integration", { integration: "" }, ["integration"], /not be empty/],
  ["a long integration", { integration: long(65) }, ["integration"], /at most 64/],
  [
    "a retry delay in years",
    { retryDelays: ["PT5S", "P1Y"] },
    ["retryDelays", "1"],
    /ISO 8601.*P7D/,
  ],
  ["a retry delay of more than 7 days", { retryDelays: ["P8D"] }, ["retryDelays", "0"], /P7D/],
  ["a negative retry delay", { retryDelays: ["-PT5S"] }, ["retryDelays", "0"], /ISO 8601/],
  [
    "21 retry delays",
    { retryDelays: Array<string>(21).fill("PT5S") },
    ["retryDelays"],
    /at most 20/,
  ],
  ["a timeout below 1 s", { timeout: "PT0.999S" }, ["timeout"], /PT1S to PT30S/],
  ["a timeout above 30 s", { timeout: "PT30.001S" }, ["timeout"], /PT1S to PT30S/],
  ["a timeout in words", { timeout: "5 seconds" }, ["timeout"], /PT30S/],
  ["0 in flight", { maxInFlight: 0 }, ["maxInFlight"], /1 to 256/],
  ["257 in flight", { maxInFlight: 257 }, ["maxInFlight"], /1 to 256/],
  ["an empty secret", { secret: "" }, ["secret"], /empty/],
  ["a secret that is not base64", { secret: "whsec_not base64!" }, ["secret"], /base64/],
  ["a secret of 23 bytes", { secret: secretOf(23) }, ["secret"], /24 to 64/],
  ["a secret of 65 bytes", { secret: secretOf(65) }, ["secret"], /24 to 64/],
  ["an ed25519 key", { secret: "whsk_AAAA" }, ["secret"], /ed25519/],
  ["no URL", { url: "" }, ["url"], /not a URL/],
  ["a URL without a host", { url: "https://" }, ["url"], /not a URL/],
  ["a relative URL", { url: "/hook" }, ["url"], /https:\/\/example.com/],
  ["a URL of another scheme", { url: "ftp://example.com/" }, ["url"], /http/],
  ["a port of another protocol", { url: "https://example.com:22/" }, ["url"], /Port 22/],
  ["a URL with a line break", { url: "https://example.com/a\nb" }, ["url"], /control character/],
];

test("each kind of bad input is refused with its path and what would be right, and makes nothing", async () => {
  await using app = await startApp();
  for (const [what, input, path, text] of BAD) {
    const refused = as(await create(app, input), "InvalidInputError");
    const at = ["input", ...path];
    expect(refused, what).toMatchObject({ code: "INVALID_INPUT", path: at });
    expect(refused.message, what).toMatch(text);
    const issue = { path: at, pointer: null, message: expect.stringMatching(text) as string };
    expect(refused.issues, what).toEqual([issue]);
  }
  expect((await app.run(WebhooksList, {})).webhooks?.nodes).toEqual([]);
});

test.each([
  "http://10.0.0.1/hook",
  "http://[::1]/hook",
  "http://169.254.169.254/latest/meta-data",
  "http://printer.local/hook",
  "http://0x7f.1/hook",
])("%s is refused as UNSAFE_URL, and the text says how to allow it", async (url) => {
  await using app = await startApp({ env: { HOOKWIRE_ALLOW_TARGETS: "" } });
  const refused = as(await create(app, { url }), "InvalidInputError");
  expect(refused).toMatchObject({ code: "UNSAFE_URL", path: ["input", "url"] });
  expect(refused.message).toContain("HOOKWIRE_ALLOW_TARGETS=");
  expect(refused.issues).toHaveLength(1);
});

test("all problems are told at once, an unsafe URL and a bad secret among them", async () => {
  await using app = await startApp({ env: { HOOKWIRE_ALLOW_TARGETS: "" } });
  const refused = as(
    await create(app, {
      name: "",
      key: "a b",
      url: "http://10.0.0.1/",
      eventTypes: ["nope", "*", "neither"],
      timeout: "PT0S",
      headers: [{ name: "host", value: "x" }],
      secret: "short",
    }),
    "InvalidInputError",
  );
  expect(refused.code).toBe("INVALID_INPUT");
  const paths = refused.issues.map(({ path }) => path.join("."));
  expect(paths.toSorted()).toEqual([
    "input.eventTypes.0",
    "input.eventTypes.2",
    "input.headers.0.name",
    "input.key",
    "input.name",
    "input.secret",
    "input.timeout",
    "input.url",
  ]);
  expect(refused.path).toEqual(refused.issues[0]?.path);
});

test("a bad secret is told together with an unsafe URL", async () => {
  await using app = await startApp({ env: { HOOKWIRE_ALLOW_TARGETS: "" } });
  const refused = as(
    await create(app, { url: "http://10.0.0.1/", secret: "short" }),
    "InvalidInputError",
  );
  expect(refused.issues.map(({ path }) => path.join(".")).toSorted()).toEqual([
    "input.secret",
    "input.url",
  ]);
});

test("an unknown event type that is named twice is told at both places", async () => {
  await using app = await startApp();
  const refused = as(await create(app, { eventTypes: ["nope", "*", "nope"] }), "InvalidInputError");
  expect(refused.issues.map(({ path }) => path)).toEqual([
    ["input", "eventTypes", "0"],
    ["input", "eventTypes", "2"],
  ]);
});

test("a value of the wrong kind is a GraphQL error that makes nothing, with a code", async () => {
  await using app = await startApp();
  const variants = [
    { url: 5 },
    { timeout: 5 },
    { maxInFlight: 1.5 },
    { format: "XML" },
    { headers: [{}] },
    { nope: 1 },
  ];
  for (const wrong of [...variants, { name: null }]) {
    const input = { name: "Test", eventTypes: ["*"], url: URL_OK, ...wrong };
    const response = await app.post({
      query:
        "mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { __typename } }",
      variables: { input },
    });
    const { errors, data } = (await response.json()) as {
      errors?: { message: string; extensions?: object }[];
      data?: object;
    };
    expect(data?.valueOf() ?? null, JSON.stringify(wrong)).toBeNull();
    expect(errors?.[0]?.extensions, errors?.[0]?.message).toHaveProperty("code");
    expect(errors?.[0]?.message).not.toMatch(/at .*\.ts:|select |insert /);
  }
});

test("a secret of one's own signs the deliveries, and is not told back", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  for (const secret of [secretOf(24), secretOf(64), randomBytes(32).toString("base64")]) {
    const payload = as(await create(app, { url: receiver.url, secret }), "CreateWebhookPayload");
    expect(payload.secret).toBeNull();
    const { id, secrets } = present(payload.webhook);
    expect(secrets).toMatchObject([{ hint: secret.slice(-4) }]);
    const arrival = receiver.next();
    const { eventId } = await publishSample(app);
    const { body, headers } = await arrival;
    expect(new Webhook(secret).verify(body, headers)).toMatchObject({
      id: eventId,
      type: "payment_received",
    });
    expect(() => new Webhook(secretOf(32)).verify(body, headers)).toThrow(
      "No matching signature found",
    );
    await app.run(WebhooksDelete, { input: { webhook: { id } } });
  }
});

test("a key that another webhook has is a conflict that shows it, also when many ask at once", async () => {
  await using app = await startApp();
  const answers = await Promise.all(Array.from({ length: 8 }, () => create(app, { key: "shop" })));
  const made = answers.filter((answer) => answer?.__typename === "CreateWebhookPayload");
  expect(made).toHaveLength(1);
  const { webhook } = as(made[0], "CreateWebhookPayload");
  for (const answer of answers.filter((each) => each !== made[0]))
    expect(as(answer, "ConflictError")).toMatchObject({
      code: "CONFLICT",
      path: ["input", "key"],
      message: expect.stringContaining("upsertWebhook") as string,
      existing: { __typename: "Webhook", id: webhook?.id },
    });
});

test("the key of a deleted webhook is free again, and webhooks without a key never conflict", async () => {
  await using app = await startApp();
  const first = await makeWebhook(app, { url: URL_OK, key: "shop" });
  await app.run(WebhooksDelete, { input: { webhook: { key: "shop" } } });
  const second = await makeWebhook(app, { url: URL_OK, key: "shop" });
  expect(second.id).not.toBe(first.id);
  await makeWebhook(app, { url: URL_OK });
  await makeWebhook(app, { url: URL_OK });
});
