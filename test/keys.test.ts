import { request } from "node:http";
import { expect, test } from "vitest";
import { SCOPES } from "../src/domain/rights.ts";
import { ADMIN_KEY, eventually, startApp, type App, testOnFile } from "./app.ts";
import { CreateKey, ListKeys, ListTenants, MakeTenant, RevokeKey, Who } from "./keys-documents.ts";
import { makeKey, makeTenant, TENANT_SCOPES, withKey } from "./keys-steps.ts";
import { everything, openDatabase } from "./second-tenant.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { HandClock } from "./world.ts";

const statusWith = async (app: App, key: string) =>
  withKey(app, key, async () => (await app.post({ query: "{ viewer { keyName } }" })).status);

test("the operator's key may do everything, for the tenant that is there from the start", async () => {
  await using app = await startApp();
  expect((await app.run(Who)).viewer).toMatchObject({
    tenant: { key: "default" },
    scopes: SCOPES,
    keyName: null,
    expiresAt: null,
  });
});

test("a key opens its own tenant, with its own scopes, and says so", async () => {
  await using app = await startApp();
  const tenant = await makeTenant(app, "second");
  const key = await makeKey(app, {
    tenantId: tenant.id,
    name: "Reader",
    scopes: ["WEBHOOKS_READ", "EVENTS_READ"],
    expiresIn: "PT1H",
  });
  expect(key.secret.endsWith(key.hint)).toBe(true);
  const { viewer } = await withKey(app, key.secret, () => app.run(Who));
  expect(viewer).toEqual({
    tenant: { id: tenant.id, key: "second" },
    scopes: ["WEBHOOKS_READ", "EVENTS_READ"],
    keyName: "Reader",
    expiresAt: key.expiresAt,
  });
});

test("the text of a key is shown once: only its hash is stored, and no log line holds it", async () => {
  await using app = await startApp({ env: { HOOKWIRE_LOG: "trace" } });
  const { secret } = await makeKey(app);
  await withKey(app, secret, () => app.run(ListKeys));
  await app.stop();
  expect(JSON.stringify(everything(app))).not.toContain(secret.slice(5));
  expect(JSON.stringify(app.log)).not.toContain(secret.slice(5));
  await app.start();
  expect(await statusWith(app, secret)).toBe(200);
});

test("keys are listed newest first, with when they were last used, at most a minute late", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const [first, second] = [await makeKey(app, { name: "a" }), await makeKey(app, { name: "b" })];
  const nodes = async () => (await app.run(ListKeys)).apiKeys?.nodes ?? [];
  expect(await nodes()).toMatchObject([
    { id: second.id, name: "b", lastUsedAt: null, revokedAt: null },
    { id: first.id, name: "a", lastUsedAt: null },
  ]);
  const usedAt = clock.now().toISOString();
  await withKey(app, first.secret, () => app.run(Who));
  clock.pass(30_000);
  await eventually(async () => (await nodes())[1]?.lastUsedAt !== null);
  expect((await nodes()).map(({ lastUsedAt }) => lastUsedAt)).toEqual([null, usedAt]);
});

testOnFile(
  "when a key was last used is not forgotten when it can't be written: the next write has it",
  async () => {
    const clock = new HandClock();
    await using app = await startApp({ circumstances: { clock } });
    const [early, often] = [await makeKey(app), await makeKey(app)];
    const db = openDatabase(app);
    db.exec(
      "create trigger full before update on api_key begin select raise(abort, 'disk is full'); end",
    );
    const use = ({ secret }: typeof early) => withKey(app, secret, () => app.run(Who));
    for (const key of [early, often]) await use(key);
    const usedAt = clock.now().toISOString();
    const failures = () => app.log.filter(({ level }) => level === "error").length;
    clock.pass(30_000);
    await eventually(async () => failures() === 1);
    await use(often);
    const usedAgainAt = clock.now().toISOString();
    clock.pass(30_000);
    await eventually(async () => failures() === 2);
    db.exec("drop trigger full");
    db.close();
    clock.pass(30_000);
    const times = async () => (await app.run(ListKeys)).apiKeys?.nodes.map((key) => key.lastUsedAt);
    await eventually(async () => (await times())?.[0] !== null);
    expect(await times()).toEqual([usedAgainAt, usedAt]);
  },
);

