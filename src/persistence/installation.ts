import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createIds } from "../domain/id.ts";
import { DEFAULT_TENANT } from "../domain/tenant.ts";
import { createVault, type Vault } from "../domain/vault.ts";
import { DatabaseProblem } from "./orm.ts";
import type { SqliteHandle } from "./sql/sqlite.ts";

const KEY_CHECK = "secret_key_check";
const ADMIN_KEY_HASH = "admin_key_hash";
const KEY_CHECK_TEXT = "hookwire";

export interface Installation {
  readonly tenantId: string;
  readonly vault: Vault;
  readonly secretKey: Buffer;
  /** SHA-256 of the operator's key. */
  readonly adminKeyHash: Buffer;
  /** The operator's key when it was made just now: there is no second time to show it. */
  readonly newAdminKey: string | undefined;
}

export interface InstallationSettings {
  readonly file: string;
  readonly secretKey: Buffer | undefined;
  readonly adminKey: string | undefined;
  readonly now: Date;
}

/** What must be there before anything else: the tenant, the operator's key, a secret key that opens what is stored. */
export function prepareInstallation(
  db: SqliteHandle,
  settings: InstallationSettings,
): Installation {
  const meta = metaTable(db);
  const secretKey =
    settings.secretKey ?? keyBeside(settings.file, meta.get(KEY_CHECK) === undefined);
  const vault = createVault(secretKey);
  checkKey(meta, vault);
  return {
    tenantId: defaultTenant(db, settings.now),
    vault,
    secretKey,
    ...adminKey(meta, settings.adminKey),
  };
}

function metaTable(db: SqliteHandle) {
  const get = db.prepare<[string], { value: string }>("select value from meta where name = ?");
  const set = db.prepare(
    "insert into meta values (?, ?) on conflict do update set value = excluded.value",
  );
  return {
    get: (name: string) => get.get(name)?.value,
    set: (name: string, value: string): void => void set.run(name, value),
  };
}

/** Kept beside the database with mode 0600; without it the stored secrets can't be opened. */
function keyBeside(file: string, isNew: boolean): Buffer {
  if (file === ":memory:") return randomBytes(32);
  const path = `${file}.key`;
  if (!isNew && !existsSync(path))
    throw new DatabaseProblem(
      `The secret key ${path} is gone; put it back, or set HOOKWIRE_SECRET_KEY to what it held`,
    );
  try {
    if (!existsSync(path))
      writeFileSync(path, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flag: "wx" });
    const key = Buffer.from(readFileSync(path, "utf8"), "base64");
    if (key.length === 32) return key;
  } catch (cause) {
    throw new DatabaseProblem(
      `The secret key ${path} can't be read or made: ${(cause as Error).message}`,
      { cause },
    );
  }
  throw new DatabaseProblem(`The secret key ${path} should be 32 bytes in base64`);
}

function checkKey(meta: ReturnType<typeof metaTable>, vault: Vault): void {
  const stored = meta.get(KEY_CHECK);
  if (stored === undefined) return meta.set(KEY_CHECK, vault.seal(KEY_CHECK_TEXT, KEY_CHECK));
  try {
    if (vault.open(stored, KEY_CHECK) === KEY_CHECK_TEXT) return;
  } catch (cause) {
    throw new DatabaseProblem(
      "HOOKWIRE_SECRET_KEY is not the key that this database was made with; signing secrets can't be opened without it",
      { cause },
    );
  }
}

function defaultTenant(db: SqliteHandle, now: Date): string {
  const found = db
    .prepare<[string], { id: string }>("select id from tenant where key = ?")
    .get(DEFAULT_TENANT.key);
  if (found) return found.id;
  const id = createIds(() => now)("ten");
  db.prepare("insert into tenant values (?, ?, ?, ?, 0, 0)").run(
    id,
    DEFAULT_TENANT.key,
    DEFAULT_TENANT.name,
    now.getTime(),
  );
  return id;
}

/** Only the hash is stored. A key in the settings replaces the one before, and stays valid without the setting. */
function adminKey(
  meta: ReturnType<typeof metaTable>,
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
