import { createHash, randomBytes } from "node:crypto";
import { openSecretKey, type Meta, type SecretKey, type SecretKeySettings } from "./secret-key.ts";

const ADMIN_KEY_HASH = "admin_key_hash";

export interface Installation extends SecretKey {
  readonly tenantId: string;
  /** SHA-256 of the operator's key. */
  readonly adminKeyHash: Buffer;
  /** The operator's key when it was made just now: there is no second time to show it. */
  readonly newAdminKey: string | undefined;
}

export interface InstallationSettings extends SecretKeySettings {
  readonly adminKey: string | undefined;
}

/** What must be there before anything else: the operator's key, a secret key that opens what is stored. */
export function prepareInstallation(
  meta: Meta,
  tenantId: string,
  settings: InstallationSettings,
): Installation {
  return {
    ...openSecretKey(meta, settings),
    tenantId,
    ...adminKey(meta, settings.adminKey),
  };
}

/** Only the hash is stored. A key in the settings replaces the one before, and stays valid without the setting. */
function adminKey(
  meta: Meta,
  given: string | undefined,
): Pick<Installation, "adminKeyHash" | "newAdminKey"> {
  const stored = meta.get(ADMIN_KEY_HASH);
  if (given === undefined && stored !== undefined)
    return { adminKeyHash: Buffer.from(stored, "hex"), newAdminKey: undefined };
  const key = given ?? `hook_${randomBytes(32).toString("base64url")}`;
  const adminKeyHash = createHash("sha256").update(key).digest();
  if (stored !== adminKeyHash.toString("hex"))
    meta.set(ADMIN_KEY_HASH, adminKeyHash.toString("hex"));
  return { adminKeyHash, newAdminKey: given === undefined ? key : undefined };
}
