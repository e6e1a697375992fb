import type { MikroORM } from "@mikro-orm/sql";
import type { LogEntry } from "../domain/log-entry.ts";
import type { LogFilter } from "../domain/stream.ts";
import { dialectOf, type Dialect } from "./dialect.ts";
import { columns, LOG_COLUMNS } from "./select-lists.ts";
import type { Row } from "./sqlite/rows.ts";

/** Where a search goes, `from` and `to` included; it stops at `most` entries. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly most: number;
  readonly order: "asc" | "desc";
}

/** The log of a tenant as streams read it: plain rows, since there are many. */
export class LogReader {
  readonly #orm: MikroORM;
  readonly #dialect: Dialect;

  constructor(orm: MikroORM) {
    this.#orm = orm;
    this.#dialect = dialectOf(orm.em);
  }

  /** What comes after a position, oldest first. */
  after(tenantId: string, position: number, most: number): Promise<LogEntry[]> {
    return this.#entries("position > ? order by position", [tenantId, position, most]);
  }

  /** What comes before a position, newest first. */
  before(tenantId: string, position: number, most: number): Promise<LogEntry[]> {
    return this.#entries("position < ? order by position desc", [tenantId, position, most]);
  }

  /** What passes the filter; the rest of the stretch costs little, since nothing is made of it. */
  passing(
    tenantId: string,
    filter: LogFilter,
    { from, to, most, order }: Stretch,
  ): Promise<LogEntry[]> {
    const lists = Object.entries(filter) as [keyof LogFilter, readonly unknown[]][];
    const isOneOf = lists.map(
      ([property]) =>
        `and ${this.#dialect.text(LOG_COLUMNS[property])} in (select value from ${this.#dialect.listed}) `,
    );
    // No text that is stored here holds NUL, and PostgreSQL refuses lists with one.
    const isStorable = (value: unknown) => typeof value !== "string" || !value.includes("\0");
    const values = lists.map(([, wanted]) => JSON.stringify(wanted.filter(isStorable)));
    return this.#entries(`position between ? and ? ${isOneOf.join("")}order by position ${order}`, [
      tenantId,
      from,
      to,
      ...values,
      most,
    ]);
  }

  /** The oldest that retention left. */
  async first(tenantId: string): Promise<number | undefined> {
    const [row] = await this.#rows<{ first: number | string | null }>(
      "select min(position) as first from log where tenant_id = ?",
      [tenantId],
    );
    return row?.first == null ? undefined : Number(row.first);
  }

  async #entries(range: string, values: readonly unknown[]): Promise<LogEntry[]> {
    const { milliseconds } = this.#dialect;
    const rows = await this.#rows<LogRow>(
      `select ${logEntry(milliseconds)} from log l where tenant_id = ? and ${range} limit ? + 0`,
      values,
    );
    return rows.map((row) => ({
      ...row,
      at: new Date(row.at),
      dueAt: row.dueAt === null ? null : new Date(row.dueAt),
      isTest: Boolean(row.isTest),
      position: Number(row.position),
    }));
  }

  #rows<T>(sql: string, values: readonly unknown[]): Promise<T[]> {
    return this.#orm.em.getConnection("read").execute<T[]>(sql, [...values]);
  }
}

type LogRow = Omit<Row<LogEntry>, "isTest" | "position"> & {
  readonly isTest: 0 | 1 | boolean;
  readonly position: number | string;
};

function logEntry(milliseconds: Dialect["milliseconds"]): string {
  const { at: _at, dueAt: _dueAt, ...rest } = LOG_COLUMNS;
  return `${columns<Omit<LogEntry, "at" | "dueAt">>("l", rest)}, ${milliseconds("l.at")} as at, ${milliseconds("l.due_at")} as "dueAt"`;
}
