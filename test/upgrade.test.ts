import { join } from "node:path";
import { Migrator } from "@mikro-orm/migrations";
import { MikroORM } from "@mikro-orm/sqlite";
import BetterSqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { TABLES } from "../src/persistence/mapping.ts";
import { MIGRATIONS } from "../src/persistence/migrations/list.ts";
import { openDatabase } from "../src/persistence/orm.ts";
import { makeFolder } from "./process.ts";

/** A database as the first version left it. */
async function firstVersion(file: string): Promise<void> {
  const orm = await MikroORM.init({
    dbName: file,
    entities: TABLES,
    extensions: [Migrator],
    migrations: { migrationsList: MIGRATIONS.slice(0, 1), snapshot: false, silent: true },
    ensureDatabase: false,
  });
  await orm.migrator.up();
  await orm.close(true);
}

test("a database of the first version is brought up to date in place, with its rows", async () => {
  using folder = makeFolder();
  const file = join(folder.path, "old.db");
  await firstVersion(file);
  const old = new BetterSqlite(file);
  const columns = old.pragma("table_info(webhook)") as { name: string; type: string }[];
  const webhook = old.prepare(`insert into webhook values (${columns.map(() => "?").join(", ")})`);
  webhook.run(columns.map(({ name, type }) => (type.toLowerCase() === "text" ? `the ${name}` : 1)));
  old.close();

  const database = await openDatabase(file);
  const row = database.writer.prepare("select * from webhook").get();
  expect(row).toMatchObject({ id: "the id", version: 1, rate_limit_per_second: null });
  expect(database.writer.pragma("integrity_check")).toEqual([{ integrity_check: "ok" }]);
  await database.close();
});
