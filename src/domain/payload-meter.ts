import type { Json, JsonObject } from "./catalog/entry.ts";
import { partsOf } from "./catalog/schema-keywords.ts";

/** Thrown out of a validation that takes too long. */
export class OutOfSteps extends Error {}

/** What applying one subschema to a value costs, in steps. */
export type Costs = {
  readonly base: number;
  readonly entry: number;
  readonly pair: number;
  readonly key: number;
  readonly character: number;
};

export function costsOf({ base, entry, pair, key, character }: Costs, data: unknown): number {
  if (typeof data === "string") return base + data.length * character;
  if (typeof data !== "object" || data === null) return base;
  if (Array.isArray(data)) return base + data.length * (entry + data.length * pair);
  return key === 0 ? base : base + Object.keys(data).length * key;
}

/**
 * The schema with the costs of each subschema in it. All errors are collected, so that neither a
 * failed maxItems nor the hundredth error ends a validation: only counting does.
 */
export function metered(schema: JsonObject): JsonObject {
  const copy: JsonObject = { ...schema };
  for (const { keyword, name, schema: part } of partsOf(schema)) {
    if (typeof part !== "object" || part === null || Array.isArray(part)) continue;
    const inner = metered(part as JsonObject);
    if (name === null) copy[keyword] = inner;
    else if (Array.isArray(schema[keyword])) {
      if (copy[keyword] === schema[keyword]) copy[keyword] = [...schema[keyword]];
      (copy[keyword] as Json[])[Number(name)] = inner;
    } else {
      if (copy[keyword] === schema[keyword]) copy[keyword] = { ...(schema[keyword] as JsonObject) };
      (copy[keyword] as JsonObject)[name] = inner;
    }
  }
  if (Object.keys(schema).some((keyword) => !NOTES.has(keyword))) copy.$cost = costs(schema);
  return copy;
}

/** Schemas of nothing else are not applied at all. */
const NOTES: ReadonlySet<string> = new Set(
  "$schema $id $comment $defs title description default deprecated readOnly writeOnly examples format".split(
    " ",
  ),
);

function costs(schema: JsonObject): Record<string, number> {
  const count = (keywords: string): number =>
    keywords.split(" ").filter((keyword) => schema[keyword] !== undefined).length;
  const { required, dependentRequired, properties, enum: values, patternProperties } = schema;
  return {
    base:
      1 +
      sizeOf(required) +
      namesIn(dependentRequired) +
      (sizeOf(properties) + sizeOf(schema.dependentSchemas)) / 16 +
      sizeOf(values) / 32,
    // A subschema of the entries has a price of its own; `false` has not.
    entry: schema.items === false ? 1 : count("contains"),
    pair: schema.uniqueItems === true && !isOfScalars(schema.items) ? 1 / 4 : 0,
    key:
      count("additionalProperties propertyNames minProperties maxProperties") +
      sizeOf(patternProperties),
    character: count("minLength maxLength") / 64,
  };
}

/** Then Ajv looks for equal entries in a hash table. Of a union it does so only when all members are. */
function isOfScalars(items: Json | undefined): boolean {
  if (typeof items !== "object" || items === null || Array.isArray(items)) return false;
  const types = [items.type ?? "object"].flat();
  return types.length > 0 && !types.includes("object") && !types.includes("array");
}

function sizeOf(value: Json | undefined): number {
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

function namesIn(dependent: Json | undefined): number {
  if (typeof dependent !== "object" || dependent === null) return 0;
  return Object.values(dependent).reduce((sum: number, names) => sum + 1 + sizeOf(names), 0);
}
