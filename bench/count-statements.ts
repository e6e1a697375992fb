import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import BetterSqlite from "better-sqlite3";

/** Loaded into a service with `--import`: counts the statements that run and writes them to BENCH_STATEMENTS at the end. */
const file = process.env["BENCH_STATEMENTS"];
if (file !== undefined && isMainThread) {
  const counts: Record<string, number> = {};
  const db = new BetterSqlite(":memory:");
  const prototype = Object.getPrototypeOf(db.prepare("select 1")) as Record<string, unknown>;
  for (const method of ["run", "get", "all", "iterate"]) {
    const original = prototype[method] as (...args: unknown[]) => unknown;
    prototype[method] = function (this: BetterSqlite.Statement, ...args: unknown[]) {
      counts[this.source] = (counts[this.source] ?? 0) + 1;
      return original.apply(this, args);
    };
  }
  db.close();
  process.once("exit", () => writeFileSync(file, JSON.stringify(counts)));
}
