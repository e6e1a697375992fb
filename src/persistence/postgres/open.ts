import type { Configuration } from "@mikro-orm/core";
import { Migrator } from "@mikro-orm/migrations";
import { MikroORM, PostgreSqlDriver, type PostgreSqlConnection } from "@mikro-orm/postgresql";
import { types, type Pool, type PoolClient } from "pg";
import { DatabaseProblem, type Database } from "../database.ts";
import { TABLES } from "../mapping.ts";
import type { Session } from "../statements.ts";
import type { Crew } from "./claims.ts";
import { createLookups } from "./lookups.ts";
import { MIGRATIONS } from "./migrations/list.ts";
import type { Query } from "./rows.ts";
import { createStatements } from "./statements.ts";

export interface PostgresOptions {
  /** Connections of this process. */
  readonly pool: number;
  readonly crew: Crew;
}

export interface PostgresDatabase extends Database {
  readonly query: Query;
  /** Runs `work` while no other process does such work on this database. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** A connection for itself, to be released. */
  readonly connect: () => Promise<PoolClient>;
}

/** Of all connections, so many may be in transactions that write: the others read. */
const WRITING = 0.5;
/** "Hook": all processes of one database take this lock to prepare it one after the other. */
const LOCK = 0x48_6f_6f_6b;
const CONNECT_MS = 10_000;

const INT8 = 20;
/** Counts and positions stay far below 2^53. */
const TYPES = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === INT8
      ? Number
      : types.getTypeParser(oid, format as never)) as typeof types.getTypeParser,
};

/**
 * No text of PostgreSQL can hold NUL, and MikroORM writes values into the text of a statement, which would end there. What
 * asks for such a text finds nothing; the checks of input keep it out of what is stored.
 */
class Driver extends PostgreSqlDriver {
  constructor(config: Configuration) {
    super(config);
    const { platform } = this;
    const quote = platform.quoteValue.bind(platform);
    platform.quoteValue = (value: unknown) =>
      typeof value === "string" && value.includes("\0") ? "null" : quote(value);
  }
}

/** Opens and migrates a database on a PostgreSQL server. */
export async function openPostgres(
  url: string,
  { pool: size, crew }: PostgresOptions,
): Promise<PostgresDatabase> {
  const orm = await MikroORM.init({
    driver: Driver,
    clientUrl: url,
    entities: TABLES,
    extensions: [Migrator],
    migrations: { migrationsList: MIGRATIONS, snapshot: false, silent: true },
    implicitTransactions: false,
    pool: { max: size },
    driverOptions: { connectionTimeoutMillis: CONNECT_MS, application_name: "hookwire" },
    contextName: `hookwire ${url} ${Math.random()}`,
    ensureDatabase: false,
    logger: () => {},
  });
  try {
    const connection = orm.em.getConnection() as PostgreSqlConnection;
    const pool = await connection.getNativeClient();
    const alone = <T>(work: () => Promise<T>) => withLock(pool, work);
    // Several processes may start at once: the first one migrates, the others wait for it.
    await alone(() => orm.migrator.up());
    const query = createQuery(pool);
    return {
      orm,
      query,
      alone,
      connect: () => pool.connect(),
      lookups: createLookups(query),
      transactionsMax: Math.max(1, Math.floor(size * WRITING)),
      begin: () => begin(pool, crew),
      isLost,
      close: () => orm.close(true),
    };
  } catch (cause) {
    await orm.close(true);
    throw cause;
  }
}

async function withLock<T>(pool: Pool, work: () => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK]);
    return await work();
  } finally {
    // With the connection its lock is gone.
    client.release(true);
  }
}

const names = new Map<string, string>();

/** Statements are few: each is prepared once for each connection. */
function createQuery(client: Pick<PoolClient, "query">): Query {
  return async (text, values = []) => {
    let name = names.get(text);
    if (name === undefined) names.set(text, (name = `hookwire_${names.size}`));
    const { rows } = await client.query({ name, text, values: [...values], types: TYPES });
    return rows as never;
  };
}

async function begin(pool: Pool, crew: Crew): Promise<Session> {
  const client = await pool.connect();
  const query = createQuery(client);
  try {
    await client.query("begin");
  } catch (error) {
    client.release(true);
    throw error;
  }
  return {
    sql: createStatements(query, crew),
    adopt: (em) => em.setTransactionContext(contextOf(client)),
    async commit() {
      try {
        await client.query("commit");
      } catch (error) {
        client.release(true);
        throw error;
      }
      client.release();
    },
    async rollback() {
      const isOver = await client.query("rollback").then(
        () => false,
        () => true,
      );
      client.release(isOver);
    },
  };
}

/** As much of a transaction as MikroORM uses. */
function contextOf(client: PoolClient): object {
  return {
    async executeQuery({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) {
      const { rows, rowCount } = await client.query(sql, [...parameters]);
      return { rows: rows as unknown[], numAffectedRows: BigInt(rowCount ?? 0) };
    },
  };
}

/** Classes of SQLSTATE: connection exceptions, except that of a malformed message, and a server that shuts down or starts. */
const LOST = /^(08(?!P01)|57P0)/;

function isLost(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string" && (LOST.test(code) || /^E[A-Z]+$/.test(code))) return true;
  return /Connection terminated|connection timeout|timeout exceeded|not queryable/i.test(
    String(message),
  );
}

/** A sentence for an error of the server that is no bug of ours; undefined for any other error. */
export function serverProblem(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === "28P01" || code === "28000") return "user and password are refused";
  if (code === "3D000") return "there is no such database";
  if (code === "53300") return "the server has no connection left";
  if (code === "53100") return "the disk of the server is full";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "there is no server of this name";
  if (code === "ECONNREFUSED") return "nothing answers at this address";
  if (isLost(error)) return "the connection is lost";
  return undefined;
}

/** The address without its password. */
export function shownUrl(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed) return "DATABASE_URL";
  parsed.password = "";
  return parsed.href;
}

export function openProblem(url: string, error: unknown): DatabaseProblem | undefined {
  const problem = serverProblem(error);
  return problem === undefined
    ? undefined
    : new DatabaseProblem(`The database ${shownUrl(url)} can't be opened: ${problem}`, {
        cause: error,
      });
}
