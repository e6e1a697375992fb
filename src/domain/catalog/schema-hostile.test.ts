import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject } from "./entry.ts";
import { schemaProblems } from "./schema-rules.ts";

function messagesOf(schema: JsonObject): readonly string[] {
  return schemaProblems(schema).map(({ message }) => message);
}

function times<T>(count: number, of: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => of(index));
}

/** Definitions of which each refers `often` to the one before. */
function chain(length: number, often: number): JsonObject {
  const $defs: JsonObject = { d0: { type: "string" } };
  for (let index = 1; index < length; index++) {
    $defs[`d${index}`] = { anyOf: times(often, () => ({ $ref: `#/$defs/d${index - 1}` })) };
  }
  return { type: "object", $defs, properties: { it: { $ref: `#/$defs/d${length - 1}` } } };
}

test("references are followed to count the subschemas", () => {
  expect(messagesOf(chain(8, 2))).toEqual([]);
  expect(messagesOf(chain(10, 2))).toEqual([
    "has more than 1000 subschemas when its references are followed",
  ]);
  expect(messagesOf(chain(20, 1))).toEqual([
    "is more than 32 levels deep when its references are followed",
  ]);
});

test.each<[string, () => JsonObject]>([
  [
    "30,000 levels of not",
    () => times(30_000, () => 0).reduce<JsonObject>((inner) => ({ not: inner }), {}),
  ],
  [
    "a circle",
    () => {
      const schema: JsonObject = { type: "object" };
      schema.not = schema;
      return schema;
    },
  ],
  ["2^40 alternatives by reference", () => chain(40, 2)],
  ["a chain of 1,500 references", () => chain(900, 1)],
  ["10,000 subschemas", () => ({ type: "object", allOf: times(10_000, () => 5) })],
  [
    "a hundred heavy patterns",
    () => ({
      type: "object",
      patternProperties: Object.fromEntries(
        times(100, (index) => [`[\\p{L}${index}]{1000}`.repeat(9), true]),
      ),
    }),
  ],
])("%s is refused in no time", (_, make) => {
  const schema = make();
  const start = performance.now();
  expect(schemaProblems(schema)).not.toEqual([]);
  expect(performance.now() - start).toBeLessThan(3_000);
});

test("it answers whatever JSON it gets", () => {
  const names = fc.constantFrom(
    ..."type properties items $ref $defs anyOf not required enum const pattern patternProperties dependentRequired if then contains minContains uniqueItems maxItems __proto__ $schema prefixItems additionalProperties unevaluatedProperties a".split(
      " ",
    ),
  );
  const values = fc.oneof(
    fc.constantFrom(
      "object",
      "string",
      "#",
      "#/$defs/a",
      "#/properties/a",
      "(a",
      "^a+$",
      "",
      "~",
      "#/%",
    ),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const { schema } = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 6 }, values, tie("schema"), fc.array(tie("any"), { maxLength: 3 })),
    schema: fc.array(fc.tuple(names, tie("any")), { maxLength: 5 }).map(Object.fromEntries),
  }));
  fc.assert(
    fc.property(schema, (rules) => {
      const given = { type: "object", ...(rules as JsonObject) };
      for (const { pointer, message } of schemaProblems(given)) {
        expect(pointer === "" || pointer.startsWith("/")).toBe(true);
        expect(message).not.toBe("");
      }
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => Array.isArray(schemaProblems(value as JsonObject))),
  );
});
