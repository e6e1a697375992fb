import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Migrator } from "@mikro-orm/migrations";
import { MikroORM } from "@mikro-orm/sqlite";
import BetterSqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { BUILT_IN_CATALOG } from "../domain/catalog/catalog.ts";
import { TABLES } from "./mapping.ts";
import { MIGRATIONS } from "./migrations/list.ts";
import { Reader } from "./read.ts";
import { openDatabase } from "./sqlite/open.ts";

/** A database that the first release made, with a webhook, its delivery and a test. */
async function makeFirst(file: string): Promise<void> {
  const orm = await MikroORM.init({
    dbName: file,
    entities: TABLES,
    extensions: [Migrator],
    migrations: { migrationsList: MIGRATIONS.slice(0, 1), snapshot: false, silent: true },
    contextName: file,
  });
  await orm.migrator.up();
  await orm.close(true);
  const db = new BetterSqlite(file);
  db.exec(`
    insert into webhook values ('wh_1', 'ten_1', null, 'Old', 'https://example.com/', '["*"]', null, 'i', 'ENVELOPE', '[]',
      'HMAC_SHA256', null, null, null, 'ACTIVE', null, 1, 1, 1, null, 1, 'HEALTHY', 0, 0, 1, null, null);
    insert into delivery values ('dlv_1', 'ten_1', 'evt_1', 'a', 'wh_1', 'Old', 'ENVELOPE', 0, 'FAILED', 'AUTOMATIC', 1, 1, 0,
      1, null, null, 2, 'TLS', 'att_1', null, 1, null);
    insert into delivery values ('dlv_2', 'ten_1', 'evt_1', 'a', 'wh_1', 'Old', 'ENVELOPE', 1, 'PENDING', 'TEST', 0, 0, 0,
      1, 5, null, null, null, null, null, 0, null);
    insert into signing_secret values ('sec_1', 'ten_1', 'wh_1', 'HMAC_SHA256', 'sealed', 'abcd', 1);`);
  db.close();
}

test("a database of the first release is upgraded in place: its rows stay, and are found by every filter", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hookwire-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "hookwire.db");
  await makeFirst(file);
  const database = await openDatabase(file);
  onTestFinished(() => database.close());
  const reader = new Reader(
    database.orm,
    () => new Date(),
    () => Promise.resolve(BUILT_IN_CATALOG),
  );
  const filters = [
    [{}, "dlv_2", "dlv_1"],
    [{ isTest: true }, "dlv_2"],
    [{ statuses: ["FAILED"] }, "dlv_1"],
    [{ lastOutcomes: ["TLS"] }, "dlv_1"],
    [{ eventIds: ["evt_1"] }, "dlv_2", "dlv_1"],
    [{ webhooks: [{ id: "wh_1" }] }, "dlv_2", "dlv_1"],
  ] as const;
  for (const [filter, ...ids] of filters) {
    const { nodes } = await reader.deliveries("ten_1", filter, { first: 10 });
    expect(
      nodes.map(({ id }) => id),
      JSON.stringify(filter),
    ).toEqual(ids);
  }
  expect(await reader.webhook("ten_1", { id: "wh_1" })).toMatchObject({
    name: "Old",
    rateLimitPerSecond: null,
  });
  expect(await reader.secrets("ten_1", ["wh_1"])).toMatchObject([
    { id: "sec_1", sealed: "sealed", expiresAt: null, publicKey: null },
  ]);
});

test("the columns are those of the mapping", async () => {
  const database = await openDatabase(":memory:");
  onTestFinished(() => database.close());
  const mapped = new BetterSqlite(":memory:");
  mapped.exec(await database.orm.schema.getCreateSchemaSQL({ wrap: false }));
  const columnsOf = (db: BetterSqlite.Database) =>
    db
      .prepare(
        `select t.name as "table", c.name, c."notnull", c.pk from sqlite_master t, pragma_table_info(t.name) c
         where t.type = 'table' and t.name not like 'mikro_orm%' and t.name not like 'sqlite%' order by 1, 2`,
      )
      .all();
  expect(columnsOf(mapped).length).toBeGreaterThan(100);
  expect(columnsOf(database.writer)).toEqual(columnsOf(mapped));
});

test("the indexes are those of the mapping", async () => {
  const database = await openDatabase(":memory:");
  onTestFinished(() => database.close());
  const mapped = new BetterSqlite(":memory:");
  mapped.exec(await database.orm.schema.getCreateSchemaSQL({ wrap: false }));
  const indexesOf = (db: BetterSqlite.Database) =>
    db
      .prepare("select sql from sqlite_master where type = 'index' and sql is not null order by 1")
      .all();
  expect(indexesOf(database.writer)).toEqual(indexesOf(mapped));
});
