import type { Json } from "./entry.ts";

/**
 * What a payload, or a part of it, looks like: as much of its JSON Schema as types can tell. GraphQL, TypeScript, selections
 * and filters are all made from this. It may be wider than the schema, never narrower.
 */
export type Shape = AnyShape | ScalarShape | ListShape | MapShape | ObjectShape | UnionShape;

/** Nothing is known: any JSON value. */
export interface AnyShape {
  readonly kind: "any";
}

export interface ScalarShape {
  readonly kind: "string" | "number" | "integer" | "boolean" | "null";
  /** The only values that it takes; null when there are too many to tell. */
  readonly values: readonly Json[] | null;
  /** Of an integer: whether all of its values lie within 32 bits, so that GraphQL's Int can carry them. */
  readonly isInt32: boolean;
}

export interface ListShape {
  readonly kind: "list";
  readonly of: Shape;
}

/** An object whose keys are free. */
export interface MapShape {
  readonly kind: "map";
  readonly of: Shape;
}

/** An object with declared fields, in the order of its schema; undeclared ones may come beside them. */
export interface ObjectShape {
  readonly kind: "object";
  readonly fields: ReadonlyMap<string, FieldShape>;
}

export interface FieldShape {
  readonly shape: Shape;
  readonly isRequired: boolean;
  readonly description: string | null;
  /** Whether its schema says `deprecated`; absent means no. */
  readonly isDeprecated?: boolean;
}

/** One of several, flat and without doubles; a nullable value is a union with "null". */
export interface UnionShape {
  readonly kind: "union";
  readonly of: readonly Shape[];
}