test("when a key was last used is kept at a stop", async () => {
  await using app = await startApp();
  const { secret } = await makeKey(app);
  await withKey(app, secret, () => app.run(Who));
  await app.stop();
  await app.start();
  expect((await app.run(ListKeys)).apiKeys?.nodes[0]?.lastUsedAt).not.toBeNull();
});

test("a key ends when it expires, and when it is revoked, from the answer on", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const [short, long] = [await makeKey(app, { expiresIn: "PT1M" }), await makeKey(app)];
  for (const { secret } of [short, long]) expect(await statusWith(app, secret)).toBe(200);
  clock.pass(60_000);
  expect(await statusWith(app, short.secret)).toBe(401);
  expect(await statusWith(app, long.secret)).toBe(200);
  const { revokeApiKey } = await app.run(RevokeKey, { id: long.id });
  expect(revokeApiKey).toMatchObject({
    apiKey: { id: long.id, revokedAt: clock.now().toISOString() },
  });
  expect(await statusWith(app, long.secret)).toBe(401);
  await app.stop();
  await app.start();
  for (const { secret } of [short, long]) expect(await statusWith(app, secret)).toBe(401);
});

test("revoking a key again changes nothing, and one that does not exist is NOT_FOUND", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const { id } = await makeKey(app);
  const first = await app.run(RevokeKey, { id });
  clock.pass(1000);
  expect(await app.run(RevokeKey, { id })).toEqual(first);
  const { revokeApiKey } = await app.run(RevokeKey, { id: "key_01h455vb4pex5vsknk084sn02q" });
  expect(revokeApiKey).toMatchObject({ code: "NOT_FOUND", path: ["input", "apiKeyId"] });
});

test("nobody gives away more than they have: no other scope, no other tenant", async () => {
  await using app = await startApp();
  const tenant = await makeTenant(app, "second");
  const admin = await makeKey(app, { scopes: ["KEYS_ADMIN", "WEBHOOKS_READ"] });
  const asked = (input: object) =>
    withKey(app, admin.secret, () =>
      app.run(CreateKey, { input: { name: "x", scopes: ["WEBHOOKS_READ"], ...input } }),
    );
  expect((await asked({ scopes: ["WEBHOOKS_READ", "EVENTS_READ"] })).createApiKey).toMatchObject({
    __typename: "ForbiddenError",
    code: "FORBIDDEN",
    path: ["input", "scopes"],
    requiredScopes: ["EVENTS_READ"],
  });
  expect((await asked({ tenantId: tenant.id })).createApiKey).toMatchObject({
    __typename: "ForbiddenError",
    requiredScopes: ["TENANTS_ADMIN"],
  });
  expect((await asked({})).createApiKey?.__typename).toBe("CreateApiKeyPayload");
});

test.each([
  [{ scopes: [] }, "INVALID_INPUT", "scopes"],
  [{ name: " " }, "INVALID_INPUT", "name"],
  [{ name: "a\nb" }, "INVALID_INPUT", "name"],
  [{ expiresIn: "PT1S" }, "INVALID_INPUT", "expiresIn"],
  [{ tenantId: "ten_01h455vb4pex5vsknk084sn02q" }, "NOT_FOUND", "tenantId"],
] as const)("createApiKey refuses %j", async (input, code, field) => {
  await using app = await startApp();
  const { createApiKey } = await app.run(CreateKey, {
    input: { name: "x", scopes: ["WEBHOOKS_READ"], ...input } as never,
  });
  expect(createApiKey).toMatchObject({ code, path: ["input", field] });
  expect((await app.run(ListKeys)).apiKeys?.totalCount.value).toBe(0);
});

test("an operator revokes a key of any tenant; a tenant's administrator sees and revokes only their own", async () => {
  await using app = await startApp();
  const [ours, theirs] = [await makeTenant(app, "ours"), await makeTenant(app, "theirs")];
  const leaked = await makeKey(app, { tenantId: theirs.id });
  const { revokeApiKey } = await withKey(app, ours.secret, () =>
    app.run(RevokeKey, { id: leaked.id }),
  );
  expect(revokeApiKey).toMatchObject({ code: "NOT_FOUND" });
  const seen = await withKey(app, ours.secret, () => app.run(ListKeys));
  expect(seen.apiKeys?.nodes.map(({ id }) => id)).not.toContain(leaked.id);
  await app.run(RevokeKey, { id: leaked.id });
  expect(await statusWith(app, leaked.secret)).toBe(401);
  expect(await statusWith(app, theirs.secret)).toBe(200);
});

