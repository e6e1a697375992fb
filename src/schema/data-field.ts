import type { GraphQLFieldResolver } from "graphql";
import type { Json, JsonObject } from "../domain/catalog/entry.ts";
import type { DataField, DataScalar, DataTypeRef } from "../domain/catalog/graphql-types.ts";

/** What `Event.data` is made from. */
export class EventPayload {
  readonly typeName: string;
  readonly payload: Json;

  constructor(typeName: string, payload: Json) {
    this.typeName = typeName;
    this.payload = payload;
  }
}

/** The value of a generated field, in a whole payload or in an object within it. */
export function resolverOf({ key, type }: DataField): GraphQLFieldResolver<unknown, unknown> {
  return (source) => {
    const object = (source instanceof EventPayload ? source.payload : source) as JsonObject;
    if (key === null) return object;
    return Object.hasOwn(object, key) ? fitting(object[key], type) : null;
  };
}

/**
 * Null in the place of a value that is not of the type: an event keeps the payload that it was published with, and its type
 * may have changed since.
 */
function fitting(value: Json | undefined, type: DataTypeRef): unknown {
  if (value === undefined || value === null) return null;
  switch (type.kind) {
    case "scalar":
      return isOf(type.name, value) ? value : null;
    case "object":
      return typeof value === "object" && !Array.isArray(value) ? value : null;
    case "list":
      return Array.isArray(value) ? value.map((entry) => fitting(entry, type.of)) : null;
  }
}

function isOf(scalar: DataScalar, value: Json): boolean {
  switch (scalar) {
    case "String":
      return typeof value === "string";
    case "Boolean":
      return typeof value === "boolean";
    case "Float":
      return typeof value === "number" && Number.isFinite(value);
    case "Int":
      // GraphQL's Int has 32 bits.
      return typeof value === "number" && (value | 0) === value;
    case "JSON":
      return true;
  }
}
