import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "./entry.ts";
import { schemaChanges } from "./schema-change.ts";

/** A schema before and after: mostly alike, so that many changes are safe ones. */
type Pair = readonly [before: Json, after: Json];

const NAMES = ["a", "b", "x"];

/** Each side has some of these keywords with one of these values. */
function keywords(choices: Readonly<Record<string, readonly Json[]>>): fc.Arbitrary<JsonObject> {
  const values = Object.entries(choices).map(([key, allowed]) => [
    key,
    fc.constantFrom(...allowed),
  ]);
  return fc.record(Object.fromEntries(values), { requiredKeys: [] }) as fc.Arbitrary<JsonObject>;
}

function mostlyAlike(side: fc.Arbitrary<Json>): fc.Arbitrary<Pair> {
  const alike = side.map((schema) => [schema, schema] as const);
  return fc.oneof({ weight: 2, arbitrary: alike }, fc.tuple(side, side));
}

const scalar = fc.oneof(
  keywords({
    minLength: [0, 1, 2],
    maxLength: [1, 2, 3],
    pattern: ["a", "b"],
    enum: [["a"], ["a", "bb"]],
  }).map((rest) => ({ type: "string", ...rest })),
  keywords({
    type: ["number", "integer"],
    minimum: [0, 0.5, 1],
    exclusiveMinimum: [0, 1],
    maximum: [2, 3],
    exclusiveMaximum: [2, 2.5],
    multipleOf: [1, 2, 0.5],
  }),
  keywords({
    type: ["boolean", ["boolean", "null"], "null", ["string", "null"], ["number", "string"]],
  }),
  keywords({ enum: [["a"], ["a", null], [1, 0.5, "a"], [true]], const: ["a", 1, true] }),
  fc.constantFrom<Json>(true, false, {}, { not: { type: "string" } }, { $ref: "#/$defs/one" }),
);

const { pair } = fc.letrec<{ pair: Pair; deep: Pair; object: Pair; list: Pair; forms: Pair }>(
  (tie) => ({
    pair: fc.oneof({ maxDepth: 3 }, mostlyAlike(scalar), tie("deep")),
    deep: fc.oneof(tie("object"), tie("list"), tie("forms")),
    object: fc
      .tuple(
        fc.dictionary(fc.constantFrom(...NAMES), fc.tuple(tie("pair"), fc.nat(8)), { maxKeys: 3 }),
        mostlyAlike(fc.subarray(NAMES)),
        fc.option(fc.tuple(tie("pair"), fc.nat(5)), { nil: undefined }),
        fc.option(fc.tuple(tie("pair"), fc.nat(5)), { nil: undefined }),
        mostlyAlike(
          keywords({
            type: ["object"],
            minProperties: [1, 2],
            maxProperties: [2, 3],
            unevaluatedProperties: [false],
          }),
        ),
      )
      .map(([fields, required, others, byPattern, rest]) =>
        both((side) => {
          const properties = Object.fromEntries(
            Object.entries(fields)
              // One in eight is on this side only.
              .filter(([, [, only]]) => only !== 1 - side)
              .map(([name, [schemas]]) => [name, schemas[side]]),
          );
          return {
            type: "object",
            properties,
            required: required[side],
            ...(rest[side] as JsonObject),
            ...(others && others[1] !== side && { additionalProperties: others[0][side] }),
            ...(byPattern &&
              byPattern[1] !== side && { patternProperties: { "^x": byPattern[0][side] } }),
          };
        }),
      ),
    list: fc
      .tuple(
        fc.option(tie("pair"), { nil: undefined }),
        fc.array(tie("pair"), { minLength: 1, maxLength: 2 }),
        mostlyAlike(fc.nat(2)),
        mostlyAlike(keywords({ minItems: [1], maxItems: [1, 2], uniqueItems: [true] })),
      )
      .map(([items, firsts, length, rest]) =>
        both((side) => {
          const prefixItems = firsts
            .slice(0, length[side] as number)
            .map((schemas) => schemas[side]);
          return {
            type: "array",
            ...(items && { items: items[side] }),
            ...(prefixItems.length > 0 && { prefixItems }),
            ...(rest[side] as JsonObject),
          };
        }),
      ),
    forms: fc
      .tuple(
        fc.constantFrom("anyOf", "oneOf", "allOf"),
        fc.array(fc.tuple(tie("pair"), fc.nat(6)), { minLength: 1, maxLength: 3 }),
        mostlyAlike(scalar),
        fc.nat(3),
      )
      .map(([keyword, members, rest, bare]) =>
        both((side) => {
          const mine = members
            .filter(([, only]) => only !== 1 - side)
            .map(([schemas]) => schemas[side]);
          const beside = bare > 0 ? {} : rest[side];
          if (mine.length === 0) return beside;
          return typeof beside === "boolean"
            ? { [keyword]: mine }
            : { ...(beside as JsonObject), [keyword]: mine };
        }),
      ),
  }),
);

function both(make: (side: 0 | 1) => unknown): Pair {
  return [make(0) as Json, make(1) as Json];
}

const one = mostlyAlike(
  fc.constantFrom<Json>({ type: "string" }, { type: ["string", "null"] }, { enum: ["a", "bb"] }),
);

const roots = fc
  .tuple(pair, one)
  .map(([schemas, defs]) =>
    both((side) => ({ properties: { it: schemas[side] }, $defs: { one: defs[side] } })),
  );

const payloads = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(
      "",
      "a",
      "b",
      "bb",
      "aaa",
      "aaaa",
      0,
      0.5,
      1,
      2,
      2.5,
      3,
      -1,
      true,
      false,
      null,
    ),
    fc.dictionary(fc.constantFrom(...NAMES, "other"), tie("value"), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    fc.array(tie("value"), { maxLength: 3 }),
  ),
})).value;

function validator(schema: JsonObject) {
  const ajv = new Ajv2020({
    strict: false,
    ownProperties: true,
    validateSchema: false,
    meta: false,
    logger: false,
  });
  return ajv.compile(schema);
}

test("a schema has no changes against itself, or against a copy with its keys in another order", () => {
  fc.assert(
    fc.property(roots, ([schema]) => {
      expect(schemaChanges(schema as JsonObject, structuredClone(schema) as JsonObject)).toEqual(
        [],
      );
      expect(
        schemaChanges(schema as JsonObject, {
          title: "It",
          allOf: [schema as Json],
          $defs: (schema as JsonObject).$defs!,
        }),
      ).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test(
  "when nothing is dangerous or breaking, what fits the new schema fits the old one",
  { timeout: 120_000 },
  () => {
    let tried = 0;
    fc.assert(
      fc.property(
        roots,
        fc.array(payloads, { minLength: 40, maxLength: 80 }),
        ([before, after], values) => {
          const changes = schemaChanges(before as JsonObject, after as JsonObject);
          if (changes.some(({ kind }) => kind !== "SAFE") || changes.length === 0) return;
          const [fitsBefore, fitsAfter] = [
            validator(before as JsonObject),
            validator(after as JsonObject),
          ];
          for (const it of values) {
            if (!fitsAfter({ it })) continue;
            tried++;
            if (!fitsBefore({ it }))
              throw new Error(JSON.stringify({ before, after, it, changes }));
          }
        },
      ),
      { numRuns: 2_000 },
    );
    expect(tried).toBeGreaterThan(200);
  },
);
