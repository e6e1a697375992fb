import { randomBytes } from "node:crypto";
import { createVault, type Vault } from "../domain/vault.ts";
import { DatabaseProblem } from "./database.ts";
import { KEY_BYTES, KeyFile } from "./key-file.ts";

const CHECK = "secret_key_check";
const CHECK_TEXT = "hookwire";

/** Facts about the installation itself. */
export interface Meta {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
}

export interface SecretKey {
  readonly secretKey: Buffer;
  readonly vault: Vault;
}

export interface SecretKeySettings {
  /** Null: there is no file to keep one beside. */
  readonly file: string | null;
  /** The one beside the database when undefined. */
  readonly secretKey: Buffer | undefined;
}

/** Nothing was sealed yet: any key will do. */
export function isUnsealed(meta: Meta): boolean {
  return meta.get(CHECK) === undefined;
}

/** The key that opens what is stored, made when nothing is. Refuses any other. */
export function openSecretKey(
  meta: Meta,
  { file, secretKey: given }: SecretKeySettings,
): SecretKey {
  if (!given && file === null)
    throw new DatabaseProblem(
      "HOOKWIRE_SECRET_KEY must be set with PostgreSQL: 32 bytes in base64, the same for all processes",
    );
  const secretKey = given ?? keyBeside(file!, meta);
  const vault = createVault(secretKey);
  if (isUnsealed(meta)) sealCheck(meta, vault);
  else if (!opensCheck(meta, vault)) {
    const place = given ? "HOOKWIRE_SECRET_KEY" : `The key in ${new KeyFile(file!).path}`;
    throw new DatabaseProblem(
      `${place} is ${vault.keyId}, but the secrets of this database are sealed with ${sealedWith(meta)} and can't be opened without that`,
    );
  }
  return { secretKey, vault };
}

/** From here on only this key opens the database. */
export function sealCheck(meta: Meta, vault: Vault): void {
  meta.set(CHECK, vault.seal(CHECK_TEXT, CHECK));
}

function opensCheck(meta: Meta, vault: Vault): boolean {
  try {
    return vault.open(meta.get(CHECK) ?? "", CHECK) === CHECK_TEXT;
  } catch {
    // With another key it throws; so it does when the stored value is damaged.
    return false;
  }
}

/** The id of the key that is asked for. */
function sealedWith(meta: Meta): string {
  return (meta.get(CHECK) ?? "").split(".")[0]!;
}

/** Kept beside the database with mode 0600; without it the stored secrets can't be opened. */
function keyBeside(file: string, meta: Meta): Buffer {
  if (file === ":memory:") return randomBytes(KEY_BYTES);
  const keyFile = new KeyFile(file);
  const { path } = keyFile;
  try {
    if (isUnsealed(meta)) {
      if (!keyFile.exists) keyFile.make();
    } else keyFile.settle((key) => opensCheck(meta, createVault(key)));
    const key = keyFile.read();
    if (key) return key;
  } catch (cause) {
    throw new DatabaseProblem(
      `The secret key ${path} can't be read or made: ${(cause as Error).message}`,
      { cause },
    );
  }
  throw new DatabaseProblem(
    keyFile.exists
      ? `The secret key ${path} should be 32 bytes in base64`
      : `The secret key ${path} is gone; put it back, or set HOOKWIRE_SECRET_KEY to what it held`,
  );
}
