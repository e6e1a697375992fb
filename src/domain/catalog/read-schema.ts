import type { Json, JsonObject } from "./entry.ts";
import {
  ANYTHING,
  both,
  either,
  isAnything,
  NOTHING,
  type Budget,
  type Field,
  type Possible,
} from "./possible.ts";
import { isWithinInt32, scalar } from "./union.ts";

/** Where in a schema the reader is. */
interface Place {
  /** What `#` means: the whole, or the innermost part with an `$id` of its own. */
  readonly root: JsonObject;
  /** The schemas around this one, and those that referred to it. */
  readonly trail: readonly JsonObject[];
  readonly budget: Budget;
}

/** Steps for one schema. Accepted ones take a tenth; others are cut off and become "any". */
const BUDGET = 20_000;
/** A payload has 64 levels at most, and what lies deeper is never looked at. */
const MAX_DEPTH = 64;

/**
 * What a JSON Schema 2020-12 lets through, or more. Keywords that say nothing of types are not read (`not`, `if`, `contains`,
 * `dependentSchemas`, `unevaluatedProperties`), and of a reference only `#` and `#/…` are.
 */
export function readSchema(schema: JsonObject): Possible {
  return possibleOf(schema, { root: schema, trail: [], budget: { left: BUDGET } });
}

function possibleOf(schema: Json | undefined, place: Place): Possible {
  if (schema === false) return NOTHING;
  if (!isObject(schema)) return ANYTHING;
  const { trail, budget } = place;
  if (--budget.left < 0 || trail.length >= MAX_DEPTH || trail.includes(schema)) return ANYTHING;
  const here = inside(schema, place);
  const { $ref, allOf, anyOf, oneOf } = schema;
  const rules = [ownRules(schema, here), ...valueRules(schema)];
  if (typeof $ref === "string") rules.push(possibleOf(...referredTo($ref, here)));
  rules.push(...listOf(allOf).map((part) => possibleOf(part, here)));
  for (const choice of [anyOf, oneOf]) {
    if (!Array.isArray(choice)) continue;
    rules.push(either(choice.map((part) => possibleOf(part, here))));
  }
  return rules.reduce((known, rule) => both(known, rule, budget));
}

function inside(schema: JsonObject, { root, trail, budget }: Place): Place {
  const isResource = typeof schema["$id"] === "string";
  return { root: isResource ? schema : root, trail: [...trail, schema], budget };
}

/** RFC 6901 in a URI fragment. Anchors and other documents are not followed: what they mean is not known here. */
function referredTo(ref: string, place: Place): [Json | undefined, Place] {
  if (ref !== "#" && !ref.startsWith("#/")) return [undefined, place];
  let at: Json | undefined = place.root;
  let { root } = place;
  for (const step of ref.slice(1).split("/").slice(1)) {
    const key = decoded(step).replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) at = at[Number(key)];
    else at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    if (isObject(at) && typeof at["$id"] === "string") root = at;
  }
  return [at, { ...place, root }];
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    // A stray "%": then nothing has this name, and nothing is known.
    return step;
  }
}

/** What `enum` and `const` say. */
function valueRules(schema: JsonObject): Possible[] {
  const rules: Possible[] = [];
  if (Array.isArray(schema["enum"])) rules.push(oneOfValues(schema["enum"]));
  if (schema["const"] !== undefined) rules.push(oneOfValues([schema["const"]]));
  return rules;
}

/** Of lists and objects only that they are. */
function oneOfValues(values: readonly Json[]): Possible {
  return either(
    values.map((value): Possible => {
      if (value === null) return [scalar("null", null)];
      if (Array.isArray(value)) return [{ kind: "list", of: ANYTHING }];
      if (typeof value === "object") {
        return [{ kind: "object", fields: new Map<string, Field>(), rest: ANYTHING }];
      }
      if (typeof value === "string") return [scalar("string", [value])];
      if (typeof value === "boolean") return [scalar("boolean", [value])];
      return [scalar(Number.isInteger(value) ? "integer" : "number", [value])];
    }),
  );
}

const SIMPLE_KINDS = ["string", "number", "boolean", "null"] as const;
const KINDS: readonly Json[] = ["object", "array", ...SIMPLE_KINDS];
/** Without a type these still bind the lists and objects among the values. */
const INNER_KEYWORDS = [
  "properties",
  "required",
  "additionalProperties",
  "patternProperties",
  "items",
  "prefixItems",
];

