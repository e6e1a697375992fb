import { createVault, type Vault } from "../domain/vault.ts";
import { resealHeaders } from "../domain/webhook-content.ts";
import type { StoredHeader } from "../domain/webhook.ts";
import { DatabaseProblem } from "./database.ts";
import { KeyFile } from "./key-file.ts";
import { isUnsealed, openSecretKey, sealCheck, type SecretKeySettings } from "./secret-key.ts";
import { metaStatements } from "./sqlite/meta.ts";
import { storageProblem } from "./sqlite/open.ts";
import type { SqliteHandle } from "./sqlite/rows.ts";

/** Rows in memory at one time. */
const BATCH = 500;

export interface RekeySettings extends SecretKeySettings {
  readonly file: string;
  readonly newKey: Buffer;
  /** Called before the commit when the key is not in a file: from then on nobody but the caller has the new one. */
  readonly show: () => void;
}

export interface Rekeyed {
  readonly secrets: number;
  readonly headers: number;
  readonly keyId: string;
  readonly formerKeyId: string;
}

/** Seals all secrets anew in one transaction, and leaves the new key where the one before was. */
export function rekey(db: SqliteHandle, settings: RekeySettings): Rekeyed {
  const { file, secretKey, newKey } = settings;
  const meta = metaStatements(db);
  if (isUnsealed(meta))
    throw new DatabaseProblem(`The database ${file} has no key yet; the first start makes one`);
  const former = openSecretKey(meta, { file, secretKey });
  if (former.secretKey.equals(newKey))
    throw new DatabaseProblem(`The new key is the one in use (${former.vault.keyId})`);
  const vault = createVault(newKey);
  const keyFile = secretKey ? undefined : new KeyFile(file);
  const counts = changed(db, file, () => {
    const sealed = resealAll(db, former.vault, vault);
    sealCheck(meta, vault);
    keep(() => (keyFile ? keyFile.prepare(newKey) : settings.show()));
    return sealed;
  });
  finish(keyFile, newKey);
  return { ...counts, keyId: vault.keyId, formerKeyId: former.vault.keyId };
}

/**
 * Rewrites the file: pages that are free, and the rest of those that are not full, still hold what was sealed with the
 * old key, of secrets revoked long ago too. Takes as much room as the database, twice.
 */
export function rewrite(db: SqliteHandle, file: string): void {
  try {
    db.exec("vacuum");
    const [log] = db.pragma("wal_checkpoint(truncate)") as { busy: number }[];
    if (log?.busy !== 0) throw new DatabaseProblem("another process reads the database");
  } catch (cause) {
    const why = problemOf(cause);
    throw new DatabaseProblem(
      `The key is changed, but ${file} may still hold texts that the old one opens (${why}); run this again once that is put right`,
      { cause },
    );
  }
}

/** What stood in the way; an error of any other kind is a bug, and thrown on. */
function problemOf(error: unknown): string {
  const problem = error instanceof DatabaseProblem ? error.message : storageProblem(error);
  if (problem === undefined) throw error;
  return problem;
}

/** Runs `change` in a transaction. */
function changed<T>(db: SqliteHandle, file: string, change: () => T): T {
  let isCommitting = false;
  try {
    db.exec("begin immediate");
    const result = change();
    isCommitting = true;
    db.exec("commit");
    return result;
  } catch (cause) {
    if (db.inTransaction) db.exec("rollback");
    // What had no room is not on the disk. Anything else may be, also when the commit failed: the new key then stays
    // where it is, and the next start finds out.
    if (!isCommitting || (cause as { code?: unknown }).code === "SQLITE_FULL")
      throw new DatabaseProblem(`${problemOf(cause)}. Nothing was changed`, { cause });
    throw new DatabaseProblem(
      `${file} may or may not open with the new key (${problemOf(cause)}); keep both, a start refuses the wrong one`,
      { cause },
    );
  }
}

/** A key that nobody has would lose every secret. */
function keep(how: () => void): void {
  try {
    how();
  } catch (cause) {
    throw new DatabaseProblem(`The new key can't be kept: ${(cause as Error).message}`, { cause });
  }
}

function finish(keyFile: KeyFile | undefined, newKey: Buffer): void {
  try {
    keyFile?.finish(newKey);
  } catch (cause) {
    throw new DatabaseProblem(
      `The key is changed, but not yet in ${keyFile?.path}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function resealAll(db: SqliteHandle, from: Vault, to: Vault): Pick<Rekeyed, "secrets" | "headers"> {
  let secrets = 0;
  const setSealed = db.prepare("update signing_secret set sealed = ? where id = ?");
  for (const { id, webhookId, sealed } of batches<SecretRow>(db, SECRETS)) {
    const text = opened(`The signing secret ${id}`, webhookId, () => from.open(sealed, id));
    setSealed.run(to.seal(text, id), id);
    secrets++;
  }
  let headers = 0;
  const setHeaders = db.prepare("update webhook set headers = ? where id = ?");
  for (const { id, headers: text } of batches<WebhookRow>(db, WEBHOOKS)) {
    const resealed = opened("A secret header", id, () =>
      resealHeaders({ id, headers: JSON.parse(text) as StoredHeader[] }, from, to),
    );
    const secret = resealed.filter(({ isSecret }) => isSecret).length;
    if (secret > 0) setHeaders.run(JSON.stringify(resealed), id);
    headers += secret;
  }
  return { secrets, headers };
}

type SecretRow = { readonly id: string; readonly webhookId: string; readonly sealed: string };
type WebhookRow = { readonly id: string; readonly headers: string };
const SECRETS = `select id, webhook_id as webhookId, sealed from signing_secret where id > ? order by id limit ${BATCH}`;
const WEBHOOKS = `select id, headers from webhook where id > ? and headers <> '[]' order by id limit ${BATCH}`;

/** All rows of a select that starts after an id; a statement that is read row by row would not let another one write. */
function* batches<R extends { readonly id: string }>(db: SqliteHandle, sql: string): Generator<R> {
  const select = db.prepare<[string], R>(sql);
  let last = "";
  for (;;) {
    const rows = select.all(last);
    yield* rows;
    if (rows.length < BATCH) return;
    last = rows.at(-1)!.id;
  }
}

function opened<T>(what: string, webhookId: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    throw new DatabaseProblem(
      `${what} of webhook ${webhookId} can't be opened (${(cause as Error).message}); restore it from a backup, or delete the webhook`,
      { cause },
    );
  }
}
