import { createPublicKey, verify as verifyBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterEach, expect, test, vi } from "vitest";
import { createSecret, parseSecret, publicKeyOf, SIGNATURE_SCHEMES } from "./secret.ts";
import { signature, signedContent, verify, type Verification } from "./signature.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT = 1_614_265_330;
const BODY = '{"test": 2432232314}';
const GOOD = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

/** V3: the specification's printed v1a header, of V1's request. */
const PRIVATE =
  "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
const GOOD_V1A =
  "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

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

/** How many checks each vector has passed. */
const passed = new Map<string, number>();
function passes(name: string): void {
  const [vector = ""] = name.split(",");
  passed.set(vector, (passed.get(vector) ?? 0) + 1);
}

/** A receiver's check of v1a that shares nothing with ours: the public key as JWK, the bytes as they are. */
function isSignedBy(publicKey: string, content: string, header: string): boolean {
  const x = Buffer.from(publicKey.replace("whpk_", ""), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verifyBytes(
    null,
    Buffer.from(content),
    key,
    Buffer.from(header.replace("v1a,", ""), "base64"),
  );
}

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
  passes(vector.name);
});

test("V3: v1a is signed as published, the published public key belongs to it, and node:crypto agrees", () => {
  const content = signedContent(ID, AT, BODY);
  expect(signature(PRIVATE, content)).toBe(GOOD_V1A);
  expect(publicKeyOf(PRIVATE)).toBe(PUBLIC);
  expect(isSignedBy(PUBLIC, content, GOOD_V1A)).toBe(true);
  expect(isSignedBy(PUBLIC, `${content} `, GOOD_V1A)).toBe(false);
  const headers = { id: ID, timestamp: String(AT), signature: GOOD_V1A };
  for (const body of [BODY, Buffer.from(BODY)])
    expect(check({ secrets: [PRIVATE], headers, body })).toEqual({ valid: true });
  passes("V3");
});

test.each(VECTORS)(
  "the request of $name is signed with v1a as node:crypto verifies it",
  (vector) => {
    const { id, at, body } = vector;
    for (const secret of [PRIVATE, createSecret("ED25519", Buffer.alloc(32, 5))]) {
      const content = signedContent(id, at, body);
      const signed = signature(secret, content);
      expect(signed).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/);
      expect(isSignedBy(publicKeyOf(secret)!, content, signed)).toBe(true);
    }
  },
);

test("v1a of another body, of another key, cut, altered or under another version is refused", () => {
  const with1a = (signed: string, changes: Partial<Verification> = {}) =>
    check({
      secrets: [PRIVATE],
      headers: { id: ID, timestamp: String(AT), signature: signed },
      ...changes,
    });
  const other = createSecret("ED25519", new Uint8Array(32));
  const no = { valid: false, problem: expect.stringContaining("does not match") as string };
  expect(with1a(GOOD_V1A, { body: `${BODY} ` })).toEqual(no);
  expect(with1a(GOOD_V1A, { secrets: [other] })).toEqual(no);
  expect(with1a(GOOD_V1A.slice(0, -2))).toEqual(no);
  expect(with1a(GOOD_V1A.replace("hn", "nh"))).toEqual(no);
  expect(with1a(`v1a,${GOOD.slice(3)}`)).toEqual(no);
  expect(with1a("v1a,")).toEqual(no);
  expect(with1a(GOOD_V1A.replace("v1a", "v1"))).toMatchObject({
    problem: expect.stringContaining("no v1a signature; it reads v1a,<base64>"),
  });
  expect(with1a(GOOD, { secrets: [SECRET, PRIVATE] })).toEqual({ valid: true });
  expect(with1a(GOOD_V1A, { secrets: [SECRET, PRIVATE] })).toEqual({ valid: true });
  expect(with1a(`${GOOD} ${GOOD_V1A}`)).toEqual({ valid: true });
  expect(with1a("v2,x", { secrets: [SECRET, PRIVATE] })).toMatchObject({
    problem: expect.stringContaining("no v1 or v1a signature"),
  });
});

test("V6: an id with a dot is refused, because another request has the same signed content", () => {
  const content = signedContent("msg_a.1", AT, "x");
  expect(content).toBe(signedContent("msg_a", 1, `${AT}.x`));
  const forged = { id: "msg_a.1", timestamp: String(AT), signature: signature(SECRET, content) };
  expect(check({ headers: forged, body: "x" })).toMatchObject({
    valid: false,
    problem: expect.stringContaining("dot"),
  });
  passes("V6");
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
  passes("V7");
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
  passes("V7");
});

test("V7: a body that was written anew is refused", () => {
  expect(check({ body: JSON.stringify(JSON.parse(BODY)) })).toMatchObject({
    valid: false,
    problem: expect.stringContaining("changed on the way"),
  });
  passes("V7");
});

test("V8: any match in a list of several versions passes, with any of the valid secrets", () => {
  const other = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
  const list = `${other} v2,${GOOD.slice(3)} ${GOOD} ${other}`;
  expect(checkHeaders({ signature: list })).toEqual({ valid: true });
  expect(check({ secrets: [createSecret("HMAC_SHA256", new Uint8Array(32)), SECRET] })).toEqual({
    valid: true,
  });
  expect(check({ secrets: [SECRET.slice("whsec_".length)] })).toEqual({ valid: true });
  expect(check({ secrets: [createSecret("HMAC_SHA256", new Uint8Array(32))] })).toMatchObject({
    valid: false,
  });
  expect(check({ secrets: [] })).toMatchObject({ valid: false });
  passes("V8");
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
  passes("V9");
});

test.each([
  [PRIVATE.slice(0, -3), "ed25519", "cut off"],
  [PUBLIC, "public key", "public key"],
  ["whsec_", "empty", "starts with whsk_"],
  ["", "empty", "empty"],
  ["whsec_!!!", "base64", "starts with whsk_"],
])("V10: %s is refused as a secret of either scheme, and signs nothing", (text, shared, own) => {
  for (const scheme of SIGNATURE_SCHEMES)
    expect(parseSecret(text, scheme)).toEqual({
      ok: false,
      problem: expect.stringContaining(scheme === "ED25519" ? own : shared),
    });
  expect(() => signature(text, "x")).toThrow("signing secret");
  passes("V10");
});

test("all ten vectors were verified", () => {
  const names = Array.from({ length: 10 }, (_, index) => `V${index + 1}`);
  expect([...passed.keys()].toSorted()).toEqual(names.toSorted());
  const checks = [...passed.values()].reduce((sum, count) => sum + count, 0);
  process.stdout.write(`vectors verified: ${passed.size} (V1 to V10, ${checks} checks)\n`);
});

test("more secrets than the cache holds still sign the same", () => {
  for (let n = 0; n < 5000; n++) {
    const random = Buffer.alloc(32);
    random.writeUInt32BE(n);
    signature(createSecret("HMAC_SHA256", random), "x");
  }
  expect(signature(SECRET, signedContent(ID, AT, BODY))).toBe(GOOD);
  expect(signature(PRIVATE, signedContent(ID, AT, BODY))).toBe(GOOD_V1A);
});
