import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { createSecret, hintOf, keyOf, parseSecret, publicKeyOf } from "./secret.ts";

const SHARED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PRIVATE =
  "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const privateOf = (...parts: Uint8Array[]): string => `whsk_${base64(Buffer.concat(parts))}`;
const SEED = Buffer.from(PRIVATE.slice("whsk_".length), "base64").subarray(0, 32);

test.each([
  ["an ed25519 private key", PRIVATE, "ed25519 private key; say signature ED25519"],
  ["an ed25519 public key", PUBLIC, "public key"],
  ["no text after whsec_", "whsec_", "empty"],
  ["no text", "", "empty"],
  ["other characters", "whsec_!!!", "base64"],
  ["base64url", "whsec_C2FVsBQIhrscChlQIMV-b5sSYspob7oD", "base64"],
  ["a blank before it", ` ${SHARED}`, "base64"],
  ["padding too much", `${SHARED}=`, "padded"],
  ["padding too little", base64(Buffer.alloc(32, 7)).replace("=", ""), "padded"],
  ["23 bytes", base64(Buffer.alloc(23)), "23 bytes; it must hold 24 to 64"],
  ["65 bytes", base64(Buffer.alloc(65)), "65 bytes"],
])("%s is refused as a shared secret, and the text says why", (_what, text, problem) => {
  expect(parseSecret(text, "HMAC_SHA256")).toEqual({
    ok: false,
    problem: expect.stringContaining(problem),
  });
});

test.each([
  ["a shared secret", SHARED, "starts with whsk_"],
  ["base64 without whsk_", base64(SEED), "starts with whsk_"],
  ["an ed25519 public key", PUBLIC, "public key, which can't sign; bring the private key"],
  ["no text after whsk_", "whsk_", "empty"],
  ["no text", "", "empty"],
  ["other characters", "whsk_!!!", "base64"],
  ["a key that is cut", PRIVATE.slice(0, -3), "cut off"],
  ["31 bytes", privateOf(SEED.subarray(1)), "31 bytes; it must hold 64"],
  ["63 bytes", privateOf(Buffer.alloc(63)), "63 bytes"],
  ["65 bytes", privateOf(Buffer.alloc(65)), "65 bytes"],
  ["halves of two keys", privateOf(SEED, Buffer.alloc(32, 1)), "not the public key of its seed"],
  ["a seed and no key", privateOf(SEED, Buffer.alloc(32)), "the seed alone"],
])(
  "%s is refused as a private key, and the text says what would be right",
  (_what, text, problem) => {
    expect(parseSecret(text, "ED25519")).toEqual({
      ok: false,
      problem: expect.stringContaining(problem),
    });
  },
);

test("a shared secret of 24 to 64 bytes is taken with or without its prefix", () => {
  for (const bytes of [24, 32, 64]) {
    const encoded = base64(Buffer.alloc(bytes, 9));
    const parsed = { ok: true, secret: `whsec_${encoded}` };
    expect(parseSecret(encoded, "HMAC_SHA256")).toEqual(parsed);
    expect(parseSecret(`whsec_${encoded}`, "HMAC_SHA256")).toEqual(parsed);
  }
});

test("a private key is taken whole or as its seed, in one normal form", () => {
  const parsed = { ok: true, secret: PRIVATE };
  expect(parseSecret(PRIVATE, "ED25519")).toEqual(parsed);
  expect(parseSecret(privateOf(SEED), "ED25519")).toEqual(parsed);
  expect(publicKeyOf(PRIVATE)).toBe(PUBLIC);
  expect(publicKeyOf(SHARED)).toBeNull();
});

test("keys of other makers have the public key that those say", () => {
  for (let count = 0; count < 20; count++) {
    const { d = "", x = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
    const secret = privateOf(Buffer.from(d, "base64url"), Buffer.from(x, "base64url"));
    expect(parseSecret(secret, "ED25519")).toEqual({ ok: true, secret });
    expect(publicKeyOf(secret)).toBe(`whpk_${base64(Buffer.from(x, "base64url"))}`);
  }
});

test("a created secret can be brought along, and takes 32 bytes and no other number", () => {
  for (const scheme of ["HMAC_SHA256", "ED25519"] as const) {
    const secret = createSecret(scheme, Buffer.alloc(32, 1));
    expect(parseSecret(secret, scheme)).toEqual({ ok: true, secret });
    expect(() => createSecret(scheme, new Uint8Array(16))).toThrow(RangeError);
  }
});

test("a hint shows nothing of a private key but what its public key shows", () => {
  expect(hintOf(SHARED)).toBe("LaSw");
  expect(hintOf(PRIVATE)).toBe(PUBLIC.slice(-4));
});

test("a key is imported once", () => {
  const key = keyOf(PRIVATE);
  expect(keyOf(PRIVATE)).toBe(key);
  expect(keyOf(SHARED)).toBe(keyOf(SHARED));
});
