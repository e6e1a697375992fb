import { setImmediate as settled } from "node:timers/promises";
import { expect, test } from "vitest";
import { HandClock } from "../../test/world.ts";
import { LogEntry } from "../domain/log-entry.ts";
import { Tail } from "./tail.ts";

/** A tail, and who has woken in which order. */
function watchTail() {
  const clock = new HandClock();
  const tail = new Tail(clock);
  const woken: string[] = [];
  const sleep = (name: string, ms: number, tenantId = "ten_1") => {
    const wake = () => void woken.push(name);
    tail.sleep(tenantId, clock.leaseMs() + ms, wake);
    return wake;
  };
  const pass = async (ms: number) => {
    clock.pass(ms);
    await settled();
    return woken.splice(0);
  };
  const commit = (position: number) => {
    tail.append([Object.assign(new LogEntry(), { tenantId: "ten_1", position })]);
    return woken.splice(0);
  };
  return { tail, sleep, pass, commit };
}

test("each sleeper wakes once, when its own time has come, and not when another's has", async () => {
  const { sleep, pass } = watchTail();
  sleep("second", 20);
  sleep("fourth", 40);
  sleep("first", 10);
  sleep("third", 30);
  expect(await pass(9)).toEqual([]);
  expect(await pass(1)).toEqual(["first"]);
  expect(await pass(9)).toEqual([]);
  expect(await pass(1)).toEqual(["second"]);
  expect(await pass(20)).toEqual(["fourth", "third"]);
  expect(await pass(100)).toEqual([]);
});

test("one whose time has passed already wakes at once", async () => {
  const { sleep, pass } = watchTail();
  sleep("late", -5);
  expect(await pass(0)).toEqual(["late"]);
});

test("all of a tenant wake at its commit, once, and nobody else's do", async () => {
  const { sleep, pass, commit } = watchTail();
  sleep("soon", 10);
  sleep("later", 20);
  sleep("other", 30, "ten_2");
  expect(commit(1)).toEqual(["soon", "later"]);
  expect(commit(2)).toEqual([]);
  expect(await pass(29)).toEqual([]);
  expect(await pass(1)).toEqual(["other"]);
});

test("who is forgotten does not wake, and the others still do at their own time", async () => {
  const { tail, sleep, pass, commit } = watchTail();
  const gone = sleep("gone", 10);
  sleep("stays", 20);
  tail.forget("ten_1", gone);
  expect(await pass(10)).toEqual([]);
  expect(await pass(10)).toEqual(["stays"]);
  tail.forget("ten_1", sleep("last", 10));
  expect(commit(1)).toEqual([]);
  expect(await pass(10)).toEqual([]);
});

test("what comes behind a gap is not taken for what is missing", () => {
  const { tail, commit } = watchTail();
  for (const position of [1, 2, 9, 10]) commit(position);
  const after = (position: number) => tail.after("ten_1", position, 10)?.map((row) => row.position);
  expect(after(2)).toBeUndefined();
  expect(after(8)).toEqual([9, 10]);
});
