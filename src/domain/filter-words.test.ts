import fc from "fast-check";
import { expect, test } from "vitest";
import { payload as payloads } from "../../test/payload-shapes.ts";
import { predicates } from "../../test/predicates.ts";
import type { JsonObject } from "./catalog/entry.ts";
import { describe, whyNot } from "./filter-words.ts";
import { compilePredicate, type Predicate, type ValueTest } from "./filter.ts";

function field(at: string, is: ValueTest): Predicate {
  return { field: { at, is } };
}

const large = field("/total", { gte: 20 });
const paid = field("/status", { eq: "paid" });
const payload: JsonObject = { total: 12, status: "open", tags: ["a"], gone: null };

test.each<[Predicate, string]>([
  [large, "/total is 12, and must be at least 20"],
  [field("/total", { gt: 20 }), "/total is 12, and must be more than 20"],
  [field("/total", { lt: 2 }), "/total is 12, and must be less than 2"],
  [field("/total", { lte: 2 }), "/total is 12, and must be at most 2"],
  [paid, '/status is "open", and must be "paid"'],
  [field("/status", { in: ["paid", 1] }), '/status is "open", and must be one of "paid", 1'],
  [field("/status", { startsWith: "p" }), '/status is "open", and must begin with "p"'],
  [field("/tags", { contains: "b" }), '/tags is a list of 1, and must contain "b"'],
  [field("/gone", { isNull: false }), "/gone is null, and must have a value"],
  [field("/total", { isNull: true }), "/total is 12, and must be null"],
  [field("/total", { exists: false }), "/total is 12, and must be absent"],
  [field("/lost", { exists: true }), "/lost is not there, and must be there"],
  [field("/lost", { eq: 1 }), "/lost is not there, and must be 1"],
  [field("", { eq: 1 }), "the payload is an object, and must be 1"],
  [{ all: [field("/total", { lt: 20 }), paid, large] }, '/status is "open", and must be "paid"'],
  [{ any: [large, paid] }, 'None of these holds: /total is at least 20; /status is "paid"'],
  [{ any: [paid] }, '/status is "open", and must be "paid"'],
  [{ not: field("/total", { lt: 20 }) }, "/total is 12, and must not be less than 20"],
  [{ not: { not: paid } }, '/status is "open", and must be "paid"'],
  [
    { not: { any: [paid, field("/total", { gt: 1 })] } },
    "/total is 12, and must not be more than 1",
  ],
  [
    { not: { all: [{ not: paid }, { not: large }] } },
    'All of these hold, and must not: not (/status is "paid"); not (/total is at least 20)',
  ],
])("%j turns the payload away: %s", (predicate, why) => {
  expect(whyNot(predicate, payload)).toBe(why);
});

test("a payload that passes was turned away by nothing", () => {
  expect(whyNot({ all: [paid, large] }, { status: "paid", total: 20 })).toBeNull();
});

test("a filter is told in one sentence", () => {
  const tree: Predicate = {
    all: [
      large,
      { any: [paid, field("/tags", { contains: "vip" })] },
      { not: { any: [field("/test", { exists: true }), field("/gone", { isNull: false })] } },
    ],
  };
  expect(describe(tree)).toBe(
    '/total is at least 20 and (/status is "paid" or /tags contains "vip") and not (/test is there or /gone has a value)',
  );
});

test("of many conditions the first are told, and how many there are", () => {
  const any = Array.from({ length: 7 }, (_, index) => field(`/f${index}`, { eq: index }));
  expect(whyNot({ any }, {})).toBe(
    "None of these holds: /f0 is 0; /f1 is 1; /f2 is 2; /f3 is 3; /f4 is 4; … (7 in all)",
  );
});

test.each(["", "a"])(
  "no sentence is longer than 500 characters, or ends within one (%j)",
  (start) => {
    const long = `${start}${"😀".repeat(400)}`;
    const any = Array.from({ length: 5 }, () => field(`/${long}`, { eq: long }));
    for (const words of [describe({ any }), whyNot({ any }, {}), whyNot({ all: any }, {})]) {
      expect(words?.length).toBeLessThanOrEqual(500);
      expect(words?.isWellFormed()).toBe(true);
    }
  },
);

test("there is a reason exactly when the filter says no", () => {
  fc.assert(
    fc.property(predicates, payloads, (predicate, each) => {
      const why = whyNot(predicate, each);
      expect(why === null).toBe(compilePredicate(predicate)(each));
      expect(why ?? "-").not.toBe("");
      expect(describe(predicate)).not.toMatch(/undefined|^$/);
    }),
    { numRuns: 3_000 },
  );
});
