import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import type { Scope } from "./generated/graphql.ts";
import { RevokeKey, Who } from "./keys-documents.ts";
import { makeKey, withKey } from "./keys-steps.ts";
import { makeWebhook } from "./steps.ts";
import { makeToken, refusal, statusWith } from "./tokens-steps.ts";
import { next } from "./watch-steps.ts";
import { HandClock } from "./world.ts";

test("a token opens what it was made for, over HTTP and sockets, and ends by itself", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const token = await makeToken(app, { scopes: ["DELIVERIES_READ"], expiresIn: "PT1M" });
  const { viewer } = await withKey(app, token, () => app.run(Who));
  expect(viewer).toMatchObject({ scopes: ["DELIVERIES_READ"], tenant: { key: "default" } });
  const updates = app
    .client(`Bearer ${token}`)
    .iterate({ query: "subscription { deliveryUpdates { __typename } }" });
  expect((await next(updates)).data).toEqual({ deliveryUpdates: { __typename: "StreamCaughtUp" } });
  clock.pass(60_000);
  await expect(next(updates)).rejects.toMatchObject({ code: 4403 });
  expect(await statusWith(app, token)).toBe(401);
});

test("a token that was touched, or signed by another service, opens nothing", async () => {
  await using app = await startApp();
  await using other = await startApp();
  const token = await makeToken(app);
  const [head, body, signature] = token.split(".");
  const wider = Buffer.from(
    Buffer.from(body!, "base64url").toString().replace("INBOXES", "EVENTS_PUBLISH"),
  ).toString("base64url");
  for (const forged of [
    [head, wider, signature].join("."),
    [head, body, signature!.slice(0, -2)].join("."),
    [`hookt_${Buffer.from('{"alg":"none"}').toString("base64url")}`, body, ""].join("."),
    await makeToken(other),
    "hookt_",
  ])
    expect(await statusWith(app, forged)).toBe(401);
  expect(await statusWith(app, token)).toBe(200);
});

test("a token ends with the key that made it, and has none of the rights that its maker lacks", async () => {
  await using app = await startApp();
  const maker = await makeKey(app, { scopes: ["DELIVERIES_READ"], expiresIn: "PT10M" });
  const token = await withKey(app, maker.secret, () =>
    makeToken(app, { scopes: ["DELIVERIES_READ"], expiresIn: "P1D" }),
  );
  expect(await withKey(app, maker.secret, () => refusal(app, {}))).toMatchObject({
    __typename: "ForbiddenError",
    requiredScopes: ["WEBHOOKS_READ", "EVENTS_READ", "INBOXES"],
  });
  const { viewer } = await withKey(app, token, () => app.run(Who));
  expect(viewer?.expiresAt).toBe(`${maker.expiresAt!.slice(0, -4)}000Z`);
  await app.run(RevokeKey, { id: maker.id });
  expect(await statusWith(app, token)).toBe(401);
});

test("a new operator's key ends the tokens that were made with the old one", async () => {
  await using app = await startApp();
  const token = await makeToken(app);
  await app.stop();
  await app.start({ env: { HOOKWIRE_ADMIN_KEY: "another-operator-key" } });
  expect(await statusWith(app, token)).toBe(401);
});

test.each([
  [{ scopes: [] }, "INVALID_INPUT", ["scopes"]],
  [{ scopes: ["KEYS_ADMIN"] }, "INVALID_INPUT", ["scopes"]],
  [{ scopes: ["TENANTS_ADMIN"] }, "INVALID_INPUT", ["scopes"]],
  [{ webhooks: [] }, "INVALID_INPUT", ["webhooks"]],
  [{ expiresIn: "P2D" }, "INVALID_INPUT", ["expiresIn"]],
  [{ expiresIn: "PT1S" }, "INVALID_INPUT", ["expiresIn"]],
  [{ webhooks: [{ id: "wh_01h455vb4pex5vsknk084sn02q" }] }, "NOT_FOUND", ["webhooks", "0"]],
] as const)("createAccessToken refuses %j", async (input, code, path) => {
  await using app = await startApp();
  expect(await refusal(app, input as never)).toMatchObject({ code, path: ["input", ...path] });
});

test("a token for some webhooks can't publish, nor make another one for more than it sees", async () => {
  await using app = await startApp();
  const [mine, other] = [
    await makeWebhook(app, { url: "http://127.0.0.1:2/a" }),
    await makeWebhook(app, { url: "http://127.0.0.1:2/b" }),
  ];
  const webhooks = [{ id: mine.id }];
  expect(await refusal(app, { webhooks, scopes: ["EVENTS_PUBLISH"] })).toMatchObject({
    code: "INVALID_INPUT",
    path: ["input", "scopes"],
  });
  const token = await makeToken(app, { webhooks });
  await withKey(app, token, async () => {
    expect(await refusal(app, { webhooks: [{ id: other.id }] })).toMatchObject({
      code: "NOT_FOUND",
    });
    const narrower = await makeToken(app, { scopes: ["WEBHOOKS_READ"] });
    const { viewer } = await withKey(app, narrower, () => app.run(Who));
    expect(viewer?.scopes).toEqual(["WEBHOOKS_READ"]);
  });
});

test("a token names at most 100 webhooks, which is said before any of them is looked for", async () => {
  await using app = await startApp();
  const webhooks = Array.from({ length: 101 }, (_, number) => ({ key: `none ${number}` }));
  expect(await refusal(app, { webhooks })).toMatchObject({
    code: "INVALID_INPUT",
    path: ["input", "webhooks"],
  });
  expect(await refusal(app, { scopes: Array<Scope>(12).fill("INBOXES") })).toMatchObject({
    code: "INVALID_INPUT",
    path: ["input", "scopes"],
  });
});

test("sockets that use a token for the first time at once all end with it", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const token = await makeToken(app, { scopes: ["DELIVERIES_READ"], expiresIn: "PT1M" });
  const query = "subscription { deliveryUpdates { __typename } }";
  const streams = Array.from({ length: 4 }, () => app.client(`Bearer ${token}`).iterate({ query }));
  await Promise.all(streams.map((stream) => next(stream)));
  clock.pass(60_000);
  for (const stream of streams) await expect(next(stream)).rejects.toMatchObject({ code: 4403 });
});
