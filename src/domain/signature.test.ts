import { Webhook } from "standardwebhooks";
import { afterEach, expect, test, vi } from "vitest";
import {
  createSecret,
  parseSecret,
  signature,
  signedContent,
  verify,
  type Verification,
} from "./signature.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT = 1_614_265_330;
const BODY = '{"test": 2432232314}';
const GOOD = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

/** Published by the specification's libraries, but for the last two, which are our own. */
const VECTORS = [
  { name: "V1", secret: SECRET, id: ID, at: AT, body: BODY, expected: GOOD },
  {
    name: "V2",
    secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
    at: 1_649_367_553,
    body: '{"email":"test@example.com","username":"test_user"}',
    expected: "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
  },
  {
    name: "V4, more than ASCII",
    secret: SECRET,
    id: ID,
    at: AT,
    body: '{"t":"héllo ☃ 😀"}',
    expected: "v1,e9qgko+lVsJfmVEml/wRqNnGRn0zH93eUochFvj5ELA=",
  },
  {
    name: "V5, no body",
    secret: SECRET,
    id: ID,
    at: AT,
    body: "",
    expected: "v1,v48jdbgvh29KJz2Qc+ghw8G6vG3nAKnujWBg8oM/62A=",
  },
];

afterEach(() => {
  vi.useRealTimers();
});

function check(changes: Partial<Verification> = {}) {
  const headers = { id: ID, timestamp: String(AT), signature: GOOD };
  return verify({ secrets: [SECRET], headers, body: BODY, now: new Date(AT * 1000), ...changes });
}

function checkHeaders(headers: Partial<Verification["headers"]>) {
  return check({ headers: { id: ID, timestamp: String(AT), signature: GOOD, ...headers } });
}

test.each(VECTORS)("$name is signed as published, and the stock verifier agrees", (vector) => {
  const { secret, id, at, body, expected } = vector;
  expect(signature(secret, signedContent(id, at, body))).toBe(expected);
  expect(new Webhook(secret).sign(id, new Date(at * 1000), body)).toBe(expected);
  vi.useFakeTimers({ now: at * 1000 });
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": String(at),
    "webhook-signature": expected,
  };
  expect(() => new Webhook(secret).verify(body, headers, { jsonParse: false })).not.toThrow();
  expect(
    verify({
      secrets: [secret],
      headers: { id, timestamp: String(at), signature: expected },
      body: Buffer.from(body),
      now: new Date(),
    }),
  ).toEqual({ valid: true });
});

test("V6: an id with a dot is refused, because another request has the same signed content", () => {
  const content = signedContent("msg_a.1", AT, "x");
  expect(content).toBe(signedContent("msg_a", 1, `${AT}.x`));
  const forged = { id: "msg_a.1", timestamp: String(AT), signature: signature(SECRET, content) };
  expect(check({ headers: forged, body: "x" })).toMatchObject({
    valid: false,
    problem: expect.stringContaining("dot"),
  });
});

test.each([
  ["a partial signature", { signature: GOOD.slice(0, 8) }, "does not match"],
  ["another signature", { signature: "v1,dawfeoifkpqwoekfpqoekf" }, "does not match"],
  ["v1 alone", { signature: "v1," }, "does not match"],
  ["another version alone", { signature: GOOD.replace("v1", "v2") }, "no v1 signature"],
  ["no id", { id: undefined }, "webhook-id header is missing"],
  ["no timestamp", { timestamp: undefined }, "webhook-timestamp header is missing"],
  ["no signature", { signature: undefined }, "webhook-signature header is missing"],
  ["an empty signature", { signature: "" }, "webhook-signature header is missing"],
  ["a word for a timestamp", { timestamp: "hello" }, "whole number"],
  ["letters after the timestamp", { timestamp: `${AT}abc` }, "whole number"],
  ["a fraction", { timestamp: `${AT}.5` }, "whole number"],
])("V7: %s is refused in words", (_name, headers, problem) => {
  expect(checkHeaders(headers)).toEqual({
    valid: false,
    problem: expect.stringContaining(problem),
  });
});