test("tenants are made and listed by operators; their keys are unique, and what is wrong with one is said", async () => {
  await using app = await startApp();
  const { createTenant } = await app.run(MakeTenant, { input: { key: "acme", name: "Acme" } });
  expect(createTenant).toMatchObject({ tenant: { key: "acme", name: "Acme" } });
  const again = await app.run(MakeTenant, { input: { key: "acme", name: "Again" } });
  expect(again.createTenant).toMatchObject({
    __typename: "ConflictError",
    path: ["input", "key"],
    existing: { __typename: "Tenant" },
  });
  for (const key of ["", "Acme", "-a", "a-", "a b", "a".repeat(64), "ä"])
    expect((await app.run(MakeTenant, { input: { key, name: "x" } })).createTenant).toMatchObject({
      __typename: "InvalidInputError",
      path: ["input", "key"],
    });
  const { tenants } = await app.run(ListTenants);
  expect(tenants?.nodes.map(({ key }) => key)).toEqual(["acme", "default"]);
  const key = await makeKey(app, { scopes: TENANT_SCOPES });
  await withKey(app, key.secret, async () => {
    expect((await app.ask(ListTenants)).errors?.[0]?.extensions).toMatchObject({
      code: "FORBIDDEN",
      requiredScopes: ["TENANTS_ADMIN"],
    });
    expect(
      (await app.run(MakeTenant, { input: { key: "b", name: "b" } })).createTenant,
    ).toMatchObject({ __typename: "ForbiddenError" });
  });
});

test("a new tenant publishes, delivers and streams for itself, and goes on after a restart", async () => {
  await using app = await startApp();
  const tenant = await makeTenant(app, "second");
  await makeWebhook(app, { url: "http://127.0.0.1:2/ours" });
  await withKey(app, tenant.secret, async () => {
    await makeWebhook(app, { url: "http://127.0.0.1:2/theirs", paused: true });
    expect((await publishSample(app)).matchedWebhooks).toBe(1);
  });
  await app.stop();
  await app.start();
  await withKey(app, tenant.secret, async () => {
    expect((await publishSample(app)).matchedWebhooks).toBe(1);
    const { deliveries } = (
      (await (
        await app.post({ query: "{ deliveries { nodes { webhookName status } } }" })
      ).json()) as {
        data: { deliveries: { nodes: unknown[] } };
      }
    ).data;
    expect(deliveries.nodes).toHaveLength(2);
  });
  expect(app.key).toBe(ADMIN_KEY);
});

test("a key makes none that outlives it, and none after it was revoked in the same request", async () => {
  await using app = await startApp();
  const maker = await makeKey(app, { expiresIn: "PT1H" });
  const made = await withKey(app, maker.secret, () => makeKey(app));
  expect(made.expiresAt).toBe(maker.expiresAt);
  const response = await withKey(app, maker.secret, () =>
    app.post({
      query: `mutation {
        a: revokeApiKey(input: { apiKeyId: "${maker.id}" }) { __typename }
        b: createApiKey(input: { name: "after", scopes: [KEYS_ADMIN] }) { __typename }
      }`,
    }),
  );
  expect(await response.json()).toEqual({
    data: { a: { __typename: "RevokeApiKeyPayload" }, b: { __typename: "ForbiddenError" } },
  });
});

test("a request whose body comes after its key was revoked is refused", async () => {
  await using app = await startApp();
  const { id, secret } = await makeKey(app);
  const body = JSON.stringify({ query: "{ viewer { keyName } }" });
  const answered = Promise.withResolvers<number>();
  const slow = request(`${app.url}/graphql`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${secret}`,
      "content-type": "application/json",
      "content-length": body.length,
    },
  });
  slow.on("response", (response) => answered.resolve(response.statusCode ?? 0));
  slow.write(body.slice(0, 10));
  await eventually(async () => (await app.run(ListKeys)).apiKeys !== null);
  await statusWith(app, secret);
  await app.run(RevokeKey, { id });
  slow.end(body.slice(10));
  expect(await answered.promise).toBe(401);
});
