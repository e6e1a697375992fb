import type { Shape } from "./catalog/shape.ts";

const KINDS: Readonly<Record<Exclude<Shape["kind"], "union">, string>> = {
  any: "any value",
  string: "text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  null: "null",
  list: "a list",
  map: "an object with free keys",
  object: "an object",
};

/** What a value of one of these shapes is: "text or null". */
export function shapesInWords(shapes: Iterable<Shape>): string {
  const kinds = alternatives(shapes).map(({ kind }) => KINDS[kind]);
  return [...new Set(kinds)].join(" or ");
}

/** The shapes with each union's members in its place. */
export function alternatives(shapes: Iterable<Shape>): Exclude<Shape, { kind: "union" }>[] {
  return Array.from(shapes).flatMap((shape) =>
    shape.kind === "union" ? alternatives(shape.of) : [shape],
  );
}
