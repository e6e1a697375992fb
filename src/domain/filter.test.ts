import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { payload as anyPayload } from "../../test/payload-shapes.ts";
import { holdsPlainly, predicates } from "../../test/predicates.ts";
import type { Json, JsonObject } from "./catalog/entry.ts";
import { compilePredicate, type Predicate, tokensOf, type ValueTest } from "./filter.ts";

function passes(at: string, is: ValueTest, payload: JsonObject): boolean {
  return compilePredicate({ field: { at, is } })(payload);
}

describe("a test of a value", () => {
  test.each<[ValueTest, Json[], Json[]]>([
    [{ eq: "a" }, ["a"], ["A", "ab", ["a"]]],
    [{ eq: 1 }, [1], ["1", true, 1.5]],
    [{ eq: false }, [false], [0, ""]],
    [{ in: ["a", 2] }, ["a", 2], ["2", "b", ["a"]]],
    [{ gt: 5 }, [5.1], [5, "6", [6]]],
    [{ gte: 5 }, [5, 6], [4.9, "5", true]],
    [{ lt: 5 }, [4.9, -1], [5, "4", false]],
    [{ lte: 5 }, [5, 0], [5.1, ""]],
    [{ startsWith: "ab" }, ["ab", "abc"], ["a", "cab", ["ab"], 1]],
    [{ contains: "b" }, ["abc", ["a", "b"]], ["ac", ["abc"], { b: "b" }, 1]],
    [{ exists: true }, [0, "", {}], []],
    [{ exists: false }, [], [0, "a"]],
    [{ isNull: true }, [], [0, "", {}]],
    [{ isNull: false }, [0, "", {}], []],
  ])("%j", (is, fitting, others) => {
    for (const value of fitting)
      expect([value, passes("/it", is, { it: value })]).toEqual([value, true]);
    for (const value of others)
      expect([value, passes("/it", is, { it: value })]).toEqual([value, false]);
  });

  test.each<[ValueTest, boolean, boolean]>([
    [{ eq: "a" }, false, false],
    [{ in: ["a"] }, false, false],
    [{ gt: -1 }, false, false],
    [{ lte: 1 }, false, false],
    [{ startsWith: "a" }, false, false],
    [{ contains: "a" }, false, false],
    [{ exists: true }, true, false],
    [{ exists: false }, false, true],
    [{ isNull: true }, true, false],
    [{ isNull: false }, false, false],
  ])("%j is %j of null, and %j where nothing is", (is, ofNull, ofNothing) => {
    expect(passes("/it", is, { it: null })).toBe(ofNull);
    expect(passes("/it", is, { other: 1 })).toBe(ofNothing);
    expect(passes("/it/inner", is, { it: null })).toBe(ofNothing);
  });
});

describe("a pointer", () => {
  test.each<[string, JsonObject, boolean]>([
    ["/a/b", { a: { b: 1 } }, true],
    ["/a/0/b", { a: [{ b: 1 }] }, true],
    ["/a/1", { a: [0] }, false],
    ["/a/00", { a: [0] }, false],
    ["/a/-", { a: [0] }, false],
    ["/a/length", { a: [0] }, false],
    ["/a/0", { a: "text" }, false],
    ["/a/00", { a: { "00": 1 } }, true],
    ["/a~1b/~0c/", { "a/b": { "~c": { "": 1 } } }, true],
    ["/~01", { "~1": 1 }, true],
    ["/~01", { "/": 1 }, false],
    ["", {}, true],
    ["/", { "": 1 }, true],
    ["/constructor", {}, false],
    ["/__proto__", {}, false],
    ["/a/toString", { a: {} }, false],
    ["/a/toString", { a: [] }, false],
    ["/__proto__/x", JSON.parse('{"__proto__":{"x":1}}'), true],
  ])("%j in %j leads somewhere: %j", (at, payload, isThere) => {
    expect(passes(at, { exists: true }, payload)).toBe(isThere);
    expect(passes(at, { exists: false }, payload)).toBe(!isThere);
  });

  test.each(["a", "a/b", "/~", "/~2", "/a~", "/\n~"])("%j is none", (pointer) => {
    expect(tokensOf(pointer)).toBeNull();
  });
});

test("conditions are joined by all, any and not", () => {
  const paid: Predicate = { field: { at: "/status", is: { eq: "paid" } } };
  const large: Predicate = { field: { at: "/total", is: { gte: 100 } } };
  const payloads: readonly JsonObject[] = [
    { status: "paid", total: 100 },
    { status: "paid", total: 99 },
    { status: "open", total: 100 },
    { status: "open" },
  ];
  const verdicts = (predicate: Predicate): boolean[] => payloads.map(compilePredicate(predicate));
  expect(verdicts({ all: [paid, large] })).toEqual([true, false, false, false]);
  expect(verdicts({ any: [paid, large] })).toEqual([true, true, true, false]);
  expect(verdicts({ not: large })).toEqual([false, true, false, true]);
  expect(verdicts({ all: [{ not: paid }, { any: [large] }] })).toEqual([false, false, true, false]);
});

test("on any payload a filter says what its conditions say", () => {
  const counts = { true: 0, false: 0 };
  fc.assert(
    fc.property(predicates, anyPayload, (predicate, payload) => {
      const holds = compilePredicate(predicate)(payload);
      expect(holds).toBe(holdsPlainly(predicate, payload));
      counts[`${holds}`] += 1;
    }),
    { numRuns: 5_000 },
  );
  expect(Math.min(counts.true, counts.false)).toBeGreaterThan(500);
});
