/**
 * Which fields of a payload a webhook gets. A selection is a promise about privacy: what it does not name must never be
 * sent, also when a payload looks different from the schema that the selection was made for.
 */
import { createHash } from "node:crypto";
import type { Json, JsonObject } from "./catalog/entry.ts";

/** In the order in which they are sent. Plain data, so that it can be stored as it is. */
export type Selection = readonly SelectedField[];

export interface SelectedField {
  /** As it is written in GraphQL. */
  readonly name: string;
  /** As it is in the payload. */
  readonly key: string;
  /** What may be below it. */
  readonly part: Part;
}

/**
 * `SCALARS`: the schema has no object there, so one that comes all the same was never agreed to. `WHOLE`: whatever it is,
 * e.g. an object with free keys. Else the selection within its object; lists, of lists too, stand for their entries.
 */
export type Part = "SCALARS" | "WHOLE" | Selection;

/**
 * The selected fields that the payload has, and nothing else. A value that does not fit its part becomes null: it holds
 * what nobody selected. Parts of the payload are shared, not copied.
 */
export function select(selection: Selection, payload: JsonObject): JsonObject {
  const selected: JsonObject = {};
  for (const { key, part } of selection) {
    const value = Object.hasOwn(payload, key) ? payload[key] : undefined;
    if (value === undefined) continue;
    const kept = keep(part, value);
    if (key !== "__proto__") selected[key] = kept;
    // Plain assignment would make it the prototype, which JSON does not show.
    else Object.defineProperty(selected, key, { value: kept, enumerable: true });
  }
  return selected;
}

function keep(part: Part, value: Json): Json {
  if (part === "WHOLE") return value;
  if (Array.isArray(value)) return value.map((entry) => keep(part, entry));
  const isObject = typeof value === "object" && value !== null;
  if (part === "SCALARS") return isObject ? null : value;
  return isObject ? select(part, value) : null;
}

/** Equal for selections that make the same bodies: 16 characters of base64url. */
export function shapeKey(selection: Selection): string {
  const hash = createHash("sha256").update(JSON.stringify(essence(selection)));
  return hash.digest("base64url").slice(0, 16);
}

/** As lists: a database may bring the properties of objects back in another order. */
function essence(selection: Selection): unknown[] {
  return selection.map(({ key, part }) => [key, typeof part === "string" ? part : essence(part)]);
}
