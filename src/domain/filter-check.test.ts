import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { any, list, number, object, payload as payloads, text } from "../../test/payload-shapes.ts";
import { predicates } from "../../test/predicates.ts";
import { checkPredicate } from "./filter-check.ts";
import { describe as inWords, whyNot } from "./filter-words.ts";
import { compilePredicate } from "./filter.ts";

const shapes = [
  object({
    payment_total: text,
    payment_status: text,
    customer: object({ email: text }),
    lines: list(object({ price: number })),
  }),
  object({ site_id: number }),
];

function problemsOf(value: unknown): readonly { path: readonly string[]; message: string }[] {
  const checked = checkPredicate(value, shapes);
  return "problems" in checked ? checked.problems : [];
}

test("what is taken comes back in the same form, without what GraphQL adds to objects", () => {
  const predicate = {
    all: [
      { any: [{ field: { at: "/payment_status", is: { eq: "completed" } } }] },
      { not: { field: { at: "/customer/email", is: { contains: "@example" } } } },
      { field: { at: "/lines/0/price", is: { gte: 20 } } },
      { field: { at: "/site_id", is: { in: [1, 2] } } },
    ],
  };
  expect(checkPredicate(predicate, shapes)).toStrictEqual({ predicate });
  const bare = JSON.parse(JSON.stringify(predicate), (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.assign(Object.create(null), value, { lt: undefined })
      : value,
  );
  expect(checkPredicate(bare, shapes)).toStrictEqual({ predicate });
});

const at = "/payment_total";
const exists = { field: { at, is: { exists: true } } };
const NODES = "all, any, not, field";
const TESTS = "eq, in, gt, gte, lt, lte, startsWith, contains, exists, isNull";

test.each<[unknown, string, string]>([
  [null, "", `must be an object with one of ${NODES}`],
  [[], "", `must be an object with one of ${NODES}`],
  [{}, "", `must have exactly one of ${NODES}, but has none`],
  [{ all: [exists], not: exists }, "", `must have exactly one of ${NODES}, but has all and not`],
  [{ al: [] }, "", 'must not have "al"; did you mean all?'],
  [{ xyz: [] }, "", `must not have "xyz"; it takes one of ${NODES}`],
  [JSON.parse('{"__proto__":[]}'), "", `must not have "__proto__"; it takes one of ${NODES}`],
  [{ all: [] }, "all", "must have at least one condition"],
  [{ any: exists }, "any", "must be a list of conditions"],
  [{ any: [exists, 5] }, "any.1", `must be an object with one of ${NODES}`],
  [{ field: at }, "field", "must be an object with at and is"],
  [{ field: { at: 5, is: { eq: 5 } } }, "field.at", "must be a JSON pointer"],
  [
    { field: { at, is: { eq: "a", gt: 5 } } },
    "field.is",
    `must have exactly one of ${TESTS}, but has eq and gt`,
  ],
  [{ field: { at, is: { eq: "a" }, or: 1 } }, "field", 'must not have "or"; it takes at and is'],
  [{ field: { at, is: { eq: null } } }, "field.is.eq", "must not be null: isNull tests for that"],
  [
    { field: { at, is: { eq: {} } } },
    "field.is.eq",
    "must be text, a number, true or false: of an object or a list, test a field inside",
  ],
  [
    { field: { at, is: { eq: 2 ** 53 } } },
    "field.is.eq",
    "is the number 9007199254740992, which JSON can't carry exactly",
  ],
  [{ field: { at, is: { in: [] } } }, "field.is.in", "must have at least one value"],
  [
    { field: { at, is: { in: ["a", null] } } },
    "field.is.in.1",
    "must not be null: isNull tests for that",
  ],
  [
    { field: { at, is: { in: ["a", 5] } } },
    "field.is.in.1",
    "/payment_total is text, never the number 5",
  ],
  [{ field: { at, is: { gt: "5" } } }, "field.is.gt", "must be a number"],
  [{ field: { at, is: { gt: NaN } } }, "field.is.gt", "must be a number"],
  [{ field: { at, is: { startsWith: "" } } }, "field.is.startsWith", "must be text, and not empty"],
  [{ field: { at, is: { exists: 1 } } }, "field.is.exists", "must be true or false"],
])("%j is refused at %j: %s", (value, path, message) => {
  expect(problemsOf(value)).toEqual([{ path: path.split(".").filter(Boolean), message }]);
});

test("all the problems are told at once", () => {
  const predicate = {
    all: [
      { field: { at: "/nowhere", is: { gt: "5" } } },
      { not: { field: { at, is: { lt: 5 } } } },
      { any: [] },
    ],
  };
  expect(problemsOf(predicate).map(({ path }) => path.join("."))).toEqual([
    "all.0.field.at",
    "all.0.field.is.gt",
    "all.1.not.field.is.lt",
    "all.2.any",
  ]);
});

function nested(levels: number): unknown {
  return levels > 1 ? { not: nested(levels - 1) } : exists;
}

describe("a filter has bounds", () => {
  const many = <T>(count: number, each: T): T[] => Array.from({ length: count }, () => each);
  const sized = (bytes: number): unknown => {
    const predicate = (fill: number): unknown => ({
      field: { at, is: { startsWith: "x".repeat(fill) } },
    });
    return predicate(bytes - JSON.stringify(predicate(0)).length);
  };
  test.each<[string, unknown, unknown, string]>([
    ["levels", nested(10), nested(11), "is nested more than 10 levels deep"],
    [
      "levels of lists",
      { all: [{ any: [nested(8)] }] },
      { all: [{ any: [nested(9)] }] },
      "is nested more than 10 levels deep",
    ],
    [
      "tests",
      { all: many(100, exists) },
      { all: [{ any: many(60, exists) }, { any: many(60, exists) }] },
      "must have at most 100 tests",
    ],
    [
      "values",
      { field: { at, is: { in: many(100, "a") } } },
      { field: { at, is: { in: many(101, "a") } } },
      "must have at most 100 values",
    ],
    ["bytes", sized(16_384), sized(16_385), "must have at most 16384 bytes as JSON"],
  ])("of %s", (_, most, more, message) => {
    expect(problemsOf(most)).toEqual([]);
    expect(problemsOf(more).map((problem) => problem.message)).toEqual([message]);
  });

  test("also for what could not even be written as JSON", () => {
    const loop: { not?: unknown } = {};
    loop.not = loop;
    expect(problemsOf(loop)).toHaveLength(1);
    const endless = Array.from({ length: 1_000_000 });
    Object.defineProperty(endless, 30, { get: () => expect.fail("was read to the end") });
    expect(problemsOf({ all: endless })).toHaveLength(30);
  });
});

test("no input throws, and what is taken is taken again, and works", () => {
  const names = fc.constantFrom("all", "any", "not", "field", "at", "is", "eq", "in", "gt");
  const { soup } = fc.letrec((tie) => ({
    soup: fc.oneof(
      { maxDepth: 5 },
      fc.anything({
        withBigInt: true,
        withMap: true,
        withNullPrototype: true,
        withSparseArray: true,
      }),
      fc.dictionary(names, tie("soup"), { maxKeys: 2 }),
      fc.array(tie("soup"), { maxLength: 3 }),
    ),
  }));
  const few = [object({ a: any, b: number, a_b: list(text) })];
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof(soup, predicates), payloads, (value, payload) => {
      const checked = checkPredicate(value, few);
      if ("problems" in checked) {
        expect(checked.problems.length).toBeGreaterThan(0);
        return;
      }
      taken += 1;
      const { predicate } = checked;
      expect(checkPredicate(JSON.parse(JSON.stringify(predicate)), few)).toEqual(checked);
      expect(whyNot(predicate, payload) === null).toBe(compilePredicate(predicate)(payload));
      expect(inWords(predicate)).not.toBe("");
    }),
    { numRuns: 5_000 },
  );
  expect(taken).toBeGreaterThan(50);
});
