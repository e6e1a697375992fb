import { expect, test } from "vitest";
import { changesOf, list, object, text, UNJUDGED, whole } from "../../../test/schema-rows.ts";
import type { Json, JsonObject } from "./entry.ts";
import { schemaChanges } from "./schema-change.ts";

const differing: Readonly<Record<string, [Json, Json]>> = {
  not: [text, whole],
  if: [text, whole],
  contains: [text, whole],
  minContains: [1, 2],
  propertyNames: [{ maxLength: 1 }, { maxLength: 2 }],
  dependentRequired: [{ a: ["b"] }, { a: ["c"] }],
  dependentSchemas: [{ a: object({ b: text }) }, { a: object({ b: whole }) }],
  unevaluatedProperties: [false, text],
  unevaluatedItems: [false, text],
  $dynamicRef: ["#a", "#b"],
};
test.each(Object.entries(differing))("%s is only found equal or not", (keyword, [one, other]) => {
  expect(changesOf({ [keyword]: one }, { [keyword]: other })).toEqual([UNJUDGED]);
  expect(changesOf({ [keyword]: one }, true)).toEqual([UNJUDGED]);
  expect(changesOf(true, { [keyword]: one })).toEqual([UNJUDGED]);
  const equal = changesOf({ [keyword]: one }, { title: "It", [keyword]: one, minLength: 1 });
  expect(equal).toEqual(["SAFE /it now has at least 1 characters"]);
});

test("a condition is one with what follows from it", () => {
  // As text, since an object with a "then" is taken for a promise.
  const condition = (least: number, more: JsonObject = {}): JsonObject => ({
    ...(JSON.parse(
      `{ "if": { "type": "string" }, "then": { "minLength": ${least} } }`,
    ) as JsonObject),
    ...more,
  });
  expect(changesOf(condition(1), condition(2))).toEqual([UNJUDGED]);
  expect(changesOf(condition(1), condition(1, { else: whole }))).toEqual([UNJUDGED]);
  expect(changesOf(condition(1), condition(1, { title: "It" }))).toEqual([]);
});

test("what is left over depends on the keywords beside it", () => {
  const rest = { type: "array", unevaluatedItems: false };
  expect(changesOf(rest, { ...rest, prefixItems: [text] })).toContain(UNJUDGED);
  const closed = { type: "object", unevaluatedProperties: false };
  expect(changesOf(closed, { ...closed, additionalProperties: text })).toContain(UNJUDGED);
  expect(changesOf(closed, { ...closed, anyOf: [object({}), text] })).toContain(UNJUDGED);
});

test("annotations are not looked at", () => {
  const annotated: JsonObject = {
    $comment: "A comment",
    title: "A title",
    description: "A description",
    examples: ["a"],
    default: "a",
    deprecated: true,
    readOnly: true,
    writeOnly: true,
  };
  expect(changesOf(list(text), { ...annotated, ...list({ ...annotated, ...text }) })).toEqual([]);
  const $schema = "https://json-schema.org/draft/2020-12/schema";
  expect(schemaChanges({ $schema }, {})).toEqual([]);
});

test("a field may have the name of an annotation", () => {
  expect(changesOf(object({ title: text }), object({ title: whole }))).toEqual([
    "BREAKING /it/title was text and is now a whole number",
  ]);
});

test("a part that is moved is no change, and neither is one that is merged", () => {
  const $defs = { "a/b~ c": { type: "object", properties: { a: text } } };
  const $ref = "#/$defs/a~1b~0%20c";
  const flat = { properties: { it: object({ a: text }, { minProperties: 1 }) } };
  const moved = { $defs, properties: { it: { $ref, minProperties: 1 } } };
  const merged: JsonObject = {
    $defs,
    properties: { it: { $ref, allOf: [{ minProperties: 1 }, true] } },
  };
  const all: readonly JsonObject[] = [flat, moved, merged];
  for (const one of all) {
    for (const other of all) expect(schemaChanges(one, other)).toEqual([]);
  }
});

test("what a reference points to changes every place that holds it, beside what stands there", () => {
  const schemaOf = (type: string): JsonObject => ({
    $defs: { it: { type } },
    properties: {
      a: { $ref: "#/$defs/it", title: "A" },
      b: { items: { $ref: "#/$defs/it", minLength: 2 } },
    },
  });
  expect(schemaChanges(schemaOf("string"), schemaOf("number"))).toEqual([
    { kind: "BREAKING", pointer: "/a", message: "was text and is now a number" },
    { kind: "BREAKING", pointer: "/b/-", message: "was text and is now a number" },
  ]);
});

test("what a reference to nowhere stands for can't be judged", () => {
  const it = { $ref: "#/$defs/gone" };
  expect(changesOf(it, it)).toEqual([]);
  expect(changesOf(it, { ...it, title: "It" })).toEqual([UNJUDGED]);
});

test("fields by pattern and free ones of schemas that hold together can't be told apart", () => {
  const pattern = { patternProperties: { "^a": text } };
  const closed = { additionalProperties: text };
  const both = { type: "object", allOf: [pattern, closed] };
  expect(changesOf(both, { ...both, allOf: [closed, pattern] })).toEqual([]);
  const other = { type: "object", allOf: [pattern, { additionalProperties: whole }] };
  expect(changesOf(both, other)).toContain(UNJUDGED);
});
