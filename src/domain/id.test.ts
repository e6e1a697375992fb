import { expect, test } from "vitest";
import { createIds, idBefore, prefixOf } from "./id.ts";

const NOON = Date.parse("2026-06-01T12:00:00Z");

function idsOf(startMs: number) {
  const clock = { ms: startMs };
  const newId = createIds(() => new Date(clock.ms));
  return { clock, make: (count: number) => Array.from({ length: count }, () => newId("evt")) };
}

test("ids have no dot, say what they are, and sort in the order they were made", () => {
  const { clock, make } = idsOf(NOON);
  // More than a millisecond's counter holds, then a clock that was set back a little.
  const ids = make(10_000);
  clock.ms -= 2000;
  ids.push(...make(10));
  clock.ms += 3000;
  ids.push(...make(10));
  expect(ids[0]).toMatch(/^evt_[0-9a-z]{26}$/);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test("two that make ids at the same time make different ones", () => {
  const ids = [idsOf(NOON), idsOf(NOON)].flatMap(({ make }) => make(1000));
  expect(new Set(ids).size).toBe(2000);
});

test.each([
  ["now", 0],
  ["after the clock was set back by an hour", -3_600_000],
  ["after the clock was set forward by an hour", 3_600_000],
])("an id that stands before a moment divides earlier ids from later ones, %s", (_when, step) => {
  const { clock, make } = idsOf(NOON);
  make(1);
  clock.ms += step;
  const [id] = make(1) as [string];
  expect(idBefore("evt", new Date(clock.ms)) < id).toBe(true);
  expect(id < idBefore("evt", new Date(clock.ms + 1))).toBe(true);
});

test.each([
  ["before 1970", -1, "dlv_00000000000000000000000000"],
  ["in the year 20000", Date.UTC(20_000, 0), "dlv_7zzzzzzzzz0000000000000000"],
])("a moment %s has an id too", (_when, ms, id) => expect(idBefore("dlv", new Date(ms))).toBe(id));

test.each([
  ["wh_01h455vb4pex5vsknk084sn02q", "wh"],
  ["typ_payment_received", "typ"],
  ["nope_1", undefined],
  ["", undefined],
  ["wh", undefined],
  ["toString_1", undefined],
])("%j has the prefix %s", (id, prefix) => expect(prefixOf(id)).toBe(prefix));
