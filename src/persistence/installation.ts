import { createHash, randomBytes } from "node:crypto";
import { createIds } from "../domain/id.ts";
import { DEFAULT_TENANT } from "../domain/tenant.ts";
import { openSecretKey, type SecretKey, type SecretKeySettings } from "./secret-key.ts";
import { metaStatements, type MetaStatements } from "./sqlite/meta.ts";
import type { SqliteHandle } from "./sqlite/rows.ts";

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
  readonly now: Date;
}

/** What must be there before anything else: the tenant, the operator's key, a secret key that opens what is stored. */
export function prepareInstallation(
  db: SqliteHandle,
  settings: InstallationSettings,
): Installation {
  const meta = metaStatements(db);
  return {
    ...openSecretKey(meta, settings),
    tenantId: defaultTenant(db, settings.now),
    ...adminKey(meta, settings.adminKey),
  };
}

function defaultTenant(db: SqliteHandle, now: Date): string {
  const found = db
    .prepare<[string], { id: string }>("select id from tenant where key = ?")
    .get(DEFAULT_TENANT.key);
  if (found) return found.id;
  const id = createIds(() => now)("ten");
  db.prepare("insert into tenant values (?, ?, ?, ?, 0, 0, 0)").run(
    id,
    DEFAULT_TENANT.key,
    DEFAULT_TENANT.name,
    now.getTime(),
  );
  return id;
}

/** Only the hash is stored. A key in the settings replaces the one before, and stays valid without the setting. */
function adminKey(
  meta: MetaStatements,
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
