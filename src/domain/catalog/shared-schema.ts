import { Lru } from "../lru.ts";
import type { JsonObject } from "./entry.ts";

/** Characters of the schemas that are known: those of a tenant with 500 types take 1 to 2 million, 32 million at most. */
const KEPT = 32 * 1024 * 1024;

const known = new Lru<string, JsonObject>(KEPT);

/**
 * The one object of all schemas with this text. A change of a catalog reads all of its types anew: what was derived from a
 * schema is kept by the schema's object, and found again for the types that did not change.
 */
export function sharedSchema(schema: JsonObject): JsonObject {
  const text = JSON.stringify(schema);
  const shared = known.get(text);
  if (shared) return shared;
  known.set(text, schema, text.length);
  return schema;
}
