import { expect, test } from "vitest";
import { BUILT_IN_CATALOG } from "./catalog/catalog.ts";
import type { EventType, Json, JsonObject } from "./catalog/entry.ts";
import { payloadProblems } from "./payload.ts";

function typeNamed(name: string): EventType {
  const type = BUILT_IN_CATALOG.find(name);
  if (!type) throw new Error(`${name} is not in the catalog`);
  return type;
}

function typeWith(schema: JsonObject): EventType {
  return { ...typeNamed("payment_received"), name: "own", builtIn: false, schema };
}

/** The problems of one field. */
function problemsOf(schema: JsonObject, value: Json): readonly { message: string }[] {
  return payloadProblems(typeWith({ type: "object", properties: { it: schema } }), { it: value });
}

const payment = typeNamed("payment_received");

test("a payload may have more fields than its type", () => {
  const payload = { ...payment.samplePayload, extra: { nested: [1, null] } };
  expect(payloadProblems(payment, payload)).toEqual([]);
});

test("every problem is told, with its place", () => {
  const { payment_id: _, ...rest } = payment.samplePayload;
  const payload = { ...rest, payment_total: 5, payment_total_raw: "5", payment_status: "lost" };
  expect(payloadProblems(payment, payload)).toEqual([
    { pointer: "/payment_id", message: "is missing" },
    {
      pointer: "/payment_status",
      message:
        'must be one of "pending", "completed", "refunded", "partially-refunded", "partially-paid", "failed", "cancelled", "draft", but is the text "lost"',
    },
    { pointer: "/payment_total", message: "must be text, but is the number 5" },
    { pointer: "/payment_total_raw", message: 'must be a number, but is the text "5"' },
  ]);
});

test("a place inside a list or a map is pointed at", () => {
  const failed = typeNamed("checkout_failed");
  const payload = {
    ...failed.samplePayload,
    error_codes: ["fine", null],
    error_messages: { "a/b~c": 1 },
  };
  expect(payloadProblems(failed, payload)).toEqual([
    { pointer: "/error_codes/1", message: "must be text, but is null" },
    { pointer: "/error_messages/a~1b~0c", message: "must be text, but is the number 1" },
  ]);
});

test.each([
  [null, "null"],
  [undefined, "undefined"],
  [[], "a list of 0"],
  ["{}", 'the text "{}"'],
  [7, "the number 7"],
  [true, "true"],
])("a payload that is %j is refused as a whole", (payload, found) => {
  expect(payloadProblems(payment, payload)).toEqual([
    { pointer: "", message: `must be an object, but is ${found}` },
  ]);
});

test.each([
  [{ type: "boolean" }, "no", 'must be true or false, but is the text "no"'],
  [{ type: "integer" }, 1.5, "must be a whole number, but is the number 1.5"],
  [{ type: "array" }, {}, "must be a list, but is an object"],
  [{ type: ["object", "null"] }, [1, 2], "must be an object or null, but is a list of 2"],
  [{ const: "on" }, false, 'must be "on", but is false'],
  [{ enum: [["a"], null] }, 1, "must be one of a list of 1, null, but is the number 1"],
  [{ enum: ["on"] }, "off", 'must be "on", but is the text "off"'],
  [{ minimum: 1 }, 0, "must be at least 1, but is the number 0"],
  [{ exclusiveMaximum: 1 }, 1, "must be less than 1, but is the number 1"],
  [{ multipleOf: 5 }, 7, "must be a multiple of 5, but is the number 7"],
  [{ minLength: 2 }, "é", 'must have 2 or more characters, but is the text "é"'],
  [{ maxItems: 1 }, [1, 2], "must have 1 or fewer entries, but is a list of 2"],
  [{ pattern: "^a" }, "b", 'must match "^a", but is the text "b"'],
  [{ not: {} }, 1, "must NOT be valid"],
])("by the rule %j, %j is told in plain words", (schema, value, message) => {
  expect(problemsOf(schema, value)).toEqual([{ pointer: "/it", message }]);
});

