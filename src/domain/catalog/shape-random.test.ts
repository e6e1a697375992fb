import fc from "fast-check";
import { expect, test } from "vitest";
import { fits, jsonValue, randomSchema } from "../../../test/random-schema.ts";
import type { Json, JsonObject } from "./entry.ts";
import { fieldAt, shapeOf } from "./shape-of.ts";
import type { Shape } from "./shape.ts";

function conforms(shape: Shape, value: Json): boolean {
  switch (shape.kind) {
    case "any":
      return true;
    case "null":
      return value === null;
    case "string":
    case "boolean":
    case "number":
      return typeof value === shape.kind && (shape.values?.includes(value) ?? true);
    case "integer": {
      const isSmall = (Number(value) | 0) === value;
      return (
        Number.isInteger(value) &&
        (shape.values?.includes(value) ?? true) &&
        (isSmall || !shape.isInt32)
      );
    }
    case "list":
      return Array.isArray(value) && value.every((entry) => conforms(shape.of, entry));
    case "map":
      return isObject(value) && Object.values(value).every((entry) => conforms(shape.of, entry));
    case "object":
      return (
        isObject(value) &&
        [...shape.fields].every(([key, field]) =>
          Object.hasOwn(value, key) ? conforms(field.shape, value[key]!) : !field.isRequired,
        )
      );
    case "union":
      return shape.of.some((member) => conforms(member, value));
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value with something else at a random place. */
function changed(value: Json, g: fc.GeneratorValue): Json {
  if (g(fc.nat, { max: 2 }) === 0) return g(() => jsonValue);
  if (Array.isArray(value)) {
    if (value.length === 0 || g(fc.boolean)) return [...value, g(() => jsonValue)];
    const at = g(fc.nat, { max: value.length - 1 });
    return value.with(at, changed(value[at]!, g));
  }
  if (!isObject(value)) return g(() => jsonValue);
  const keys = [...Object.keys(value), "id", "a", g(fc.string)];
  const key = keys[g(fc.nat, { max: keys.length - 1 })]!;
  const { [key]: old = null, ...rest } = value;
  return g(fc.nat, { max: 3 }) === 0 ? rest : { ...rest, [key]: changed(old, g) };
}

function places(value: Json, pointer = ""): [string, Json][] {
  const entries = isObject(value) || Array.isArray(value) ? Object.entries(value) : [];
  const inner = entries.flatMap(([key, each]) =>
    places(each, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`),
  );
  return [[pointer, value], ...inner];
}

test("no payload that fits a schema is outside of its shape", () => {
  const tried = { fitting: 0, changed: 0, places: 0 };
  fc.assert(
    fc.property(randomSchema(), fc.gen(), ({ schema, payloads }, g) => {
      // Refused when it is declared: Ajv does not check a field of this name.
      fc.pre(!JSON.stringify(schema).includes('"__proto__"'));
      const shape = shapeOf(schema);
      const others = payloads.flatMap((payload) => [1, 2, 3, 4].map(() => changed(payload, g)));
      for (const payload of [...payloads, ...others]) {
        if (!fits(schema, payload)) continue;
        tried[others.includes(payload) ? "changed" : "fitting"]++;
        expect(conforms(shape, payload)).toBe(true);
        for (const [pointer, value] of places(payload)) {
          const found = fieldAt(shape, pointer);
          if (!found) continue;
          tried.places++;
          expect(conforms(found.shape, value)).toBe(true);
        }
      }
    }),
    { numRuns: 1_000 },
  );
  expect(tried.fitting).toBeGreaterThan(500);
  expect(tried.changed).toBeGreaterThan(500);
  expect(tried.places).toBeGreaterThan(2_000);
});