test("V7: 300 seconds of difference pass either way, 301 do not, and the text names them", () => {
  for (const seconds of [-300, 300]) {
    expect(check({ now: new Date((AT + seconds) * 1000) })).toEqual({ valid: true });
  }
  const old = check({ now: new Date((AT + 301) * 1000) });
  expect(old).toMatchObject({
    valid: false,
    problem: expect.stringMatching(/301 seconds old.*clock/),
  });
  const early = check({ now: new Date((AT - 301) * 1000) });
  expect(early).toMatchObject({
    valid: false,
    problem: expect.stringContaining("301 seconds in the future"),
  });
  expect(check({ now: new Date((AT + 301) * 1000), toleranceSeconds: 301 })).toEqual({
    valid: true,
  });
});

test("V7: a body that was written anew is refused", () => {
  expect(check({ body: JSON.stringify(JSON.parse(BODY)) })).toMatchObject({
    valid: false,
    problem: expect.stringContaining("changed on the way"),
  });
});

test("V8: any match in a list of several versions passes, with any of the valid secrets", () => {
  const other = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
  const list = `${other} v2,${GOOD.slice(3)} ${GOOD} ${other}`;
  expect(checkHeaders({ signature: list })).toEqual({ valid: true });
  expect(check({ secrets: [createSecret(new Uint8Array(32)), SECRET] })).toEqual({ valid: true });
  expect(check({ secrets: [SECRET.slice("whsec_".length)] })).toEqual({ valid: true });
  expect(check({ secrets: [createSecret(new Uint8Array(32))] })).toMatchObject({ valid: false });
  expect(check({ secrets: [] })).toMatchObject({ valid: false });
});

test("V9: the signature of another body is refused", () => {
  const { secret, id, at, body } = VECTORS[1]!;
  const headers = {
    id,
    timestamp: String(at),
    signature: "v1,R3PTzyfHASBKHH98a7yexTwaJ4yNIcGhFQc1yuN+BPU=",
  };
  expect(verify({ secrets: [secret], headers, body, now: new Date(at * 1000) })).toMatchObject({
    valid: false,
  });
});

test.each([
  [
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
    "ed25519",
  ],
  ["whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=", "ed25519"],
  ["whsec_", "empty"],
  ["", "empty"],
  ["whsec_!!!", "base64"],
  ["whsec_C2FVsBQIhrscChlQIMV-b5sSYspob7oD", "base64"],
  [` ${SECRET}`, "base64"],
  [`${SECRET}=`, "padded"],
  [Buffer.alloc(32, 7).toString("base64").replace("=", ""), "padded"],
  [Buffer.alloc(23).toString("base64"), "23 bytes"],
  [Buffer.alloc(65).toString("base64"), "65 bytes"],
])("V10: %s is refused as a secret", (text, problem) => {
  expect(parseSecret(text)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  expect(() => signature(text, "x")).toThrow("signing secret");
});

test("a secret of 24 to 64 bytes is taken with or without its prefix", () => {
  for (const bytes of [24, 32, 64]) {
    const encoded = Buffer.alloc(bytes, 9).toString("base64");
    expect(parseSecret(encoded)).toEqual({ ok: true, secret: `whsec_${encoded}` });
    expect(parseSecret(`whsec_${encoded}`)).toEqual({ ok: true, secret: `whsec_${encoded}` });
  }
});

test("a created secret is one that can be brought along, and takes 32 bytes and no other number", () => {
  const secret = createSecret(Buffer.alloc(32, 1));
  expect(parseSecret(secret)).toEqual({ ok: true, secret });
  expect(() => createSecret(new Uint8Array(16))).toThrow(RangeError);
});

test("more secrets than the cache holds still sign the same", () => {
  for (let n = 0; n < 5000; n++) {
    const random = Buffer.alloc(32);
    random.writeUInt32BE(n);
    signature(createSecret(random), "x");
  }
  expect(signature(SECRET, signedContent(ID, AT, BODY))).toBe(GOOD);
});