test("problems of a property that is there, missing or misnamed point to that property", () => {
  const closed = { type: "object", properties: { a: true }, additionalProperties: false };
  expect(problemsOf(closed, { "x/y": 1 })).toEqual([
    { pointer: "/it/x~1y", message: "is not allowed" },
  ]);
  expect(problemsOf({ dependentRequired: { a: ["b"] } }, { a: 1 })).toEqual([
    { pointer: "/it/b", message: "is missing, although another property asks for it" },
  ]);
  expect(problemsOf({ propertyNames: { maxLength: 1 } }, { ab: 1 })).toEqual([
    {
      pointer: "/it/ab",
      message: 'has a name that must have 1 or fewer characters, but is the text "ab"',
    },
    { pointer: "/it/ab", message: "has a name that is not allowed" },
  ]);
});

test("what every object inherits does not count as a property", () => {
  const type = typeWith({ type: "object", required: ["constructor", "__proto__"] });
  expect(payloadProblems(type, {}).map((problem) => problem.pointer)).toEqual([
    "/constructor",
    "/__proto__",
  ]);
  const payload: unknown = JSON.parse('{"constructor": 1, "__proto__": 2}');
  expect(payloadProblems(type, payload)).toEqual([]);
});

test("large values and long lists of choices are cut", () => {
  const [long] = problemsOf({ type: "number" }, "😀".repeat(1_000));
  expect(long?.message).toBe(`must be a number, but is the text "${"😀".repeat(40)}"…`);
  const [many] = problemsOf({ enum: Array.from({ length: 200 }, (_, n) => n) }, "x");
  expect(many?.message).toMatch(
    /^must be one of 0, 1, .* 11, … \(200 in all\), but is the text "x"$/,
  );
});

test("a payload that is wrong in many places is answered with the first 100", () => {
  const type = typeWith({ type: "object", additionalProperties: { type: "string" } });
  const wrong = (value: unknown) =>
    Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}`, value]));
  expect(payloadProblems(type, wrong(1))).toHaveLength(100);
  expect(payloadProblems(type, wrong(2 ** 60))).toHaveLength(100);
});

function nested(levels: number): JsonObject {
  return levels === 1 ? {} : { deeper: nested(levels - 1) };
}

test("64 levels are taken and 65 are not", () => {
  const open = typeWith({ type: "object" });
  expect(payloadProblems(open, nested(64))).toEqual([]);
  expect(payloadProblems(open, nested(65))).toEqual([
    { pointer: "/deeper".repeat(64), message: "is nested more than 64 levels deep" },
  ]);
  const endless: Record<string, unknown> = {};
  endless["again"] = endless["andAgain"] = endless;
  expect(payloadProblems(open, endless)).toHaveLength(100);
});

test.each(["1e400", "-1e400", "9007199254740992", "-9007199254740993", "1e21"])(
  "the number %s is refused, since two readers may see two numbers",
  (number) => {
    const open = typeWith({ type: "object" });
    const payload: unknown = JSON.parse(`{"a": [{"b/c": ${number}}]}`);
    expect(payloadProblems(open, payload)).toEqual([
      {
        pointer: "/a/0/b~1c",
        message: `is the number ${Number(number)}, which JSON can't carry exactly: send it as text`,
      },
    ]);
  },
);

test("numbers that JSON carries are taken", () => {
  const numbers = [2 ** 53 - 1, 1 - 2 ** 53, 0.1, -0, 1e-300, 5e-324, 123456789.125];
  expect(payloadProblems(typeWith({ type: "object" }), { numbers })).toEqual([]);
  expect(payloadProblems(typeWith({ type: "object" }), { big: 1n })).toHaveLength(1);
});

test("any text is text, lone surrogates and NUL included", () => {
  const payload = { ...payment.samplePayload, payment_total: "\ud800\u0000\udfff" };
  expect(payloadProblems(payment, payload)).toEqual([]);
});

test("one type's schema is out of reach for another's", () => {
  const shared = { $id: "https://example.com/shared", type: "object" };
  expect(payloadProblems(typeWith(shared), {})).toEqual([]);
  expect(payloadProblems(typeWith({ ...shared, required: ["a"] }), {})).toHaveLength(1);
  const reaching = typeWith({ type: "object", $ref: shared.$id });
  expect(() => payloadProblems(reaching, {})).toThrow(shared.$id);
});

