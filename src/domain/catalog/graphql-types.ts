import { below, type PayloadProblem } from "../payload-problem.ts";
import { dataTypeName, fieldName, nestedTypeName } from "./graphql-names.ts";
import { withoutNull } from "./shape-of.ts";
import type { FieldShape, ObjectShape, Shape } from "./shape.ts";
import { keyOf } from "./union.ts";

/** A GraphQL object type made from a payload, or from an object within it. All of its fields are nullable. */
export interface DataType {
  readonly typeName: string;
  readonly description: string | null;
  /** In the order of the payload's schema. */
  readonly fields: readonly DataField[];
}

export interface DataField {
  readonly name: string;
  /** The JSON key whose value it is; null: the object itself. */
  readonly key: string | null;
  readonly type: DataTypeRef;
  readonly description: string | null;
  readonly isDeprecated: boolean;
}

/** Entries of lists are nullable too. */
export type DataTypeRef =
  | { readonly kind: "scalar"; readonly name: DataScalar }
  | { readonly kind: "object"; readonly typeName: string }
  | { readonly kind: "list"; readonly of: DataTypeRef };

export type DataScalar = "String" | "Int" | "Float" | "Boolean" | "JSON";

/** The type of this name and after it, depth first, those of the objects within it. */
export function graphqlTypesOf(
  typeName: string,
  shape: ObjectShape,
  description: string | null = null,
): readonly DataType[] {
  return read(typeName, shape, description).types;
}

/**
 * Where the payload's GraphQL type could not have all that the payload has, since two things would have the same name.
 * `graphqlTypesOf` leaves the second one out.
 */
export function nameProblems(eventTypeName: string, shape: ObjectShape): readonly PayloadProblem[] {
  return read(dataTypeName(eventTypeName), shape, null).problems;
}

interface Reading {
  readonly types: DataType[];
  readonly problems: PayloadProblem[];
  /** By the name of a nested type: the pointer to its objects. */
  readonly taken: Map<string, string>;
}

/** The object or field that is being read. */
interface Place {
  readonly typeName: string;
  readonly pointer: string;
  readonly description: string | null;
}

function read(typeName: string, shape: ObjectShape, description: string | null): Reading {
  const reading: Reading = { types: [], problems: [], taken: new Map() };
  addType(shape, { typeName, pointer: "", description }, reading);
  return reading;
}

/** A name may grow by this much at each level, and stand before each of a thousand fields. */
const MAX_KEY = 200;

function addType(shape: ObjectShape, place: Place, reading: Reading): void {
  const { typeName, description } = place;
  const fields: DataField[] = [];
  reading.types.push({ typeName, description, fields });
  const keys = new Map<string, string>();
  for (const [key, field] of shape.fields) {
    const name = fieldName(key);
    const pointer = below(place.pointer, key);
    const rival = keys.get(name);
    if (key.length > MAX_KEY) {
      const message = `has a name of more than ${MAX_KEY} characters, which is too long for GraphQL`;
      reading.problems.push({ pointer, message });
    } else if (rival !== undefined) {
      const message = `would be the field ${name} in GraphQL, as is ${JSON.stringify(rival)} beside it`;
      reading.problems.push({ pointer, message });
    } else {
      keys.set(name, key);
      fields.push(dataField(key, field, { ...place, pointer }, reading));
    }
  }
  if (fields.length === 0) fields.push(WHOLE);
}

/** GraphQL has no types without fields. */
const WHOLE: DataField = {
  name: "payload",
  key: null,
  type: { kind: "scalar", name: "JSON" },
  description: "The whole payload: its schema declares no fields.",
  isDeprecated: false,
};

function dataField(key: string, field: FieldShape, place: Place, reading: Reading): DataField {
  const { shape, description, isDeprecated = false } = field;
  const typeName = nestedTypeName(place.typeName, key);
  const type = typeOf(shape, { ...place, typeName, description }, reading);
  return { name: fieldName(key), key, type, description, isDeprecated };
}

function typeOf(shape: Shape, place: Place, reading: Reading): DataTypeRef {
  const inner = besidesNull(shape);
  switch (inner.kind) {
    case "string":
      return { kind: "scalar", name: "String" };
    case "boolean":
      return { kind: "scalar", name: "Boolean" };
    case "number":
      return { kind: "scalar", name: "Float" };
    case "integer":
      return { kind: "scalar", name: inner.isInt32 ? "Int" : "Float" };
    case "list":
      return {
        kind: "list",
        of: typeOf(inner.of, { ...place, pointer: below(place.pointer, "-") }, reading),
      };
    case "object":
      return typeOfObject(inner, place, reading);
    case "any":
    case "map":
    case "null":
    case "union":
      return { kind: "scalar", name: "JSON" };
  }
}

function typeOfObject(shape: ObjectShape, place: Place, reading: Reading): DataTypeRef {
  const { typeName, pointer } = place;
  const rival = reading.taken.get(typeName);
  if (rival !== undefined) {
    const message = `would be of the type ${typeName} in GraphQL, as is ${rival}`;
    reading.problems.push({ pointer, message });
    return { kind: "scalar", name: "JSON" };
  }
  reading.taken.set(typeName, pointer);
  addType(shape, place, reading);
  return { kind: "object", typeName };
}

/**
 * What a value is besides null. Objects that differ only in what they require, as by "one of these must be there", are one:
 * in GraphQL all is nullable.
 */
export function besidesNull(nullable: Shape): Shape {
  const shape = withoutNull(nullable);
  if (shape.kind !== "union") return shape;
  const [first = shape, ...others] = shape.of.map(withoutRequired);
  if (first.kind !== "object") return shape;
  return others.every((other) => keyOf(other) === keyOf(first)) ? first : shape;
}

function withoutRequired(shape: Shape): Shape {
  if (shape.kind !== "object") return shape;
  const fields = [...shape.fields].map(
    ([key, field]) => [key, { ...field, isRequired: false }] as const,
  );
  return { kind: "object", fields: new Map(fields) };
}
