import { expect, test } from "vitest";
import { check, list, number, object, text, whole } from "../../../test/schema-rows.ts";
import { BUILT_IN_CATALOG } from "./catalog.ts";
import type { JsonObject } from "./entry.ts";
import { schemaChanges } from "./schema-change.ts";

check({
  "a field is gone": [object({ a: text, b: text }), object({ a: text }), "BREAKING /it/b is gone"],
  "a field is gone, by false": [
    object({ a: text }),
    object({ a: false }),
    "BREAKING /it/a is gone",
  ],
  "a required field becomes optional": [
    object({ a: text }, { required: ["a"] }),
    object({ a: text }),
    "BREAKING /it/a was always there and may now be missing",
  ],
  "an optional field becomes required": [
    object({ a: text }),
    object({ a: text }, { required: ["a"] }),
    "SAFE /it/a is always there now",
  ],
  "a field is new": [object({}), object({ a: text }), "SAFE /it/a is new"],
  "a field is new where undeclared ones were forbidden": [
    object({}, { additionalProperties: false }),
    object({ a: text }, { additionalProperties: false }),
    "SAFE /it/a is new",
    "DANGEROUS /it/a was not allowed before",
  ],
  "a field is new where only declared ones were evaluated": [
    object({}, { unevaluatedProperties: false }),
    object({ a: text }, { unevaluatedProperties: false }),
    "SAFE /it/a is new",
    "DANGEROUS /it/a may not have been allowed before",
  ],
  "a new field is of another type than undeclared ones were": [
    object({}, { additionalProperties: text }),
    object({ a: number }, { additionalProperties: text }),
    "SAFE /it/a is new",
    "BREAKING /it/a was text and is now a number",
  ],
  "a field that was false is new": [
    object({ a: false }),
    object({ a: text }),
    "SAFE /it/a is new",
    "DANGEROUS /it/a was not allowed before",
  ],
  "a field that was false is no longer mentioned": [
    object({ a: false }),
    object({}),
    "DANGEROUS /it/a may now be there",
  ],
  "an undeclared field is forbidden": [
    object({}),
    object({ a: false }),
    "DANGEROUS /it/a was allowed without being declared and is now forbidden",
  ],
  "a field with a name of Object's": [
    object({ constructor: text }),
    object({}),
    "BREAKING /it/constructor is gone",
  ],
  "a name is escaped in the pointer": [
    object({ "a/b~c": text }),
    object({}),
    "BREAKING /it/a~1b~0c is gone",
  ],
  "a field of a field": [
    object({ a: object({ b: text }) }),
    object({ a: object({}) }),
    "BREAKING /it/a/b is gone",
  ],
});

check({
  "undeclared fields are allowed": [
    object({}, { additionalProperties: false }),
    object({}),
    "DANGEROUS /it/* may now be there",
  ],
  "undeclared fields are forbidden": [
    object({}),
    object({}, { additionalProperties: false }),
    "DANGEROUS /it/* was allowed without being declared and is now forbidden",
  ],
  "free fields of another type": [
    { type: "object", additionalProperties: text },
    { type: "object", additionalProperties: number },
    "BREAKING /it/* was text and is now a number",
  ],
  "free fields are gone": [
    { type: "object", additionalProperties: text },
    { type: "object", additionalProperties: false },
    "BREAKING /it/* is gone",
  ],
  "fields by pattern of another type": [
    { type: "object", patternProperties: { "^a": text } },
    { type: "object", patternProperties: { "^a": number } },
    "BREAKING /it/* was text and is now a number",
  ],
  "fields by pattern are gone": [
    { type: "object", patternProperties: { "^a": text } },
    { type: "object" },
    "BREAKING /it/* is gone where its name matches ^a",
  ],
  "fields by pattern are new": [
    { type: "object" },
    { type: "object", patternProperties: { "^a": text } },
  ],
  "fields by pattern are new where others were forbidden": [
    { type: "object", additionalProperties: false },
    { type: "object", additionalProperties: false, patternProperties: { "^a": text } },
    "DANGEROUS /it/* may now be there",
  ],
  "entries of another type": [
    list(text),
    list(number),
    "BREAKING /it/- was text and is now a number",
  ],
  "a field of an entry": [list(object({ a: text })), list(object({})), "BREAKING /it/-/a is gone"],
  "entries are gone": [list(text), list(false), "BREAKING /it/- is gone"],
  "the second of a tuple": [
    { type: "array", prefixItems: [text, number] },
    { type: "array", prefixItems: [text, whole] },
    "SAFE /it/1 is always a whole number now",
  ],
  "a longer tuple": [
    { type: "array", prefixItems: [text], items: text },
    { type: "array", prefixItems: [text, number], items: text },
    "BREAKING /it/1 was text and is now a number",
  ],
});

test("a type of the catalog that loses a field", () => {
  const { schema } = BUILT_IN_CATALOG.find("payment_received")!;
  const { payment_id: _, ...properties } = schema.properties as JsonObject;
  expect(
    schemaChanges(schema, { ...schema, properties, required: Object.keys(properties) }),
  ).toEqual([{ kind: "BREAKING", pointer: "/payment_id", message: "is gone" }]);
});

test("of more than 1,000 changes the gravest are told", () => {
  const fields = (type: string) => Object.fromEntries(numbers(1_500, (n) => [`f${n}`, { type }]));
  const before = object({ ...fields("number"), z: text });
  const changes = schemaChanges(before, object({ ...fields("integer"), z: whole }));
  expect(changes).toHaveLength(1_000);
  expect(changes[0]).toMatchObject({ kind: "BREAKING", pointer: "/z" });
});

/** Schemas of about 64 KiB; those of two salts differ everywhere. */
const large: Readonly<Record<string, (salt: number) => JsonObject>> = {
  "many fields": (salt) =>
    object(Object.fromEntries(numbers(1_600, (n) => [`f${n}`, { ...text, maxLength: n + salt }]))),
  "many forms": (salt) => ({
    anyOf: numbers(900, (n) => object({ a: { ...text, maxLength: n * 2 + salt } })),
  }),
  "many kinds": (salt) => ({
    oneOf: numbers(700, (n) => object({ kind: { const: n + salt * 300 } }, { required: ["kind"] })),
  }),
  "many values": (salt) => ({ enum: numbers(10_000, (n) => n * 2 + salt) }),
  "many that hold together": (salt) => ({
    allOf: numbers(600, (n) =>
      object({ [`f${n}`]: text }, { additionalProperties: { maxLength: n + salt } }),
    ),
  }),
  "many entries": (salt) => ({ prefixItems: numbers(2_500, (n) => ({ maxLength: n + salt })) }),
};

function numbers<Item>(count: number, make: (n: number) => Item): Item[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

test.each(Object.entries(large))("%s are compared in time", (_, make) => {
  const [before, after] = [make(0), make(1)];
  const start = performance.now();
  expect(schemaChanges(before, after).length).toBeGreaterThan(0);
  // Far from the usual 30 to 200 ms, for a machine that is busy; each with each would take many seconds.
  expect(performance.now() - start).toBeLessThan(2_000);
});
