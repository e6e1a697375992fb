import { readFileSync } from "node:fs";
import { join } from "node:path";
import BetterSqlite, { type Database } from "better-sqlite3";
import { createIds, type IdPrefix } from "../src/domain/id.ts";
import { createVault } from "../src/domain/vault.ts";
import type { App } from "./app.ts";

export type Row = Record<string, unknown>;
const newId = createIds(() => new Date());
const ID = /\b(ten|wh|sec|key|aud|evt|dlv|att|inb|inr)_[0-9a-hjkmnp-tv-z]{26}\b/g;

/** A tenant that holds all that the default one does, under ids of its own and with THEIRS where that says OURS. */
export interface SecondTenant {
  readonly tenantId: string;
  /** Its ids, of every kind. */
  readonly ids: readonly string[];
  /** Its id for one of the default tenant. */
  readonly twin: (id: string) => string;
}

/**
 * A connection beside the service's. With the library that the service itself uses: two of them in one process take
 * each other's file locks away.
 */
export function openDatabase(app: App): Database {
  return new BetterSqlite(join(app.folder, "hookwire.db"), { timeout: 5000 });
}

/** Written straight into the file of an app that is stopped: the API has no way to make a tenant yet. */
export function addSecondTenant(app: App): SecondTenant {
  const db = openDatabase(app);
  const vault = createVault(
    Buffer.from(readFileSync(join(app.folder, "hookwire.db.key"), "utf8"), "base64"),
  );
  const tables = tenantTables(db);
  const rows = new Map(tables.map((table) => [table, rowsOf(db, table)]));
  const twins = twinsOf(rows);
  const theirs = (text: string) =>
    text.replaceAll(ID, (id) => twins.get(id) ?? id).replaceAll("OURS", "THEIRS");
  db.exec("begin immediate");
  for (const [table, some] of rows)
    for (const row of some) {
      const copy = Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, copied(value, theirs)]),
      );
      if (table === "tenant") copy["key"] = "second";
      if (table === "signing_secret")
        copy["sealed"] = vault.seal(
          vault.open(String(row["sealed"]), String(row["id"])),
          String(copy["id"]),
        );
      const marks = Object.keys(copy).map(() => "?");
      db.prepare(`insert into "${table}" values (${marks.join()})`).run(...Object.values(copy));
    }
  db.exec("commit");
  db.close();
  const twin = (id: string): string => {
    const found = twins.get(id);
    if (found === undefined) throw new Error(`${id} has no twin`);
    return found;
  };
  const tenantId = twin(String(rows.get("tenant")?.[0]?.["id"]));
  return { tenantId, ids: [...twins.values()], twin };
}

/** All rows of all tables, to see what happened, and to whom. */
export function everything(app: App): Record<string, Row[]> {
  const db = openDatabase(app);
  const rows = Object.fromEntries(tenantTables(db).map((table) => [table, rowsOf(db, table)]));
  db.close();
  return rows;
}

/** The rows of one tenant. */
export function contentOf(app: App, tenantId: string): Record<string, Row[]> {
  return Object.fromEntries(
    Object.entries(everything(app)).map(([table, rows]) => [
      table,
      rows.filter((row) => row["tenant_id"] === tenantId || row["id"] === tenantId),
    ]),
  );
}

function tenantTables(db: Database): string[] {
  const tables = db.prepare<[], { name: string }>(
    "select name from sqlite_master where type = 'table'",
  );
  return tables
    .all()
    .map(({ name }) => name)
    .filter((table) => table !== "meta" && !/^(sqlite|mikro_orm)/.test(table));
}

function rowsOf(db: Database, table: string): Row[] {
  return db.prepare<[], Row>(`select * from "${table}"`).all();
}

/** A new id for each one that occurs, in the same order. */
function twinsOf(rows: ReadonlyMap<string, readonly Row[]>): ReadonlyMap<string, string> {
  const texts = [...rows.values()].flat().flatMap(Object.values);
  const ids = texts.flatMap((value) => (typeof value === "string" ? [...value.matchAll(ID)] : []));
  const sorted = [...new Set(ids.map(([id]) => id))].toSorted();
  return new Map(sorted.map((id) => [id, newId(id.slice(0, id.indexOf("_")) as IdPrefix)]));
}

function copied(value: unknown, theirs: (text: string) => string): unknown {
  if (typeof value === "string") return theirs(value);
  return value instanceof Uint8Array
    ? Buffer.from(theirs(Buffer.from(value).toString("latin1")), "latin1")
    : value;
}
