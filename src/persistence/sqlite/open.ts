import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Configuration } from "@mikro-orm/core";
import { Migrator } from "@mikro-orm/migrations";
import { MikroORM, SqliteDriver, type SqliteConnection } from "@mikro-orm/sqlite";
import BetterSqlite from "better-sqlite3";
import { DatabaseProblem, type Database } from "../database.ts";
import { TABLES } from "../mapping.ts";
import { MIGRATIONS } from "../migrations/list.ts";
import { createLookups } from "./lookups.ts";
import type { SqliteHandle } from "./rows.ts";
import { createSessions } from "./sessions.ts";
import { createStatements } from "./statements.ts";

/** One connection that writes (only `Writer` uses it), and one that reads beside it. */
export interface SqliteDatabase extends Database {
  readonly writer: SqliteHandle;
}

/** MikroORM writes values into the text of a statement, where SQLite would take NUL for the end. */
class Driver extends SqliteDriver {
  constructor(config: Configuration) {
    super(config);
    const { platform } = this;
    const quote = platform.quoteValue.bind(platform);
    platform.quoteValue = (value: unknown) =>
      typeof value === "string" && value.includes("\0")
        ? `(${value.split("\0").map(quote).join(" || char(0) || ")})`
        : quote(value);
  }
}

/** Opens and migrates `file`, or a database in memory. A second service on the same file is refused. */
export async function openDatabase(file: string): Promise<SqliteDatabase> {
  const isMemory = file === ":memory:";
  const lock = isMemory ? undefined : takeLock(resolve(file));
  try {
    const orm = await MikroORM.init({
      driver: Driver,
      dbName: file,
      entities: TABLES,
      extensions: [Migrator],
      migrations: { migrationsList: MIGRATIONS, snapshot: false, silent: true },
      // The writer opens and commits each transaction itself, so that one commit serves many callers.
      implicitTransactions: false,
      replicas: isMemory ? undefined : [{ name: "reader", dbName: file }],
      contextName: `hookwire ${file} ${Math.random()}`,
      ensureDatabase: false,
    });
    const writer = await handle(orm, "write");
    setUp(writer);
    await orm.migrator.up();
    const reader = isMemory ? writer : await handle(orm, "read");
    if (!isMemory) reader.pragma("query_only = on");
    return {
      orm,
      writer,
      lookups: createLookups(reader),
      transactionsMax: 1,
      begin: createSessions(writer, createStatements(writer)),
      isLost: () => false,
      async close() {
        await orm.close(true);
        lock?.close();
      },
    };
  } catch (cause) {
    lock?.close();
    throw cause;
  }
}

async function handle(orm: MikroORM, kind: "read" | "write"): Promise<SqliteHandle> {
  const connection = orm.em.getConnection(kind) as SqliteConnection;
  await connection.execute("select 1");
  return (await connection.getNativeClient()) as SqliteHandle;
}

function setUp(writer: SqliteHandle): void {
  writer.pragma("journal_mode = wal");
  // An answered publish survives a power cut; group commit pays for it.
  writer.pragma("synchronous = full");
  // A lock of another process is waited for by a timer, never inside SQLite, where it would stop the event loop.
  writer.pragma("busy_timeout = 0");
  writer.pragma("wal_autocheckpoint = 4000");
}

/** Held exclusively while the service runs; the operating system gives it back when the process dies, however it dies. */
function takeLock(file: string): SqliteHandle {
  try {
    mkdirSync(dirname(file), { recursive: true });
  } catch (cause) {
    throw new DatabaseProblem(
      `The folder ${dirname(file)} can't be made: ${(cause as Error).message}`,
      { cause },
    );
  }
  try {
    // By whatever name it is reached, it is one database.
    const place = existsSync(file)
      ? realpathSync(file)
      : join(realpathSync(dirname(file)), basename(file));
    const lock = new BetterSqlite(`${place}.lock`, { timeout: 0 });
    lock.pragma("locking_mode = exclusive");
    lock.exec("begin exclusive");
    return lock;
  } catch (cause) {
    const { code } = cause as { code?: string };
    throw new DatabaseProblem(
      code === "SQLITE_BUSY"
        ? `Another Hookwire is running on ${file}; stop it first, or set DATABASE_URL to another file`
        : `The database ${file} can't be opened: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Runs a step of the start; what the disk or the database has against it becomes a sentence. */
export async function inWords<T>(file: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    const problem = storageProblem(cause);
    if (problem === undefined) throw cause;
    throw new DatabaseProblem(`The database ${file} can't be opened: ${problem}`, { cause });
  }
}

/** A sentence for an error of the disk or the database that is no bug of ours; undefined for any other error. */
export function storageProblem(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== "string" || !code.startsWith("SQLITE_")) return undefined;
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT"))
    return "the file is no database, or a damaged one";
  if (code === "SQLITE_FULL") return "the disk is full";
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"))
    return "another process holds the database";
  if (code.startsWith("SQLITE_IOERR")) return "the disk reports an error";
  if (code.startsWith("SQLITE_READONLY") || code.startsWith("SQLITE_CANTOPEN"))
    return "the database file can't be written";
  return undefined;
}
