import { createHmac, sign, timingSafeEqual } from "node:crypto";
import { keyOf, type SignatureScheme } from "./secret.ts";

/** What stands before the comma of a signature (Standard Webhooks 1.0.0). */
const VERSIONS: Record<SignatureScheme, string> = { HMAC_SHA256: "v1", ED25519: "v1a" };

/** Seconds that a timestamp may be off in either direction, the same as in the stock verifiers. */
const TOLERANCE_SECONDS = 300;

/**
 * What a signature covers (Standard Webhooks 1.0.0). `timestamp`: unix seconds.
 * An id must hold no dot, or two different requests would share one content.
 */
export function signedContent(id: string, timestamp: number | string, body: string): string {
  return `${id}.${timestamp}.${body}`;
}

/**
 * `v1,<base64>` (HMAC-SHA256) or `v1a,<base64>` (ed25519, RFC 8032) of the content, text in UTF-8. Throws on a secret
 * that `parseSecret` refuses.
 */
export function signature(secret: string, content: string | Uint8Array): string {
  const key = keyOf(secret);
  const bytes =
    key.scheme === "ED25519"
      ? sign(null, Buffer.from(content), key.privateKey)
      : createHmac("sha256", key.bytes).update(content).digest();
  return `${VERSIONS[key.scheme]},${bytes.toString("base64")}`;
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

  const versions = versionsOf(secrets);
  const given = list
    .split(" ")
    .filter((entry) => versions.some((version) => entry.startsWith(`${version},`)));
  if (given.length === 0) {
    const [version = ""] = versions;
    return invalid(
      `The webhook-signature header holds no ${versions.join(" or ")} signature; it reads ${version},<base64>, several with spaces between`,
    );
  }
  const content = Buffer.concat([
    Buffer.from(`${id}.${timestamp}.`),
    typeof body === "string" ? Buffer.from(body) : body,
  ]);
  for (const secret of secrets) {
    // Ed25519 makes one signature of one content, so comparing is verifying: a list of many costs no more than one.
    const wanted = Buffer.from(signature(secret, content));
    if (given.some((entry) => isEqual(wanted, Buffer.from(entry)))) return { valid: true };
  }
  return invalid(
    "The signature does not match: the body was changed on the way (parsed and written anew?), or another secret signed it",
  );
}

/** What may be in the list: the versions of these secrets. */
function versionsOf(secrets: readonly string[]): string[] {
  const schemes = new Set(secrets.map((secret) => keyOf(secret).scheme));
  return Object.entries(VERSIONS).flatMap(([scheme, version]) =>
    schemes.size === 0 || schemes.has(scheme as SignatureScheme) ? version : [],
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

function isEqual(wanted: Buffer, given: Buffer): boolean {
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

function invalid(text: string): Verified {
  return { valid: false, problem: text };
}
