import type BetterSqlite from "better-sqlite3";

export type SqliteHandle = BetterSqlite.Database;

/** A row as SQLite gives it: instants in milliseconds, booleans as 0 and 1. */
export type Row<T> = {
  [K in keyof T]: T[K] extends Date
    ? number
    : T[K] extends Date | null
      ? number | null
      : T[K] extends boolean
        ? 0 | 1
        : T[K];
};

/** An instant as it is stored. */
export const at = (date: Date | null): number | null => date && date.getTime();

/** An instant that was stored. */
export const date = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

export function insert(table: string, values: number): string {
  return `insert into ${table} values (${Array(values).fill("?").join(", ")})`;
}
