import { expect, test } from "vitest";
import { type EventType, findEventType, type Json, type JsonObject } from "./event-type.ts";
import { payloadProblems } from "./payload.ts";

function typeNamed(name: string): EventType {
  const type = findEventType(name);
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
