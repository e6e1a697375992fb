import { expect, test } from "vitest";
import {
  any,
  text,
  whole,
  number,
  flag,
  none,
  int32,
  scalar,
  list,
  map,
  union,
  object,
} from "../../../test/shapes.ts";
import type { Json, JsonObject } from "./entry.ts";
import { shapeOf } from "./shape-of.ts";
import type { Shape } from "./shape.ts";

/** The shape of one field, whose schema may refer to these definitions. */
function shapeOfField(schema: Json): Shape | undefined {
  const $defs: JsonObject = {
    text: { type: "string" },
    "a/b~c%": { type: "integer" },
    loop: { type: "object", properties: { next: { $ref: "#/$defs/loop" } } },
    person: { type: "object", properties: { name: { type: "string" } } },
    part: {
      $id: "urn:part",
      $defs: { text: { type: "boolean" }, inner: { $ref: "#/$defs/text" } },
    },
  };
  return shapeOf({ type: "object", properties: { it: schema }, $defs }).fields.get("it")?.shape;
}

const A = { type: "object", properties: { a: { type: "string" } } };
const B = { type: "object", properties: { b: { type: "number" } } };

test.each<[Json, Shape]>([
  [true, any],
  [{}, any],
  [{ description: "Whatever.", minLength: 2 }, any],
  [{ type: "string" }, text],
  [{ type: ["string", "null"] }, union(text, none)],
  [{ type: ["null", "string"] }, union(text, none)],
  [{ type: ["integer", "number"] }, number],
  [{ type: "null" }, none],
  [{ enum: ["a", "b"] }, scalar("string", "a", "b")],
  [
    { enum: ["a", 1, null, 2.5, true] },
    union(scalar("string", "a"), scalar("number", 1, 2.5), scalar("boolean", true), none),
  ],
  [{ enum: [true, false] }, flag],
  [{ type: "string", enum: ["a", 1] }, scalar("string", "a")],
  [{ type: "integer", enum: [1, 2.5] }, scalar("integer", 1)],
  [{ type: "number", enum: [1, 2] }, scalar("integer", 1, 2)],
  [{ enum: [{ a: 1 }, ["x"]] }, union(map(any), list(any))],
  [{ const: "on" }, scalar("string", "on")],
  [{ const: null }, none],
  [{ const: "on", enum: ["on", "off"] }, scalar("string", "on")],
  [
    { enum: Array.from({ length: 1_000 }, (_, at) => `v${at}`) },
    scalar("string", ...values(1_000)),
  ],
  [{ enum: Array.from({ length: 1_001 }, (_, at) => `v${at}`) }, text],
  [{ type: "array" }, list(any)],
  [{ type: "array", items: { type: "string" } }, list(text)],
  [{ type: "array", items: false }, list(any)],
  [
    { type: "array", prefixItems: [{ type: "string" }], items: { type: "null" } },
    list(union(text, none)),
  ],
  [{ type: "array", prefixItems: [{ type: "string" }], items: false }, list(text)],
  [{ type: "array", prefixItems: [{ type: "string" }], maxItems: 1 }, list(text)],
  [{ type: "array", prefixItems: [{ type: "string" }] }, list(any)],
  [{ type: "object" }, map(any)],
  [{ type: "object", additionalProperties: true }, map(any)],
  [{ type: "object", additionalProperties: false }, map(any)],
  [{ type: "object", additionalProperties: { type: "string" } }, map(text)],
  [{ type: "object", patternProperties: { "^x": { type: "string" } } }, map(any)],
  [
    {
      type: "object",
      patternProperties: { "^x": { type: "string" }, "^y": { type: "boolean" } },
      additionalProperties: false,
    },
    map(union(text, flag)),
  ],
  [{ ...A, required: ["a"], additionalProperties: false }, object({ "a!": text })],
  [{ ...A, required: ["a", "z"] }, object({ "a!": text, "z!": any })],
  [{ type: "object", properties: { a: false, b: true } }, object({ b: any })],
  [{ type: "object", properties: { a: false } }, map(any)],
  [
    { type: "object", properties: JSON.parse('{"__proto__": {"type": "string"}}') },
    object(JSON.parse('{"__proto__": {"kind": "any"}}')),
  ],
  [
    { properties: { a: { type: "string" } } },
    union(object({ a: text }), list(any), text, number, flag, none),
  ],
  [{ items: { type: "string" } }, union(map(any), list(text), text, number, flag, none)],
  [
    { anyOf: [{ type: "object", properties: { a: false }, required: ["a"] }, A] },
    object({ a: text }),
  ],
  [
    {
      type: "object",
      properties: { a: { type: ["string", "null"] } },
      allOf: [{ type: "object", additionalProperties: { type: "string" } }],
    },
    object({ a: text }),
  ],
  [{ allOf: [A, B] }, object({ a: text, b: number })],
  [{ ...A, allOf: [{ required: ["a"] }] }, object({ "a!": text })],
  [
    { ...A, allOf: [{ properties: { a: { enum: ["x", 1] } } }] },
    object({ a: scalar("string", "x") }),
  ],
  [{ ...A, additionalProperties: false, allOf: [B] }, object({ a: text })],
  [
    { type: "array", allOf: [{ items: { type: "string" } }, { items: { enum: ["a", 1] } }] },
    list(scalar("string", "a")),
  ],
  [{ allOf: [{ type: "number" }, { type: "integer", minimum: 0, maximum: 9 }] }, int32],
  [{ anyOf: [{ type: "string" }, { type: "null" }] }, union(text, none)],
  [
    { oneOf: [{ type: "null" }, { anyOf: [{ type: "string" }, { type: "number" }] }] },
    union(text, number, none),
  ],
  [{ anyOf: [{ type: "string" }, { enum: ["a"] }] }, text],
  [{ oneOf: [{ const: "a" }, { const: "b" }] }, scalar("string", "a", "b")],
  [{ anyOf: [A, A, B] }, union(object({ a: text }), object({ b: number }))],
  [{ anyOf: [true, { type: "string" }] }, any],
  [{ type: "string", anyOf: [{ type: "number" }, { enum: ["a"] }] }, scalar("string", "a")],
  [
    {
      properties: { kind: { const: "x" } },
      required: ["kind"],
      oneOf: [
        { ...A, properties: { ...A.properties, kind: { const: "x" } } },
        { ...B, properties: { ...B.properties, kind: { const: "y" } } },
      ],
    },
    object({ "kind!": scalar("string", "x"), a: text }),
  ],
  [{ $ref: "#/$defs/text" }, text],
  [{ $ref: "#/$defs/a~1b~0c%25" }, whole],
  [{ $ref: "#/$defs/person", required: ["name"] }, object({ "name!": text })],
  [{ $ref: "#/$defs/nothing" }, any],
  [{ $ref: "#anchor" }, any],
  [{ $ref: "other.json" }, any],
  [{ $ref: "#/$defs/%" }, any],
  [{ $ref: "#/$defs/loop" }, object({ next: any })],
  [{ $id: "urn:part", $ref: "#/$defs/text", $defs: { text: { type: "boolean" } } }, flag],
  [{ $ref: "#/$defs/part/$defs/inner" }, flag],
  [{ not: { type: "string" }, type: "string" }, text],
  [{ if: A, else: false }, any],
])("%j", (schema, shape) => {
  expect(shapeOfField(schema)).toEqual(shape);
});

