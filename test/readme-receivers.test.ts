import * as crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { compileFunction } from "node:vm";
import * as standardwebhooks from "standardwebhooks";
import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { keyPair, nextRequest, sharedSecret } from "./signing-steps.ts";
import { makeWebhook } from "./steps.ts";
import { collector, readWebhook } from "./webhooks-steps.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const snippets = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code = ""]) => code);

/** What a receiver's code of the README says with these at hand, and `result` is what it calls it. */
function runs(word: string, result: string, given: Readonly<Record<string, unknown>>): unknown {
  const [code, ...others] = snippets.filter((snippet) => snippet.includes(word));
  if (code === undefined || others.length > 0) throw new Error(`Not one snippet has ${word}`);
  const body = code.replaceAll(
    /^import (\{.*?\}) from "([^"]+)";$/gm,
    (_, names: string, module: string) => `const ${names} = modules["${module}"];`,
  );
  const names = ["modules", ...Object.keys(given)];
  const modules = { "node:crypto": crypto, standardwebhooks };
  const receive = compileFunction(`${body}\nreturn ${result};`, names) as (
    ...values: unknown[]
  ) => unknown;
  return receive(modules, ...Object.values(given));
}

test("the README's check of an ed25519 signature takes what is sent, and nothing else", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const { id } = await makeWebhook(app, { url: receiver.url, signature: "ED25519" });
  const publicKey = (await readWebhook(app, { id })).secrets[0]?.publicKey ?? "";
  const { headers, body: rawBody } = await nextRequest(app, receiver);
  const isOurs = (changes: object) =>
    runs("v1a,", "isOurs", { publicKey, headers, rawBody, ...changes });
  expect(isOurs({})).toBe(true);
  const beside = `v1,${"A".repeat(43)}= ${headers["webhook-signature"]}`;
  expect(isOurs({ headers: { ...headers, "webhook-signature": beside } })).toBe(true);
  expect(isOurs({ rawBody: `${rawBody} ` })).toBe(false);
  expect(isOurs({ publicKey: keyPair().publicKey })).toBe(false);
  for (const [name, value] of [
    ["webhook-id", "evt_other"],
    ["webhook-timestamp", "1"],
    ["webhook-signature", "v1,AAAA"],
  ] as const)
    expect(isOurs({ headers: { ...headers, [name]: value } }), name).toBe(false);
});

test("the README's check with the library takes what is sent, and nothing else", async () => {
  await using app = await startApp();
  await using receiver = await collector();
  const { secret } = await makeWebhook(app, { url: receiver.url });
  const { headers, body: rawBody } = await nextRequest(app, receiver);
  const event = (changes: object) =>
    runs("standardwebhooks", "event", { secret, rawBody, request: { headers }, ...changes });
  expect(event({})).toEqual(JSON.parse(rawBody));
  expect(() => event({ rawBody: `${rawBody} ` })).toThrow();
  expect(() => event({ secret: sharedSecret() })).toThrow();
});
