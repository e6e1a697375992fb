import { patternProblem } from "../linear-pattern.ts";
import { below, type PayloadProblem } from "../payload-problem.ts";
import type { Json, JsonObject } from "./entry.ts";
import { holdsOf, unknownKeyword } from "./schema-keywords.ts";
import { isRules, type Place } from "./schema-places.ts";

/** What is wrong with one subschema by itself. */
export function placeProblems({ pointer, schema, isTyped }: Place): readonly PayloadProblem[] {
  if (!isRules(schema)) return [];
  const problems = Object.entries(schema).flatMap(([keyword, value]) => {
    const message = holdsOf(keyword)
      ? VALUE_RULES[keyword]?.(value, schema)
      : unknownKeyword(keyword);
    return message ? [{ pointer: below(pointer, keyword), message }] : [];
  });
  if (pointer !== "" && schema.$schema !== undefined) {
    const message = "is allowed at the root only: one draft is that of the whole schema";
    problems.push({ pointer: below(pointer, "$schema"), message });
  }
  const untyped = isTyped ? undefined : Object.keys(schema).find((key) => OF_OBJECTS.has(key));
  if (untyped) {
    const message = `has \`${untyped}\` without \`type: "object"\`, and so would take anything that is not an object`;
    problems.push({ pointer, message });
  }
  return problems;
}

const OF_OBJECTS: ReadonlySet<string> = new Set(["properties", "required"]);

const MAX_CHOICES = 50;
const MAX_ENUM = 1_000;
/** Each entry is compared with each other one. */
const MAX_UNIQUE = 1_000;

const choices = (value: Json): string | undefined => {
  if (!Array.isArray(value) || value.length <= MAX_CHOICES) return undefined;
  return `has more than ${MAX_CHOICES} members`;
};

const bound = (value: Json): string | undefined =>
  typeof value === "boolean"
    ? "must be a number: true and false are from an older draft"
    : undefined;

/** By keyword, what the meta-schema does not know or says worse. */
const VALUE_RULES: Readonly<
  Record<string, (value: Json, schema: JsonObject) => string | undefined>
> = {
  anyOf: choices,
  oneOf: choices,
  exclusiveMinimum: bound,
  exclusiveMaximum: bound,
  enum: (value) => {
    if (!Array.isArray(value) || (value.length > 0 && value.length <= MAX_ENUM)) return undefined;
    return value.length === 0 ? "must have at least one value" : `has more than ${MAX_ENUM} values`;
  },
  items: (value) =>
    Array.isArray(value) ? "is a list, as in older drafts: use `prefixItems`" : undefined,
  required: (value) => {
    if (typeof value === "boolean") {
      return "must be a list of names beside `properties`: true and false are from an older draft";
    }
    if (!Array.isArray(value) || !value.includes("__proto__")) return undefined;
    return "has the name __proto__, which is not allowed";
  },
  uniqueItems: (value, { maxItems }) => {
    if (value !== true || (typeof maxItems === "number" && maxItems <= MAX_UNIQUE))
      return undefined;
    return `asks for \`maxItems\` of at most ${MAX_UNIQUE} beside it, since every entry is compared with every other`;
  },
};

/** Compiling one takes up to 50 ms. */
const MAX_PATTERNS = 50;
/** After so many that can't be taken, nobody waits for the rest. */
const MAX_REFUSED = 10;

export function patternProblems(places: readonly Place[]): readonly PayloadProblem[] {
  const problems: PayloadProblem[] = [];
  const seen = new Set<string>();
  for (const { pointer, pattern } of places.flatMap(patternsAt)) {
    if (!seen.has(pattern) && seen.size === MAX_PATTERNS) {
      problems.push({ pointer, message: `is one pattern more than the ${MAX_PATTERNS} allowed` });
      break;
    }
    seen.add(pattern);
    const message = patternProblem(pattern);
    if (message) problems.push({ pointer, message });
    if (problems.length === MAX_REFUSED) break;
  }
  return problems;
}

function patternsAt({ pointer, schema }: Place): { pointer: string; pattern: string }[] {
  if (!isRules(schema)) return [];
  const { pattern, patternProperties } = schema;
  const inKeyword = below(pointer, "patternProperties");
  const found = isRules(patternProperties)
    ? Object.keys(patternProperties).map((key) => ({
        pointer: below(inKeyword, key),
        pattern: key,
      }))
    : [];
  if (typeof pattern === "string") found.push({ pointer: below(pointer, "pattern"), pattern });
  return found;
}