function values(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `v${at}`);
}

test("what nothing can be is left out", () => {
  const schemas: Json[] = [false, { enum: [] }, { type: "string", allOf: [{ type: "null" }] }];
  for (const schema of schemas) {
    expect(shapeOfField(schema)).toBeUndefined();
  }
});

test.each([
  [{ minimum: 0, maximum: 2 ** 31 - 1 }, true],
  [{ minimum: 1 - 2 ** 31, maximum: 0 }, true],
  [{ exclusiveMinimum: -(2 ** 31), exclusiveMaximum: 2 ** 31 }, true],
  [{ minimum: 0, maximum: 2 ** 40, exclusiveMaximum: 10 }, true],
  [{ minimum: 0, maximum: 2 ** 31 }, false],
  [{ minimum: -(2 ** 31), maximum: 0 }, true],
  [{ exclusiveMinimum: -(2 ** 31) - 1, maximum: 0 }, true],
  [{ minimum: -(2 ** 31) - 1, maximum: 0 }, false],
  [{ maximum: 10 }, false],
  [{ minimum: 0 }, false],
  [{ enum: [1, 2 ** 31 - 1] }, true],
  [{ enum: [1, 2 ** 31] }, false],
  [{}, false],
])("an integer with %j fits Int: %j", (bounds, isInt32) => {
  expect(shapeOfField({ type: "integer", ...bounds })).toMatchObject({ kind: "integer", isInt32 });
});

