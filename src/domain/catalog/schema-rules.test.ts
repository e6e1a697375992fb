import { expect, test } from "vitest";
import { BUILT_IN } from "./built-in.ts";
import type { Json, JsonObject } from "./entry.ts";
import { schemaProblems } from "./schema-rules.ts";

/** The first problems, as "pointer message". */
function problemsOf(schema: JsonObject): readonly string[] {
  return schemaProblems(schema).map(({ pointer, message }) => `${pointer} ${message}`);
}

/** A payload's schema with one field. */
function field(schema: Json, rest: JsonObject = {}): JsonObject {
  return { type: "object", properties: { it: schema }, ...rest };
}

function times<T>(count: number, of: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => of(index));
}

test.each(BUILT_IN)("$name, a built-in type, keeps the rules", ({ schema }) => {
  expect(schemaProblems(schema)).toEqual([]);
});

test.each<[string, JsonObject]>([
  ["nothing but an object", { type: "object" }],
  ["its draft", { $schema: "https://json-schema.org/draft/2020-12/schema", type: "object" }],
  [
    "a definition used twice",
    {
      type: "object",
      $defs: { "a/b ~": { type: "string" } },
      properties: { a: { $ref: "#/$defs/a~1b%20~0" }, b: { $ref: "#/$defs/a~1b%20~0" } },
    },
  ],
  [
    "a reference to another field",
    field(
      { $ref: "#/properties/b" },
      { $defs: {}, properties: { b: { type: "string" }, it: { $ref: "#/properties/b" } } },
    ),
  ],
  [
    "alternatives that only require",
    { type: "object", anyOf: [{ required: ["a"] }, { required: ["b"] }] },
  ],
  [
    "a pattern, formats and notes",
    field({
      type: "string",
      pattern: "^[\\w-]+@\\d{1,3}\\.\\p{L}+$",
      format: "x",
      $comment: "",
      examples: [1],
      deprecated: true,
    }),
  ],
  [
    "a tuple",
    field({
      type: "array",
      prefixItems: [{ type: "string" }],
      items: false,
      uniqueItems: true,
      maxItems: 1_000,
    }),
  ],
  [
    "if and then",
    field(
      JSON.parse(
        '{ "if": { "const": 1 }, "then": { "type": "integer" }, "else": { "type": "string" } }',
      ),
    ),
  ],
  [
    "names of keywords as names of properties",
    {
      type: "object",
      properties: { $id: { type: "string" }, definitions: true, constructor: { type: "string" } },
    },
  ],
])("a schema with %s is taken", (_, schema) => {
  expect(schemaProblems(schema)).toEqual([]);
});

