/** Shapes by hand, and at random with payloads that fit them. */
import fc from "fast-check";
import type { Json, JsonObject } from "../src/domain/catalog/entry.ts";
import { fieldName } from "../src/domain/catalog/graphql-names.ts";
import { besidesNull } from "../src/domain/catalog/graphql-types.ts";
import type { ObjectShape, ScalarShape, Shape } from "../src/domain/catalog/shape.ts";
import { unionOf } from "../src/domain/catalog/union.ts";

export const any: Shape = { kind: "any" };
export const text = scalar("string");
export const number = scalar("number");
export const integer = scalar("integer");
export const flag = scalar("boolean");

export function oneOf(...values: string[]): ScalarShape {
  return { ...text, values };
}

export function list(of: Shape): Shape {
  return { kind: "list", of };
}

export function map(of: Shape): Shape {
  return { kind: "map", of };
}

export function union(...of: Shape[]): Shape {
  return unionOf(of);
}

export function nullable(shape: Shape): Shape {
  return union(shape, scalar("null"));
}

/** Entries, where a key is one that a literal can't have. */
export function object(fields: Record<string, Shape> | [string, Shape][]): ObjectShape {
  const entries = Array.isArray(fields) ? fields : Object.entries(fields);
  return {
    kind: "object",
    fields: new Map(
      entries.map(([key, shape]) => [key, { shape, isRequired: false, description: null }]),
    ),
  };
}

function scalar(kind: ScalarShape["kind"]): ScalarShape {
  return { kind, values: null, isInt32: false };
}

/** Among them are those that go wrong where nobody thought of them; "a_b" and "a-b" have the same GraphQL name. */
export const KEYS = [
  "a",
  "b",
  "a_b",
  "a-b",
  "1x",
  "0",
  "1",
  "length",
  "constructor",
  "__proto__",
  "toJSON",
  "",
  "x/y~z",
  "né",
] as const;
export const keys = fc.constantFrom<string[]>(...KEYS);
export const scalars = fc.constantFrom<(string | number | boolean)[]>(
  "",
  "a",
  "ab",
  "b",
  "0",
  "true",
  0,
  1,
  -1,
  1.5,
  20,
  true,
  false,
);

/** Takes a random value within a property, where the next one depends on it. */
export type Draw = <T>(from: fc.Arbitrary<T>) => T;

/** A property of values that are drawn. */
export function drawn(check: (draw: Draw) => void, runs = 1_000): void {
  const property = fc.property(fc.gen(), (generate) => {
    // A function for each arbitrary: fast-check compares arguments deeply, and arbitraries have no end.
    check((from) => generate(() => from));
  });
  // Values that depend on each other don't shrink: it only takes long.
  fc.assert(property, { numRuns: runs, endOnFailure: true });
}

const SCALARS: readonly Shape[] = [text, oneOf("a", "ab"), number, integer, flag];
const COMPOUNDS = ["any", "list", "map", "object", "object", "nullable", "union"] as const;

export function randomShape(draw: Draw, depth = 3): Shape {
  const deeper = (): Shape => randomShape(draw, depth - 1);
  const kind = depth > 0 ? draw(fc.constantFrom("scalar", ...COMPOUNDS)) : "scalar";
  switch (kind) {
    case "scalar":
      return draw(fc.constantFrom(...SCALARS));
    case "any":
      return any;
    case "list":
      return list(deeper());
    case "map":
      return map(deeper());
    case "object":
      return randomObject(draw, depth - 1);
    case "nullable":
      return nullable(deeper());
    case "union":
      return union(deeper(), deeper());
  }
}

export function randomObject(draw: Draw, depth = 3): ObjectShape {
  const chosen = draw(fc.uniqueArray(keys, { minLength: 1, maxLength: 5 }));
  return object(chosen.map((key) => [key, randomShape(draw, depth)]));
}

