import { existsSync, readFileSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect } from "vitest";
import { createVault, type Vault } from "../src/domain/vault.ts";
import { hookwire } from "./cli.ts";
import type { Ended, Folder } from "./process.ts";

export const keyPath = ({ database }: Folder): string => `${database}.key`;
export const newPath = ({ database }: Folder): string => `${database}.key.new`;

export function keyOf(folder: Folder): string {
  return readFileSync(keyPath(folder), "utf8").trim();
}

export function vaultOf(key: string): Vault {
  return createVault(Buffer.from(key, "base64"));
}

export function rekey(folder: Folder, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return hookwire(folder.path, "rekey", env).ended;
}

/** One that goes well. */
export async function rekeyed(folder: Folder, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, stdout, stderr } = await rekey(folder, env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/\nDone\. .*\n$/);
  expect(existsSync(newPath(folder))).toBe(false);
  return stdout;
}

/** One line that says why, and all as it was. */
export async function isRefused(
  folder: Folder,
  why: RegExp,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const before = stateOf(folder);
  const { code, stdout, stderr } = await rekey(folder, env);
  expect(stderr).toMatch(/^hookwire rekey: [^\n]+\n$/);
  expect(stderr).toMatch(why);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  for (const value of [env["HOOKWIRE_SECRET_KEY"], env["HOOKWIRE_NEW_SECRET_KEY"]])
    if (value) expect(stderr).not.toContain(value);
  expect(stateOf(folder)).toEqual(before);
  expect(existsSync(newPath(folder))).toBe(false);
}

function stateOf(folder: Folder) {
  if (!existsSync(folder.database)) return { sealed: [], key: "", mode: 0 };
  const key = existsSync(keyPath(folder)) ? keyOf(folder) : "";
  const mode = key && statSync(keyPath(folder)).mode & 0o777;
  return { sealed: sealedIn(folder.database), key, mode };
}

/** Every sealed text that is stored, with what it is bound to. */
export function sealedIn(file: string): { sealed: string; owner: string }[] {
  using db = new DatabaseSync(file, { readOnly: true });
  const rows = db
    .prepare(
      `select value as sealed, name as owner from meta where name = 'secret_key_check'
       union all select sealed, id from signing_secret
       union all select value ->> 'value', webhook.id || '/' || (value ->> 'name')
         from webhook, json_each(headers) where value ->> 'isSecret'
       order by 2`,
    )
    .all();
  return rows as { sealed: string; owner: string }[];
}

/** What they hold, opened with this key. */
export function openedIn(file: string, key: string): string[] {
  return sealedIn(file).map(({ sealed, owner }) => vaultOf(key).open(sealed, owner));
}

/** Secrets as many as asked for, of one webhook, put beside those that are there. */
export function addSecrets({ database }: Folder, key: string, count: number): void {
  using db = new DatabaseSync(database);
  const vault = vaultOf(key);
  const add = db.prepare(
    `insert into signing_secret (id, tenant_id, webhook_id, scheme, sealed, hint, created_at, expires_at)
     select ?, tenant_id, id, 'HMAC_SHA256', ?, 'none', 0, 9e14 from webhook limit 1`,
  );
  db.exec("begin");
  for (let index = 0; index < count; index++) {
    const id = `sec_${String(index).padStart(6, "0")}`;
    add.run(id, vault.seal(`whsec_${index}`, id));
  }
  db.exec("commit");
}
