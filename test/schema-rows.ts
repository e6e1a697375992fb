import { expect, test } from "vitest";
import type { Json, JsonObject } from "../src/domain/catalog/entry.ts";
import { schemaChanges } from "../src/domain/catalog/schema-change.ts";

/** What a change of the field "it" means, as "KIND pointer message". */
export function changesOf(before: Json, after: Json): readonly string[] {
  const changes = schemaChanges(field(before), field(after));
  return changes.map(({ kind, pointer, message }) => `${kind} ${pointer} ${message}`);
}

function field(schema: Json): JsonObject {
  return { type: "object", properties: { it: schema }, required: ["it"] };
}

type Row = readonly [before: Json, after: Json, ...changes: string[]];

/** One test for each row. */
export function check(rows: Readonly<Record<string, Row>>): void {
  test.each(Object.entries(rows))("%s", (_, [before, after, ...changes]) => {
    expect(changesOf(before, after)).toEqual(changes);
  });
}

export const text = { type: "string" };
export const number = { type: "number" };
export const whole = { type: "integer" };
export const nothing = { type: "null" };

export function object(properties: JsonObject, rest: JsonObject = {}): JsonObject {
  return { type: "object", properties, ...rest };
}

export function list(items: Json, rest: JsonObject = {}): JsonObject {
  return { type: "array", items, ...rest };
}

/** An object that is told by its "kind". */
export function kindOf(kind: string, properties: JsonObject): JsonObject {
  return object({ kind: { const: kind }, ...properties }, { required: ["kind"] });
}

export const UNJUDGED =
  "BREAKING /it changed in a way that can't be judged, so it counts as breaking";