/** Declared fields may be missing, and `extras`, at most so many in each object, be there. */
export function fittingPayload(draw: Draw, { fields }: ObjectShape, extras: number): JsonObject {
  const extra = draw(fc.array(keys, { maxLength: extras })).filter((key) => !fields.has(key));
  return Object.fromEntries([
    ...extra.map((key) => [key, draw(json)] as const),
    ...[...fields]
      .filter(() => draw(fc.nat(9)) > 0)
      .map(([key, { shape }]) => [key, fittingValue(draw, shape, extras)] as const),
  ]);
}

function fittingValue(draw: Draw, shape: Shape, extras: number): Json {
  switch (shape.kind) {
    case "any":
      return draw(json);
    case "string":
      return draw(fc.constantFrom(...((shape.values as string[] | null) ?? ["", "a", "ab", "20"])));
    case "number":
      return draw(fc.constantFrom(0, -1, 1.5, 20));
    case "integer":
      return draw(fc.constantFrom(0, 1, -1, 20));
    case "boolean":
      return draw(fc.boolean());
    case "null":
      return null;
    case "list":
      return Array.from({ length: draw(fc.nat(3)) }, () => fittingValue(draw, shape.of, extras));
    case "map":
      return Object.fromEntries(
        draw(fc.uniqueArray(keys, { maxLength: 3 })).map((key) => [
          key,
          fittingValue(draw, shape.of, extras),
        ]),
      );
    case "object":
      return fittingPayload(draw, shape, extras);
    case "union":
      return fittingValue(draw, draw(fc.constantFrom(...shape.of)), extras);
  }
}

export const { json, payload } = fc.letrec<{ json: Json; payload: JsonObject }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    scalars,
    fc.constant(null),
    tie("payload"),
    fc.array(tie("json"), { maxLength: 3 }),
  ),
  payload: fc
    .uniqueArray(fc.tuple(keys, tie("json")), { maxLength: 5, selector: ([key]) => key })
    .map(
      // Also "__proto__" becomes a property of its own.
      (entries) => Object.fromEntries(entries),
    ),
}));

/** Everything in a JSON value, each with the keys and indexes that lead to it. An object or list is there as "{}" or "[]". */
export function nodesOf(value: Json, path: readonly (string | number)[] = []): Node[] {
  if (typeof value !== "object" || value === null) return [{ path, value }];
  if (Array.isArray(value)) {
    const entries = value.flatMap((entry, index) => nodesOf(entry, [...path, index]));
    return [{ path, value: "[]" }, ...entries];
  }
  const fields = Object.entries(value).flatMap(([key, field]) => nodesOf(field, [...path, key]));
  return [{ path, value: "{}" }, ...fields];
}

export interface Node {
  readonly path: readonly (string | number)[];
  readonly value: Json;
}

export interface Picked {
  readonly text: string;
  /** The keys to each selected value that is no object with a selection of its own. */
  readonly leaves: readonly (readonly string[])[];
}

/** A random selection; null when nothing in the shape can be selected. */
export function randomSelection(
  draw: Draw,
  shape: ObjectShape,
  path: readonly string[] = [],
): Picked | null {
  const keys = [...shape.fields.keys()];
  const parts = keys.flatMap((key): Picked[] => {
    const name = fieldName(key);
    const isClear = key === name || keys.filter((each) => fieldName(each) === name).length === 1;
    if (!isClear || draw(fc.nat(2)) === 0) return [];
    const inner = innerObject(shape.fields.get(key)?.shape);
    if (!inner) return [{ text: name, leaves: [[...path, key]] }];
    const picked = randomSelection(draw, inner, [...path, key]);
    return picked ? [{ text: `${name} { ${picked.text} }`, leaves: picked.leaves }] : [];
  });
  if (parts.length === 0) return null;
  return {
    text: parts.map((part) => part.text).join(draw(fc.constantFrom(" ", ", ", "\n"))),
    leaves: parts.flatMap((part) => part.leaves),
  };
}

function innerObject(shape: Shape | undefined): ObjectShape | null {
  const inner = shape && besidesNull(shape);
  if (inner?.kind === "list") return innerObject(inner.of);
  return inner?.kind === "object" && inner.fields.size > 0 ? inner : null;
}