test.each<[JsonObject, string]>([
  [{}, '/type must be "object": a payload is always an object'],
  [{ type: ["object", "null"] }, '/type must be "object"'],
  [
    { type: "object", $schema: "http://json-schema.org/draft-07/schema#" },
    '/$schema must be "https://json-schema.org/draft/2020-12/schema"',
  ],
  [{ type: "object", description: "x".repeat(65_536) }, " is longer than 64 KiB"],
  [
    field({ type: "string", maxLenght: 5 }),
    "/properties/it/maxLenght is not a keyword of JSON Schema 2020-12: is `maxLength` meant?",
  ],
  [
    field({ type: "string", "max-length": 5 }),
    "/properties/it/max-length is not a keyword of JSON Schema 2020-12: is `maxLength` meant?",
  ],
  [
    field({ type: "string", colour: 5 }),
    "/properties/it/colour is not a keyword of JSON Schema 2020-12",
  ],
  ...[
    "unevaluatedProperties",
    "unevaluatedItems",
    "$id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$vocabulary",
    "$async",
  ].map((keyword): [JsonObject, string] => [
    field({ [keyword]: "x" }),
    `/properties/it/${keyword} is not allowed`,
  ]),
  [{ type: "object", definitions: {} }, "/definitions is from an older draft: use `$defs`"],
  [
    { type: "object", dependencies: {} },
    "/dependencies is from an older draft: use `dependentRequired`",
  ],
  [
    field({ type: "array", items: [{ type: "string" }] }),
    "/properties/it/items is a list, as in older drafts: use `prefixItems`",
  ],
  [
    field({ type: "number", exclusiveMinimum: true }),
    "/properties/it/exclusiveMinimum must be a number: true",
  ],
  [field({ type: "string", required: true }), "/properties/it/required must be a list of names"],
  [field({ type: "string", nullable: true }), "/properties/it/nullable is from OpenAPI"],
  [field({ properties: {} }), '/properties/it has `properties` without `type: "object"`'],
  [field({ $ref: "other.json" }), "/properties/it/$ref must begin with #/"],
  [
    field({ $ref: "https://json-schema.org/draft/2020-12/schema" }),
    "/properties/it/$ref must begin with #/",
  ],
  [field({ $ref: "#/%" }), "/properties/it/$ref must begin with #/"],
  [field({ $ref: "#/$defs/none" }), "/properties/it/$ref points to no subschema"],
  [field({ $ref: "#/properties" }), "/properties/it/$ref points to no subschema"],
  [field({ $ref: "#" }), "/properties/it/$ref is recursive, which is not allowed"],
  [field({ $ref: "#/properties/it" }), "/properties/it/$ref is recursive"],
  [
    field(
      { $ref: "#/$defs/a" },
      { $defs: { a: { not: { $ref: "#/$defs/b" } }, b: { items: { $ref: "#/$defs/a" } } } },
    ),
    "/$defs/b/items/$ref is recursive",
  ],
  [
    { type: "object", $defs: { unused: { $ref: "#/$defs/unused" } } },
    "/$defs/unused/$ref is recursive",
  ],
  [field({ type: "array", uniqueItems: true }), "/properties/it/uniqueItems asks for `maxItems`"],
  [
    field({ type: "array", uniqueItems: true, maxItems: 1_001 }),
    "/properties/it/uniqueItems asks for `maxItems`",
  ],
  [
    field({ type: "string", pattern: "a".repeat(501) }),
    "/properties/it/pattern is a pattern of more than 500 characters",
  ],
  [
    field({ type: "string", pattern: "(a" }),
    "/properties/it/pattern is not a regular expression: ",
  ],
  [
    field({ type: "string", pattern: "(?i)a" }),
    "/properties/it/pattern is not a regular expression: ",
  ],
  [field({ type: "string", pattern: "(?<!a)b" }), "/properties/it/pattern looks ahead or behind"],
  [field({ type: "string", pattern: "(a)\\1" }), "/properties/it/pattern refers back to a group"],
  [
    field({ type: "string", pattern: "(a{100}){100}" }),
    "/properties/it/pattern is a regular expression that RE2 can't take: ",
  ],
  [
    field({ type: "string", pattern: "(\\pL?a?b?){500}".replace("\\pL", "\\p{L}") }),
    "/properties/it/pattern repeats too much",
  ],
  [
    field({ type: "object", patternProperties: { "(?=a)": true } }),
    "/properties/it/patternProperties/(?=a) looks ahead",
  ],
  [
    {
      type: "object",
      patternProperties: Object.fromEntries(times(51, (index) => [`^a${index}`, true])),
    },
    "/patternProperties/^a50 is one pattern more than the 50",
  ],
  [field({ anyOf: times(51, () => true) }), "/properties/it/anyOf has more than 50 members"],
  [field({ oneOf: times(51, () => true) }), "/properties/it/oneOf has more than 50 members"],
  [field({ enum: [] }), "/properties/it/enum must have at least one value"],
  [field({ enum: times(1_001, Number) }), "/properties/it/enum has more than 1000 values"],
  [
    { type: "object", properties: JSON.parse('{"__proto__": {}}') },
    "/properties/__proto__ is a name that is not allowed",
  ],
  [{ type: "object", required: ["__proto__"] }, "/required has the name __proto__"],
  [field({ type: "text" }), '/properties/it/type must be "string", "number"'],
  [field({ type: ["string", "string"] }), '/properties/it/type must be "string", "number"'],
  [
    { type: "object", properties: { type: "string" } },
    "/properties/type must be an object or true or false",
  ],
  [{ type: "object", required: ["a", "a"] }, "/required has the same entry twice"],
  [field({ $schema: "x" }), "/properties/it/$schema is allowed at the root only"],
  [field("string"), "/properties/it must be"],
  [field({ type: "string", maxLength: "5" }), "/properties/it/maxLength must be a whole number"],
  [field({ type: "string", maxLength: -1 }), "/properties/it/maxLength must be at least 0"],
  [{ type: "object", properties: [] }, "/properties must be an object"],
  [field({ allOf: [] }), "/properties/it/allOf must"],
  [field(JSON.parse('{ "then": true }')), ' can\'t be used: "then" without "if" is ignored'],
])("%j is refused", (schema, problem) => {
  expect(problemsOf(schema)).toContainEqual(expect.stringContaining(problem));
  expect(problemsOf(schema)[0]?.startsWith(problem.slice(0, 20))).toBe(true);
});

test("all problems are told at once, but no more than 100", () => {
  expect(
    problemsOf(field({ typo: 1, type: "text", pattern: "(" })).map((text) => text.split(" ")[0]),
  ).toEqual(["/properties/it/typo", "/properties/it/pattern", "/properties/it/type"]);
  const many = Object.fromEntries(times(200, (index) => [`x${index}`, 1]));
  expect(schemaProblems({ type: "object", ...many })).toHaveLength(100);
});

test("a schema nests 16 levels deep and no deeper", () => {
  const nested = (levels: number): JsonObject =>
    levels === 1 ? { type: "string" } : { not: nested(levels - 1) };
  expect(problemsOf(field(nested(15)))).toEqual([]);
  expect(problemsOf(field(nested(16)))).toEqual([
    `/properties/it${"/not".repeat(15)} is nested more than 16 levels deep`,
  ]);
});