test("a schema that can't be compiled is no payload's problem", () => {
  expect(() => payloadProblems(typeWith({ type: "object", requierd: ["a"] }), {})).toThrow(
    "requierd",
  );
});

test("a schema can't make the check asynchronous", () => {
  const type = typeWith({ $async: true, type: "object", required: ["a"] });
  expect(payloadProblems(type, {})).toEqual([{ pointer: "/a", message: "is missing" }]);
});

const TOO_MUCH = {
  pointer: "",
  message: "takes too long to check against the schema of its type: send less of it at once",
};

/** About 256 KiB of JSON each. */
const numbers = Array.from({ length: 130_000 }, () => 1);
const letters = `c${Array.from({ length: 250_000 }, (_, index) => (index % 7 < 3 ? "a" : "b")).join("")}`;
const names = Object.fromEntries(Array.from({ length: 25_000 }, (_, index) => [`k${index}`, 1]));

test.each<[string, JsonObject, Json]>([
  ["a list of numbers", { items: { type: "integer" } }, numbers],
  ["a pattern that is trouble elsewhere", { pattern: "^(c|a+|b+)+$" }, letters],
  [
    "names that are all known by a pattern",
    { patternProperties: { "^k\\d+$": true }, additionalProperties: false },
    names,
  ],
])("%s that fills a payload can be checked", (_, schema, value) => {
  expect(problemsOf(schema, value)).toEqual([]);
});

test.each<[string, JsonObject, Json]>([
  [
    "many subschemas of many values",
    { items: { allOf: Array(100).fill({ type: "string" }) } },
    numbers,
  ],
  [
    "many names missing in many objects",
    { items: { required: Array.from({ length: 500 }, (_, i) => `n${i}`) } },
    numbers.slice(0, 80_000).map(() => ({})),
  ],
  [
    "many objects that forbid many names",
    { allOf: Array(100).fill({ additionalProperties: false }) },
    names,
  ],
  [
    "entries that all must differ",
    { uniqueItems: true, maxItems: 1_000 },
    numbers.map((_, index) => index),
  ],
  ["lengths of a long text", { allOf: Array(500).fill({ maxLength: 5 }) }, letters],
  ["a pattern with a long memory", { pattern: "a.{400}[xy]" }, letters],
  ["entries that contain", { allOf: Array(50).fill({ contains: { const: 2 } }) }, numbers],
])("%s are given up in time", (_, schema, value) => {
  const start = performance.now();
  expect(problemsOf(schema, value)).toEqual([TOO_MUCH]);
  expect(performance.now() - start).toBeLessThan(3_000);
});

test("entries of one plain type that must differ are compared without end to their number", () => {
  const schema = { items: { type: "integer" }, uniqueItems: true };
  expect(
    problemsOf(
      schema,
      numbers.map((_, index) => index),
    ),
  ).toEqual([]);
});

test("giving up one payload leaves all steps for the next", () => {
  const schema = { items: { type: "integer" } };
  const tooMuch = { items: { allOf: Array(100).fill({ type: "string" }) } };
  expect(problemsOf(tooMuch, numbers)).toEqual([TOO_MUCH]);
  expect(problemsOf(schema, numbers)).toEqual([]);
  expect(problemsOf(schema, ["a"])).toHaveLength(1);
});

test.each(["toString", "valueOf"])(
  "a field called %s where objects are compared is a problem, and not the service's",
  (name) => {
    const schema: JsonObject = {
      type: "object",
      properties: { a: { enum: [{ b: 1 }, { b: 2 }] } },
    };
    expect(payloadProblems({ schema }, { a: { [name]: 1 } })).toEqual([
      { pointer: "", message: expect.stringContaining("toString") },
    ]);
  },
);

test("an amount of money is a multiple of a cent", () => {
  const schema: JsonObject = {
    type: "object",
    properties: { a: { type: "number", multipleOf: 0.01 } },
  };
  for (const a of [19.99, 0.07, 1.1, 4.35]) expect(payloadProblems({ schema }, { a })).toEqual([]);
  expect(payloadProblems({ schema }, { a: 0.005 })).toHaveLength(1);
});
