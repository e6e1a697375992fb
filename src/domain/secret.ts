import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

/** How a webhook's requests are signed. */
export const SIGNATURE_SCHEMES = ["HMAC_SHA256", "ED25519"] as const;
export type SignatureScheme = (typeof SIGNATURE_SCHEMES)[number];

const SHARED = "whsec_";
const PRIVATE = "whsk_";
const PUBLIC = "whpk_";
const SHARED_BYTES = { min: 24, max: 64 } as const;
/** The random bytes that a secret of either scheme is made from; for ed25519 they are the seed. */
const CREATED_BYTES = 32;
const SEED_BYTES = 32;
/** The seed and the public key, as the specification's private keys are written. */
const PRIVATE_BYTES = 64;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** What stands before the seed in PKCS #8 (RFC 8410, section 7). */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

/** Enough for the secrets in use at one time. A full cache starts anew: one decoding for each. */
const CACHED_KEYS = 4096;
const keys = new Map<string, SigningKey>();

/** A secret, ready to sign. */
export type SigningKey =
  | { readonly scheme: "HMAC_SHA256"; readonly bytes: Buffer }
  | { readonly scheme: "ED25519"; readonly privateKey: KeyObject; readonly publicKey: Buffer };

/** A secret from 32 random bytes. */
export function createSecret(scheme: SignatureScheme, random: Uint8Array): string {
  if (random.length !== CREATED_BYTES)
    throw new RangeError(
      `A secret is made from ${CREATED_BYTES} random bytes, not ${random.length}`,
    );
  return scheme === "ED25519"
    ? privateText(Buffer.from(random))
    : SHARED + Buffer.from(random).toString("base64");
}

/** `whpk_…`, what receivers of an ed25519 key verify with; null for a shared secret. */
export function publicKeyOf(secret: string): string | null {
  const key = keyOf(secret);
  return key.scheme === "ED25519" ? PUBLIC + key.publicKey.toString("base64") : null;
}

/** What is shown of a secret: its last four characters, or those of its public half. */
export function hintOf(secret: string): string {
  return (publicKeyOf(secret) ?? secret).slice(-4);
}

export type ParsedSecret =
  | { readonly ok: true; readonly secret: string }
  | { readonly ok: false; readonly problem: string };

/** The normal form of a secret that somebody brings along: `whsec_…`, also without it, or `whsk_…`. */
export function parseSecret(text: string, scheme: SignatureScheme): ParsedSecret {
  if (text.startsWith(PUBLIC))
    return problem(
      "This is an ed25519 public key, which can't sign; bring the private key that it belongs to, whsk_…, with signature ED25519",
    );
  return scheme === "ED25519" ? parsePrivate(text) : parseShared(text);
}

/** Cached: to import a key takes longer than to sign. Throws on a secret that `parseSecret` refuses. */
export function keyOf(secret: string): SigningKey {
  const known = keys.get(secret);
  if (known) return known;
  const parsed = parseSecret(secret, secret.startsWith(PRIVATE) ? "ED25519" : "HMAC_SHA256");
  if (!parsed.ok) throw new Error(`A signing secret cannot be used: ${parsed.problem}`);
  if (keys.size >= CACHED_KEYS) keys.clear();
  const key = importKey(parsed.secret);
  keys.set(secret, key);
  return key;
}

function parseShared(text: string): ParsedSecret {
  if (text.startsWith(PRIVATE))
    return problem(
      "This is an ed25519 private key; say signature ED25519 with it, or bring a signing secret, whsec_…",
    );
  const encoded = text.startsWith(SHARED) ? text.slice(SHARED.length) : text;
  const bytes = decoded(encoded, "secret", "with or without whsec_ before it");
  if (typeof bytes === "string") return problem(bytes);
  const { min, max } = SHARED_BYTES;
  if (bytes.length < min || bytes.length > max)
    return problem(
      `The secret holds ${bytes.length} bytes; it must hold ${min} to ${max} random ones`,
    );
  return { ok: true, secret: SHARED + encoded };
}

function parsePrivate(text: string): ParsedSecret {
  if (text === "") return problem("The private key is empty");
  if (!text.startsWith(PRIVATE))
    return problem(
      "An ed25519 private key starts with whsk_; a signing secret, whsec_…, goes with signature HMAC_SHA256",
    );
  const bytes = decoded(text.slice(PRIVATE.length), "private key", "after whsk_");
  if (typeof bytes === "string") return problem(bytes);
  if (bytes.length !== PRIVATE_BYTES && bytes.length !== SEED_BYTES)
    return problem(
      `The private key holds ${bytes.length} bytes; it must hold ${PRIVATE_BYTES}, the seed and the public key, or the ${SEED_BYTES} of the seed alone`,
    );
  const secret = privateText(bytes.subarray(0, SEED_BYTES));
  if (bytes.length === PRIVATE_BYTES && secret !== text)
    return problem(
      `The last ${SEED_BYTES} bytes of the private key are not the public key of its seed; bring the two that belong together, or the seed alone`,
    );
  return { ok: true, secret };
}

/** The bytes of standard base64, or what is wrong with it. */
function decoded(encoded: string, noun: string, place: string): Buffer | string {
  if (encoded === "") return `The ${noun} is empty`;
  if (!BASE64.test(encoded))
    return `The ${noun} is not standard base64 (A-Z, a-z, 0-9, + and /), ${place}`;
  const bytes = Buffer.from(encoded, "base64");
  return bytes.toString("base64") === encoded
    ? bytes
    : `The ${noun}'s base64 is cut off or not padded with = to a multiple of four characters`;
}

function importKey(secret: string): SigningKey {
  if (secret.startsWith(SHARED))
    return {
      scheme: "HMAC_SHA256",
      bytes: Buffer.from(secret.slice(SHARED.length), "base64"),
    };
  const bytes = Buffer.from(secret.slice(PRIVATE.length), "base64");
  const privateKey = privateKeyOf(bytes.subarray(0, SEED_BYTES));
  return { scheme: "ED25519", privateKey, publicKey: bytes.subarray(SEED_BYTES) };
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, seed]),
    format: "der",
    type: "pkcs8",
  });
}

/** `whsk_…` of a seed with its public key. */
function privateText(seed: Uint8Array): string {
  const spki = createPublicKey(privateKeyOf(seed)).export({ format: "der", type: "spki" });
  // The key is the end of its SPKI (RFC 8410, section 4).
  const publicKey = spki.subarray(-(PRIVATE_BYTES - SEED_BYTES));
  return PRIVATE + Buffer.concat([seed, publicKey]).toString("base64");
}

function problem(text: string): ParsedSecret {
  return { ok: false, problem: text };
}