/** What `type` and the keywords beside it say. */
function ownRules(schema: JsonObject, place: Place): Possible {
  const { type } = schema;
  if (type === undefined && !INNER_KEYWORDS.some((keyword) => keyword in schema)) return ANYTHING;
  const kinds = type === undefined ? KINDS : [type].flat();
  return either(kinds.map((kind) => ofKind(kind, schema, place)));
}

function ofKind(kind: Json, schema: JsonObject, place: Place): Possible {
  if (kind === "object") return objectRules(schema, place);
  if (kind === "array") return [{ kind: "list", of: entries(schema, place) }];
  if (kind === "integer") return [scalar("integer", null, isInt32(schema))];
  const simple = SIMPLE_KINDS.find((each) => each === kind);
  return simple ? [scalar(simple, null)] : ANYTHING;
}

/** Bounded on both sides: -3,000,000,000 is below a maximum too, and no Int. */
function isInt32({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonObject): boolean {
  const lowest = [numberOr(minimum, -Infinity), numberOr(exclusiveMinimum, -Infinity) + 1];
  const highest = [numberOr(maximum, Infinity), numberOr(exclusiveMaximum, Infinity) - 1];
  return isWithinInt32(Math.max(...lowest)) && isWithinInt32(Math.min(...highest));
}

function numberOr(value: Json | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function entries(schema: JsonObject, place: Place): Possible {
  const { prefixItems, items, maxItems } = schema;
  const prefix = listOf(prefixItems);
  const first = prefix.map((entry) => possibleOf(entry, place));
  const isWhole = typeof maxItems === "number" && maxItems <= prefix.length;
  return either(isWhole ? first : [...first, possibleOf(items, place)]);
}

function objectRules(schema: JsonObject, place: Place): Possible {
  const rest = valuesOfOtherKeys(schema, place);
  const required = new Set(listOf(schema["required"]).filter((key) => typeof key === "string"));
  const fields = new Map<string, Field>();
  for (const [key, part] of entriesOf(schema["properties"])) {
    // Ajv passes over a property of this name, and so must whoever reads the payload.
    const possible = key === "__proto__" ? ANYTHING : possibleOf(part, place);
    const isRequired = required.delete(key);
    if (isRequired && possible.length === 0) return NOTHING;
    fields.set(key, { possible, isRequired, ...annotations(part, place) });
  }
  // When other keys have a shape of their own, these stay among them: the object may be a map.
  for (const key of isAnything(rest) ? required : []) {
    fields.set(key, { possible: rest, isRequired: true, description: null });
  }
  return [{ kind: "object", fields, rest }];
}

function valuesOfOtherKeys(schema: JsonObject, place: Place): Possible {
  const { additionalProperties, patternProperties } = schema;
  const parts = [...entriesOf(patternProperties).map(([, part]) => part), additionalProperties];
  return either(parts.map((part) => possibleOf(part, place)));
}

/** References repeat a description up to 2,000 times, and whoever shows a field shows no more than this. */
const MAX_DESCRIPTION = 1_000;

/** The field's own, or else those of what it refers to. */
function annotations(
  schema: Json | undefined,
  place: Place,
): Pick<Field, "description" | "isDeprecated"> {
  if (!isObject(schema) || place.trail.includes(schema)) return { description: null };
  if (--place.budget.left < 0) return { description: null };
  const here = inside(schema, place);
  const { $ref, allOf, description: text, deprecated } = schema;
  const sources = listOf(allOf).map((part) => annotations(part, here));
  if (typeof $ref === "string") sources.unshift(annotations(...referredTo($ref, here)));
  const description = typeof text === "string" && text.trim() !== "" ? brief(text) : null;
  return {
    description: description ?? sources.find((each) => each.description)?.description ?? null,
    isDeprecated: deprecated === true || sources.some((each) => each.isDeprecated),
  };
}

function brief(text: string): string {
  if (text.length <= MAX_DESCRIPTION) return text;
  // Not in the middle of a surrogate pair: half of one is not text.
  return `${text.slice(0, MAX_DESCRIPTION - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function entriesOf(value: Json | undefined): readonly [string, Json][] {
  return isObject(value) ? Object.entries(value) : [];
}
