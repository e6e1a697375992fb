import BetterSqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { createSessions } from "./sqlite/sessions.ts";
import type { Statements } from "./statements.ts";
import type { Transaction } from "./transaction.ts";
import { oneByOne, Writer } from "./writer.ts";

/** A writer over a table of numbers, and what it told: commits and rollbacks. */
function createWorld() {
  const db = new BetterSqlite(":memory:");
  db.exec("create table number (value integer primary key)");
  const told: string[] = [];
  const open = () =>
    ({
      complete: () => Promise.resolve(),
      rolledBack: () => told.push("rollback"),
    }) as unknown as Transaction;
  const writer = new Writer({
    begin: createSessions(db, {} as Statements),
    most: 1,
    isLost: () => false,
    open,
    committed: async () => void told.push("commit"),
    report: (error) => told.push(String(error)),
  });
  const insert = db.prepare("insert into number values (?)");
  const add = oneByOne(async (_transaction, value: number) => {
    if (value < 0) throw new RangeError("negative");
    insert.run(value);
    return value * 2;
  });
  const values = () => db.prepare("select value from number order by value").pluck().all();
  return { writer, add, told, values, insert };
}

test("changes that are asked for together share one commit, and each gets its own answer", async () => {
  const { writer, add, told, values } = createWorld();
  expect(await Promise.all([1, 2, 3].map((value) => writer.change(add, value)))).toEqual([2, 4, 6]);
  expect(told).toEqual(["commit"]);
  expect(values()).toEqual([1, 2, 3]);
});

test("when one of a group fails, the others are kept all the same", async () => {
  const { writer, add, told, values } = createWorld();
  const results = await Promise.allSettled([1, -1, 2].map((value) => writer.change(add, value)));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(values()).toEqual([1, 2]);
  expect(told).toEqual(["rollback", "commit", "rollback", "commit"]);
});

test("a group ends at a thousand rows; one larger change has a group of its own", async () => {
  const { writer, add, told } = createWorld();
  await Promise.all([600, 600, 5000, 1, 1].map((rows, value) => writer.change(add, value, rows)));
  expect(told).toEqual(["commit", "commit", "commit", "commit"]);
});

test("a turn has the connection for itself, in its place in the queue", async () => {
  const { writer, add, values, insert } = createWorld();
  const first = writer.change(add, 1);
  const turn = writer.turn(async () => {
    insert.run(2);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(values()).toEqual([1, 2]);
    insert.run(3);
  });
  const last = writer.change(add, 4);
  await Promise.all([first, turn, last]);
  expect(values()).toEqual([1, 2, 3, 4]);
});

test("a turn that fails leaves nothing behind, and the queue goes on", async () => {
  const { writer, add, values, insert } = createWorld();
  const turn = writer.turn(async () => {
    insert.run(1);
    throw new Error("no");
  });
  const after = writer.change(add, 2);
  await expect(turn).rejects.toThrow("no");
  await after;
  expect(values()).toEqual([2]);
});

test("a closed writer finishes what was asked and refuses the rest", async () => {
  const { writer, add, values } = createWorld();
  const before = writer.change(add, 1);
  await writer.close();
  await before;
  await expect(writer.change(add, 2)).rejects.toThrow(/closed/);
  expect(values()).toEqual([1]);
});
