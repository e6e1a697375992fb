import { createHash } from "node:crypto";
import type { Scope } from "./rights.ts";

const PREFIX = "hook_";
const KEY_BYTES = 32;

/** A key of a tenant. The text itself is shown once, by the command that made it; only its hash is kept. */
export class ApiKey {
  id!: string;
  tenantId!: string;
  name!: string;
  /** SHA-256 in hex. 256 random bits need no slower hash. */
  hash!: string;
  /** Its last four characters. */
  hint!: string;
  scopes!: Scope[];
  createdAt!: Date;
  expiresAt!: Date | null;
  revokedAt!: Date | null;
  /** Written once a minute, not with each request. */
  lastUsedAt!: Date | null;
}

export function createKeyText(randomBytes: (count: number) => Uint8Array): string {
  return PREFIX + Buffer.from(randomBytes(KEY_BYTES)).toString("base64url");
}

export function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** Whether it opens anything at this moment. */
export function isUsable({ expiresAt, revokedAt }: ApiKey, now: Date): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}
