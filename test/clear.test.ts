import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  type GraphQLNamedType,
} from "graphql";
import { expect, test } from "vitest";
import { schema } from "../src/schema/index.ts";
import { ADMIN_KEY, startApp, type App } from "./app.ts";
import { deliveriesOf, holdingReceiver, settled } from "./deliver-receiver.ts";
import { makeKey, withKey } from "./keys-steps.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { CreateToken } from "./tokens-documents.ts";

/** All fields of a type that need no arguments of their own, a few levels deep. */
function selectionOf(type: GraphQLNamedType, depth: number): string {
  if (!isObjectType(type) && !isInterfaceType(type)) return "";
  const fields = Object.values(type.getFields()).flatMap(({ name, type: of, args }) => {
    const named = getNamedType(of);
    if (
      args.some(
        (arg) =>
          String(arg.type).endsWith("!") &&
          arg.defaultValue === undefined &&
          arg.default === undefined,
      )
    )
      return [];
    if (isLeafType(named)) return [name];
    const inner = depth > 0 ? selectionOf(named, depth - 1) : "";
    return inner ? [`${name} ${inner}`] : [];
  });
  return fields.length > 0 ? `{ ${fields.join(" ")} }` : "";
}

/** Every list of the API with all that it can show. */
const LISTS = [
  "webhooks",
  "deliveries",
  "publishedEvents",
  "inboxes",
  "apiKeys",
  "auditLog",
  "tenants",
];

async function answers(app: App): Promise<string[]> {
  const texts: string[] = [];
  for (const name of LISTS) {
    const type = getNamedType(schema.getQueryType()!.getFields()[name]!.type);
    const response = await app.post({ query: `{ ${name}(first: 100) ${selectionOf(type, 4)} }` });
    const text = await response.text();
    expect(text, name).not.toContain('"errors"');
    texts.push(text);
  }
  return texts;
}

/** A secret as it is, and as bytes in the ways that bytes are written. */
function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret.replace(/^(whsec|hook|hookt)_/, ""), "base64");
  const ways = [secret.replace(/^[a-z]+_/, ""), bytes.toString("hex"), bytes.toString("base64url")];
  return ways.filter((text) => text.length >= 8);
}

test("after a full run no secret and no key stands anywhere in the clear", async () => {
  await using app = await startApp({
    env: { HOOKWIRE_LOG: "trace", HOOKWIRE_LIMIT_COST: "10000000" },
  });
  await using receiver = await holdingReceiver();
  receiver.answerAll({ status: 500, body: "no" });
  const own = `whsec_${Buffer.alloc(32, "own secret of the caller").toString("base64")}`;
  const header = "Bearer header-value-that-is-secret";
  const headers = [{ name: "authorization", value: header, isSecret: true }];
  const made = await makeWebhook(app, { url: receiver.url, headers, retryDelays: [] });
  await makeWebhook(app, { url: receiver.url, secret: own, retryDelays: [] });
  await makeWebhook(app, { url: receiver.url.replace("://", "://user:url-password@") });
  await makeWebhook(app, { url: (await makeInbox(app)).url });
  const key = await makeKey(app);
  const { createAccessToken } = await withKey(app, key.secret, () =>
    app.run(CreateToken, { input: { scopes: ["WEBHOOKS_READ"] } }),
  );
  const token = (createAccessToken as { token: string }).token;
  const { eventId } = await publishSample(app);
  for (const delivery of await deliveriesOf(app, eventId))
    await settled(app, delivery, "SUCCEEDED", "FAILED", "RETRYING");
  const refused = [`${own}x`, "whsec_c2hvcnQtc2VjcmV0", "whsk_bm90LWEtc2VjcmV0LWtleQ=="];
  const errors: string[] = [];
  for (const secret of refused) {
    const input = { name: "x", url: receiver.url, eventTypes: ["*"], secret };
    const response = await app.post({
      query: `mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) {
        ... on UserError { message } ... on InvalidInputError { issues { path message } } } }`,
      variables: { input },
    });
    errors.push(await response.text());
  }
  expect(errors.join()).toContain("message");
  const told = [...(await answers(app)), ...errors];
  await app.stop();
  const files = readdirSync(app.folder).filter((name) => !name.endsWith(".key"));
  const places: [string, string][] = [
    ["answers", told.join("\n")],
    ["log", app.log.map((line) => JSON.stringify(line)).join("\n")],
    ...files.map((name): [string, string] => [
      name,
      readFileSync(join(app.folder, name)).toString("latin1"),
    ]),
  ];
  expect(places.map(([name]) => name)).toContain("hookwire.db");
  const secrets = [made.secret, own, key.secret, token, ADMIN_KEY].flatMap(spellings);
  const hidden = [...secrets, header, "url-password", ...refused.slice(1)];
  const found = places.flatMap(([name, text]) =>
    hidden.filter((secret) => text.includes(secret)).map((secret) => `${secret} in ${name}`),
  );
  process.stdout.write(
    `clear: ${hidden.length} spellings of secrets and keys looked for in ${places.length} places (${places.reduce((sum, [, text]) => sum + text.length, 0)} bytes); found ${found.length}\n`,
  );
  expect(found).toEqual([]);
  // The search finds what is there.
  expect(places[0]?.[1]).toContain(eventId);
  expect(places.find(([name]) => name === "hookwire.db")?.[1]).toContain(eventId);
});
