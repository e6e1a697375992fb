import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import BetterSqlite from "better-sqlite3";
import manifest from "../package.json" with { type: "json" };
import { makeFolder } from "./service.ts";
import { spreadOf, type Spread } from "./stats.ts";

/** A durable commit slower than this, and the absolute budgets say more about the disk than about the service. */
export const COMMIT_P99_MS = 5;
const COMMITS = 500;

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly sqlite: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly revision: string;
  /** Changed files that no commit holds yet. */
  readonly isClean: boolean;
  readonly loadAverage: number;
  /** One row, one commit, synchronous=FULL, milliseconds. */
  readonly loneCommit: Spread;
}

export function describeMachine(): Machine {
  const { dependencies } = manifest;
  const versions = ["graphql-yoga", "graphql", "undici", "better-sqlite3", "ws"] as const;
  const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8" }).trim();
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    sqlite: new BetterSqlite(":memory:")
      .prepare<[], string>("select sqlite_version()")
      .pluck()
      .get()!,
    packages: Object.fromEntries(versions.map((name) => [name, dependencies[name]])),
    revision: git("rev-parse", "--short", "HEAD"),
    isClean: git("status", "--porcelain") === "",
    loadAverage: loadavg()[0]!,
    loneCommit: timeCommits(),
  };
}

function timeCommits(): Spread {
  const folder = makeFolder();
  const db = new BetterSqlite(join(folder, "commits.db"));
  db.pragma("journal_mode = wal");
  db.pragma("synchronous = full");
  db.exec("create table commits (number integer)");
  const add = db.prepare("insert into commits values (?)");
  const times = Array.from({ length: COMMITS }, (_, number) => {
    const startMs = performance.now();
    add.run(number);
    return performance.now() - startMs;
  });
  db.close();
  rmSync(folder, { recursive: true });
  return spreadOf(times);
}

/** Time that other machines on the same host took from this one, 0 to 1, since the last call. */
export function createStealMeter(): () => number {
  let before = readTimes();
  return () => {
    const now = readTimes();
    const [total, steal] = [now.total - before.total, now.steal - before.steal];
    before = now;
    return total > 0 ? steal / total : 0;
  };
}

function readTimes(): { readonly total: number; readonly steal: number } {
  const line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!;
  const times = line.split(/\s+/).slice(1, 9).map(Number);
  return { total: times.reduce((sum, time) => sum + time, 0), steal: times[7] ?? 0 };
}
