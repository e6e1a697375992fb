import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Keeps secrets encrypted at rest (AES-256-GCM). */
export interface Vault {
  /** Says which key it is, and nothing of it; every sealed text begins with it. */
  readonly keyId: string;
  /** `owner` is bound in: a sealed text copied to another owner does not open. */
  seal(text: string, owner: string): string;
  /** Throws when the key or the owner is another one. */
  open(sealed: string, owner: string): string;
}

/** `key`: 32 bytes. A sealed text reads `<key id>.<iv, tag and ciphertext in base64url>`. */
export function createVault(key: Buffer): Vault {
  const keyId = createHash("sha256").update(key).digest("hex").slice(0, 8);
  return {
    keyId,
    seal(text, owner) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(Buffer.from(owner));
      const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return `${keyId}.${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64url")}`;
    },
    open(sealed, owner) {
      const [id, content = ""] = sealed.split(".");
      if (id !== keyId) throw new Error(`sealed with another key (${id}); this one is ${keyId}`);
      const bytes = Buffer.from(content, "base64url");
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES))
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return Buffer.concat([
        decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)),
        decipher.final(),
      ]).toString("utf8");
    },
  };
}
