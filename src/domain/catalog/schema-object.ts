import type { Json, JsonObject } from "./entry.ts";
import { isAnnotation, type Rules } from "./schema-reader.ts";
import { isObject } from "./schema-values.ts";

/** What the parts of a schema say together about the fields of an object. */
export interface ObjectView {
  readonly names: ReadonlySet<string>;
  readonly required: ReadonlySet<string>;
  readonly patterns: ReadonlyMap<string, readonly Json[]>;
  /** What undeclared fields are held to. */
  readonly others: readonly Json[];
  /** Some keyword further out than `others` may forbid undeclared fields. */
  readonly isGuarded: boolean;
  /** What a field is held to, declared or not. */
  at(name: string): readonly Json[];
}

export function objectView({ parts }: Rules): ObjectView {
  const properties = parts.map((part) => (isObject(part.properties) ? part.properties : {}));
  const required = new Set(
    parts.flatMap((part) => (Array.isArray(part.required) ? part.required : [])).map(String),
  );
  const patterns = new Map<string, Json[]>();
  for (const { patternProperties } of parts) {
    if (!isObject(patternProperties)) continue;
    for (const [pattern, schema] of Object.entries(patternProperties)) {
      patterns.set(pattern, [...(patterns.get(pattern) ?? []), schema]);
    }
  }
  return {
    names: new Set([...properties.flatMap((declared) => Object.keys(declared)), ...required]),
    required,
    patterns,
    others: parts.flatMap(othersOf),
    isGuarded: parts.some((part) => (part.unevaluatedProperties ?? true) !== true),
    at: (name) =>
      parts.flatMap((part, index) => {
        const declared = properties[index]!;
        return Object.hasOwn(declared, name) ? [declared[name]!] : othersOf(part);
      }),
  };
}

function othersOf({ additionalProperties }: JsonObject): readonly Json[] {
  return additionalProperties === undefined ? [] : [additionalProperties];
}

/** What the parts of a schema say together about the entries of a list. */
export interface ListView {
  /** As many entries have a schema of their own. */
  readonly length: number;
  readonly others: readonly Json[];
  at(index: number): readonly Json[];
}

export function listView({ parts }: Rules): ListView {
  const firsts = parts.map(({ prefixItems }) => (Array.isArray(prefixItems) ? prefixItems : []));
  const othersIn = ({ items }: JsonObject) => (items === undefined ? [] : [items]);
  return {
    length: Math.max(0, ...firsts.map((first) => first.length)),
    others: parts.flatMap(othersIn),
    at: (index) =>
      parts.flatMap((part, at) => {
        const own = firsts[at]![index];
        return own === undefined ? othersIn(part) : [own];
      }),
  };
}

/** Judged by rules of their own. */
const JUDGED = new Set(
  (
    "type enum const minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength minItems maxItems " +
    "minProperties maxProperties pattern format contentEncoding contentMediaType contentSchema multipleOf " +
    "uniqueItems properties patternProperties additionalProperties required items prefixItems"
  ).split(" "),
);
/** Mean something only together. */
const TOGETHER: readonly (readonly string[])[] = [
  ["if", "then", "else"],
  ["contains", "minContains", "maxContains"],
];
const OF_LISTS = ["prefixItems", "items", "contains", "unevaluatedItems"];
const OF_FREE_FIELDS = ["patternProperties", "additionalProperties"];
const OF_OBJECTS = ["properties", "patternProperties", "additionalProperties"];

/** Whether what is allowed depends on which forms a value has. */
export function looksAtForms({ parts }: Rules): boolean {
  return parts.some((part) =>
    ["unevaluatedProperties", "unevaluatedItems"].some((key) => key in part),
  );
}

/** What can only be found equal or not. */
export function unjudged({ parts, reader }: Rules): Set<string> {
  const keys = new Set<string>();
  const keyOf = (part: JsonObject, keywords: readonly string[]) =>
    keywords
      .filter((keyword) => part[keyword] !== undefined)
      .map((keyword) => reader.keyOf(keyword, part[keyword]!))
      .join();
  for (const part of parts) {
    for (const keyword of Object.keys(part)) {
      if (JUDGED.has(keyword) || isAnnotation(keyword)) continue;
      keys.add(keyOf(part, TOGETHER.find((group) => group.includes(keyword)) ?? [keyword]));
    }
  }
  // What these leave over depends on the other keywords of the same place.
  const together = (keywords: readonly string[]) =>
    parts.map((part) => keyOf(part, keywords)).filter((key) => key !== "");
  const lists = together(OF_LISTS);
  if (parts.some((part) => part.unevaluatedItems !== undefined))
    keys.add(lists.toSorted().join(";"));
  if (parts.some((part) => part.unevaluatedProperties !== undefined)) {
    keys.add(together(OF_FREE_FIELDS).toSorted().join(";"));
  }
  const objects = together(OF_OBJECTS);
  if (objects.length > 1 && mixesPatterns(parts)) keys.add(objects.toSorted().join(";"));
  return keys;
}

/** One schema's free keys are then another's pattern's: which, only a payload would tell. */
function mixesPatterns(parts: readonly JsonObject[]): boolean {
  const has = (keyword: string) => parts.some((part) => (part[keyword] ?? true) !== true);
  return has("patternProperties") && has("additionalProperties");
}
