import { below, type PayloadProblem } from "../payload-problem.ts";
import type { Json, JsonObject } from "./entry.ts";
import { partsOf, SAME_VALUE } from "./schema-keywords.ts";

const MAX_DEPTH = 16;

/** A subschema and where it is. */
export interface Place {
  readonly pointer: string;
  readonly schema: Json;
  /** In `$defs`, so that it counts only for those who refer to it. */
  readonly isDefinition: boolean;
  readonly children: readonly Place[];
  /** Whether its own `type`, or that of the schemas around it for the same value, says what values it is for. */
  readonly isTyped: boolean;
}

/** All places in the order of the text, or as far as depth allows. */
export function placesOf(root: JsonObject): {
  readonly places: readonly Place[];
  readonly problems: readonly PayloadProblem[];
} {
  const places: Place[] = [];
  const problems: PayloadProblem[] = [];

  function visit(at: Omit<Place, "children">, depth: number): Place {
    const children: Place[] = [];
    const place = { ...at, children };
    places.push(place);
    if (!isRules(at.schema)) return place;
    for (const { keyword, name, schema } of partsOf(at.schema)) {
      const inKeyword = below(at.pointer, keyword);
      const pointer = name === null ? inKeyword : below(inKeyword, name);
      if (depth === MAX_DEPTH) {
        problems.push({ pointer, message: `is nested more than ${MAX_DEPTH} levels deep` });
        continue;
      }
      const isTyped =
        (SAME_VALUE.has(keyword) && at.isTyped) || (isRules(schema) && schema.type !== undefined);
      const isDefinition = keyword === "$defs";
      children.push(visit({ pointer, schema: schema as Json, isTyped, isDefinition }, depth + 1));
    }
    return place;
  }

  visit({ pointer: "", schema: root, isTyped: true, isDefinition: false }, 1);
  return { places, problems };
}

/** Whether it is a subschema that says something, unlike `true`, `false` and what is none. */
export function isRules(schema: unknown): schema is JsonObject {
  return typeof schema === "object" && schema !== null && !Array.isArray(schema);
}
