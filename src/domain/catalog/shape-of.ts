import type { JsonObject } from "./entry.ts";
import { both, fieldsOf, mergeObjects, type ObjectMember } from "./possible.ts";
import { readSchema } from "./read-schema.ts";
import type { FieldShape, ObjectShape, Shape } from "./shape.ts";
import { ANY, unionOf } from "./union.ts";

const shapes = new WeakMap<JsonObject, ObjectShape>();

/**
 * The shape of the payloads that a schema accepts. A payload is an object, so alternatives at the top are merged into one:
 * a field of only some of them may be anything where the others leave it open. Without a declared field there are none,
 * and any key may come.
 */
export function shapeOf(schema: JsonObject): ObjectShape {
  const known = shapes.get(schema);
  if (known) return known;
  const object: ObjectMember = { kind: "object", fields: new Map(), rest: [ANY] };
  const alternatives = both(readSchema(schema), [object], { left: Infinity });
  const merged = mergeObjects(alternatives.filter((each) => each.kind === "object"));
  const shape: ObjectShape = { kind: "object", fields: fieldsOf(merged) };
  shapes.set(schema, shape);
  return shape;
}

/**
 * What the pointer (RFC 6901) points to in payloads of the shape; undefined when nothing declared lies there. "-" and any
 * index stand for each entry of a list. It is required when every payload has it.
 */
export function fieldAt(shape: Shape, pointer: string): FieldShape | undefined {
  let at: FieldShape = { shape, isRequired: true, description: null };
  const steps = stepsOf(pointer);
  if (!steps) return undefined;
  for (const key of steps) {
    const next = fieldOf(at.shape, key);
    if (!next) return undefined;
    at = { ...next, isRequired: at.isRequired && next.isRequired };
  }
  return at;
}

/** The keys of a pointer; undefined when it is none. */
function stepsOf(pointer: string): readonly string[] | undefined {
  if (pointer === "") return [];
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer)) return undefined;
  const steps = pointer.slice(1).split("/");
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

const INDEX = /^(-|0|[1-9]\d*)$/;

function fieldOf(shape: Shape, key: string): FieldShape | undefined {
  switch (shape.kind) {
    case "any":
      return inside(ANY);
    case "map":
      return inside(shape.of);
    case "list":
      return INDEX.test(key) ? inside(shape.of) : undefined;
    case "object":
      return shape.fields.get(key) ?? (shape.fields.size === 0 ? inside(ANY) : undefined);
    case "union":
      return fieldOfUnion(shape.of, key);
    case "string":
    case "number":
    case "integer":
    case "boolean":
    case "null":
      return undefined;
  }
}

function inside(shape: Shape): FieldShape {
  return { shape, isRequired: false, description: null };
}

function fieldOfUnion(members: readonly Shape[], key: string): FieldShape | undefined {
  const found = members.map((member) => fieldOf(member, key)).filter((each) => each !== undefined);
  const [first] = found;
  if (!first) return undefined;
  return {
    ...first,
    shape: unionOf(found.map(({ shape }) => shape)),
    isRequired: found.length === members.length && found.every(({ isRequired }) => isRequired),
  };
}

/** Without null among its values; "null" itself and "any" stay what they are. */
export function withoutNull(shape: Shape): Shape {
  if (shape.kind !== "union") return shape;
  return unionOf(shape.of.filter(({ kind }) => kind !== "null"));
}
