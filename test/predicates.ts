/** Filters at random, and what they mean said in another way. */
import fc from "fast-check";
import type { Json, JsonObject } from "../src/domain/catalog/entry.ts";
import type { Predicate, ValueTest } from "../src/domain/filter.ts";
import { keys, nodesOf, scalars } from "./payload-shapes.ts";

const numbers = fc.constantFrom(-1, 0, 1, 1.5, 20);
const texts = fc.constantFrom("a", "b", "ab", "0");

export const valueTests: fc.Arbitrary<ValueTest> = fc.oneof(
  scalars.map((eq) => ({ eq })),
  fc.array(scalars, { minLength: 1, maxLength: 4 }).map((values) => ({ in: values })),
  numbers.map((gt) => ({ gt })),
  numbers.map((gte) => ({ gte })),
  numbers.map((lt) => ({ lt })),
  numbers.map((lte) => ({ lte })),
  texts.map((startsWith) => ({ startsWith })),
  texts.map((contains) => ({ contains })),
  fc.boolean().map((exists) => ({ exists })),
  fc.boolean().map((isNull) => ({ isNull })),
);

export const pointers = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: keys },
      { weight: 1, arbitrary: fc.constantFrom("00", "-1", "-", "toString") },
    ),
    {
      maxLength: 3,
    },
  )
  .map(pointerTo);

export const { predicate: predicates } = fc.letrec<{ predicate: Predicate }>((tie) => ({
  predicate: fc.oneof(
    { maxDepth: 4 },
    fc.record({ at: pointers, is: valueTests }).map((field) => ({ field })),
    fc.array(tie("predicate"), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
    fc.array(tie("predicate"), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
    tie("predicate").map((not) => ({ not })),
  ),
}));

export function pointerTo(path: readonly (string | number)[]): string {
  return path
    .map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

/** What the predicate says, from a list of everything in the payload by its pointer. */
export function holdsPlainly(predicate: Predicate, payload: JsonObject): boolean {
  const places = new Map(nodesOf(payload).map(({ path }) => [pointerTo(path), at(payload, path)]));
  const holds = (node: Predicate): boolean => {
    if ("all" in node) return node.all.filter(holds).length === node.all.length;
    if ("any" in node) return node.any.filter(holds).length > 0;
    if ("not" in node) return !holds(node.not);
    const { at: pointer, is } = node.field;
    return passes(is, places.has(pointer), places.get(pointer) ?? null);
  };
  return holds(predicate);
}

function at(value: Json, path: readonly (string | number)[]): Json {
  return path.reduce<Json>(
    (inner, step) => Object.getOwnPropertyDescriptor(inner, step)?.value,
    value,
  );
}

function passes(test: ValueTest, isThere: boolean, value: Json): boolean {
  const isNull = JSON.stringify(value) === "null";
  if ("exists" in test) return isThere ? test.exists : !test.exists;
  if ("isNull" in test) return isThere && (test.isNull ? isNull : !isNull);
  if ("eq" in test) return JSON.stringify(value) === JSON.stringify(test.eq);
  if ("in" in test) return test.in.some((eq) => passes({ eq }, isThere, value));
  if ("startsWith" in test) return partsOf(value)[0]?.indexOf(test.startsWith) === 0;
  if ("contains" in test) {
    const entries = Array.isArray(value) ? value : [];
    return (
      entries.some((eq) => eq === test.contains) ||
      (partsOf(value)[0] ?? "").split(test.contains).length > 1
    );
  }
  if (typeof value !== "number") return false;
  if ("gt" in test) return Math.max(value, test.gt) !== test.gt;
  if ("gte" in test) return Math.max(value, test.gte) === value;
  if ("lt" in test) return Math.min(value, test.lt) !== test.lt;
  return Math.min(value, test.lte) === value;
}

/** The text, if it is one. */
function partsOf(value: Json): readonly string[] {
  return typeof value === "string" ? [value] : [];
}
