import { createHmac, timingSafeEqual } from "node:crypto";

/** How a webhook's requests are signed. */
export const SIGNATURE_SCHEMES = ["HMAC_SHA256"] as const;
export type SignatureScheme = (typeof SIGNATURE_SCHEMES)[number];

const PREFIX = "whsec_";
const SECRET_BYTES = { min: 24, max: 64, created: 32 } as const;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Seconds that a timestamp may be off in either direction, the same as in the stock verifiers. */
const TOLERANCE_SECONDS = 300;

/** Enough for the secrets in use at one time. A full cache starts anew: one decoding for each. */
const CACHED_KEYS = 4096;
const keys = new Map<string, Buffer>();

/**
 * What a signature covers (Standard Webhooks 1.0.0). `timestamp`: unix seconds.
 * An id must hold no dot, or two different requests would share one content.
 */
export function signedContent(id: string, timestamp: number | string, body: string): string {
  return `${id}.${timestamp}.${body}`;
}

/** `v1,<base64>` of the content in UTF-8. Throws on a secret that `parseSecret` refuses. */
export function signature(secret: string, content: string): string {
  return `v1,${createHmac("sha256", keyOf(secret)).update(content, "utf8").digest("base64")}`;
}

/** A secret from 32 random bytes. */
export function createSecret(random: Uint8Array): string {
  if (random.length !== SECRET_BYTES.created) {
    throw new RangeError(
      `A secret is made from ${SECRET_BYTES.created} random bytes, not ${random.length}`,
    );
  }
  return PREFIX + Buffer.from(random).toString("base64");
}

export type ParsedSecret =
  | { readonly ok: true; readonly secret: string }
  | { readonly ok: false; readonly problem: string };

/** The normal form of a secret that somebody brings along, with or without `whsec_`. */
export function parseSecret(text: string): ParsedSecret {
  if (text.startsWith("whsk_") || text.startsWith("whpk_")) {
    return problem("This is an ed25519 key; a signing secret starts with whsec_");
  }
  const encoded = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text;
  if (encoded === "") return problem("The secret is empty");
  if (!BASE64.test(encoded)) {
    return problem(
      "The secret is not standard base64 (A-Z, a-z, 0-9, + and /), with or without whsec_ before it",
    );
  }
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.toString("base64") !== encoded) {
    return problem(
      "The secret's base64 is cut off or not padded with = to a multiple of four characters",
    );
  }
  if (bytes.length < SECRET_BYTES.min || bytes.length > SECRET_BYTES.max) {
    return problem(
      `The secret holds ${bytes.length} bytes; it must hold ${SECRET_BYTES.min} to ${SECRET_BYTES.max} random ones`,
    );
  }
  return { ok: true, secret: PREFIX + encoded };
}

export interface Verification {
  /** Any of them may have signed. */
  readonly secrets: readonly string[];
  /** The values of `webhook-id`, `webhook-timestamp` and `webhook-signature`, as received. */
  readonly headers: {
    readonly id?: string;
    readonly timestamp?: string;
    readonly signature?: string;
  };
  /** As received. Bytes are needed when it may not be UTF-8. */
  readonly body: string | Uint8Array;
  readonly now: Date;
  readonly toleranceSeconds?: number;
}

export type Verified =
  | { readonly valid: true }
  | { readonly valid: false; readonly problem: string };

/** A receiver's check (Standard Webhooks 1.0.0) that says what is wrong and where to look. */
export function verify({
  secrets,
  headers,
  body,
  now,
  toleranceSeconds = TOLERANCE_SECONDS,
}: Verification): Verified {
  const { id, timestamp, signature: list } = headers;
  if (!id) return invalid("The webhook-id header is missing");
  if (!timestamp) return invalid("The webhook-timestamp header is missing");
  if (!list) return invalid("The webhook-signature header is missing");
  if (id.includes(".")) {
    return invalid(
      "The webhook-id holds a dot, so it cannot be told from the timestamp in what is signed",
    );
  }
  const late = lateness(timestamp, now, toleranceSeconds);
  if (late) return invalid(late);

  const given = list.split(" ").filter((entry) => entry.startsWith("v1,"));
  if (given.length === 0) {
    return invalid(
      "The webhook-signature header holds no v1 signature; it reads v1,<base64>, several with spaces between",
    );
  }
  for (const secret of secrets) {
    const digest = createHmac("sha256", keyOf(secret))
      .update(`${id}.${timestamp}.`)
      .update(body)
      .digest("base64");
    const wanted = Buffer.from(`v1,${digest}`);
    if (given.some((entry) => isEqual(wanted, Buffer.from(entry)))) return { valid: true };
  }
  return invalid(
    "The signature does not match: the body was changed on the way (parsed and written anew?), or another secret signed it",
  );
}

function lateness(timestamp: string, now: Date, tolerance: number): string | undefined {
  if (!/^\d+$/.test(timestamp))
    return "The webhook-timestamp is not a whole number of unix seconds";
  const ahead = Number(timestamp) - Math.floor(now.getTime() / 1000);
  if (Math.abs(ahead) <= tolerance) return undefined;
  const problem = `The webhook-timestamp is ${Math.abs(ahead)} seconds ${ahead < 0 ? "old" : "in the future"}`;
  return `${problem}, more than the ${tolerance} allowed: check the clocks of sender and receiver, or whether an old request was sent again`;
}

function keyOf(secret: string): Buffer {
  const known = keys.get(secret);
  if (known) return known;
  const parsed = parseSecret(secret);
  if (!parsed.ok) throw new Error(`A signing secret cannot be used: ${parsed.problem}`);
  if (keys.size >= CACHED_KEYS) keys.clear();
  const key = Buffer.from(parsed.secret.slice(PREFIX.length), "base64");
  keys.set(secret, key);
  return key;
}

function isEqual(wanted: Buffer, given: Buffer): boolean {
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

function problem(text: string): ParsedSecret {
  return { ok: false, problem: text };
}

function invalid(text: string): Verified {
  return { valid: false, problem: text };
}