test("alternatives at the top are one object", () => {
  const closed = { additionalProperties: false, required: ["kind"] };
  const alternative = (kind: string, more: JsonObject): JsonObject => ({
    properties: { kind: { const: kind }, ...more },
  });
  const one = alternative("one", { a: { type: "string" }, same: { type: "boolean" } });
  const two = alternative("two", { b: { type: "number" }, same: { type: "null" } });
  const kind = scalar("string", "one", "two");
  expect(shapeOf({ type: "object", oneOf: [one, two] })).toEqual(
    object({ kind, a: any, same: union(flag, none), b: any }),
  );
  expect(
    shapeOf({
      type: "object",
      oneOf: [
        { ...one, ...closed },
        { ...two, ...closed },
      ],
    }),
  ).toEqual(object({ "kind!": kind, a: text, same: union(flag, none), b: number }));
});

test.each<JsonObject>([
  {},
  { type: "object" },
  { type: "object", additionalProperties: { type: "string" } },
  { type: "object", allOf: [false] },
])("a payload of %j has no declared fields", (schema) => {
  expect(shapeOf(schema)).toEqual(object({}));
});

test("a field has the order and the words of the schema, or of what it refers to", () => {
  const schema = {
    type: "object",
    properties: {
      z: { description: "Own.", $ref: "#/$defs/x" },
      a: { $ref: "#/$defs/x" },
      m: { allOf: [{ $ref: "#/$defs/x" }] },
      blank: { description: " \n" },
      long: { description: `${"x".repeat(998)}🎉🎉` },
      exact: { description: "x".repeat(1_000) },
    },
    $defs: { x: { type: "string", description: "Referred.", deprecated: true } },
  };
  const found = [...shapeOf(schema).fields].map(([key, field]) => [
    key,
    field.description,
    field.isDeprecated,
  ]);
  expect(found).toEqual([
    ["z", "Own.", true],
    ["a", "Referred.", true],
    ["m", "Referred.", true],
    ["blank", null, undefined],
    ["long", `${"x".repeat(998)}…`, undefined],
    ["exact", "x".repeat(1_000), undefined],
  ]);
});

test("a schema is read once", () => {
  const schema = { type: "object" };
  expect(shapeOf(schema)).toBe(shapeOf(schema));
});

test.each([
  ["doubling references", doubling("$ref")],
  ["doubling allOf", doubling("allOf")],
  [
    "alternatives times alternatives",
    { type: "object", allOf: Array.from({ length: 8 }, () => ({ anyOf: alternatives() })) },
  ],
])("%s are cut off", (_name, schema) => {
  const start = performance.now();
  expect(shapeOf(schema as JsonObject).kind).toBe("object");
  expect(performance.now() - start).toBeLessThan(5_000);
});

function doubling(keyword: string): JsonObject {
  const $defs: JsonObject = { d0: { type: "string" } };
  for (let at = 1; at <= 40; at++) {
    const ref = { $ref: `#/$defs/d${at - 1}` };
    $defs[`d${at}`] =
      keyword === "allOf"
        ? { allOf: [ref, ref] }
        : { type: "object", properties: { a: ref, b: ref } };
  }
  return { type: "object", properties: { it: { $ref: "#/$defs/d40" } }, $defs };
}

function alternatives(): JsonObject[] {
  return Array.from({ length: 20 }, (_, at) => ({
    properties: { [`a${at}`]: { anyOf: [{ type: "string" }, A, B] }, x: { anyOf: [A, B] } },
  }));
}
