import type { JsonObject } from "./entry.ts";
import type { Rules } from "./schema-reader.ts";
import {
  FRACTION,
  LIST,
  NULL,
  NUMBER,
  OBJECT,
  TEXT,
  typesInWords,
  valuesInWords,
  valuesOfTypes,
  maskOf,
} from "./schema-values.ts";

/** In the order of their weight. */
export const SCHEMA_CHANGE_KINDS = ["SAFE", "DANGEROUS", "BREAKING"] as const;
export type SchemaChangeKind = (typeof SCHEMA_CHANGE_KINDS)[number];

/** Takes what changed at one place. */
export type Tell = (kind: SchemaChangeKind, message: string) => void;

/** What changed about a value itself, whatever it holds. */
export function tellLeafChanges(before: Rules, after: Rules, tell: Tell): void {
  tellTypes(before, after, tell);
  if ((before.types & after.types) === 0) return;
  tellValues(before, after, tell);
  tellLimits(before, after, tell);
  tellConstraints(before, after, tell);
}

function tellTypes(before: Rules, after: Rules, tell: Tell): void {
  const added = after.types & ~before.types;
  const removed = before.types & ~after.types;
  if ((before.types & after.types) === 0) {
    const was = typesInWords(before.types);
    return tell("BREAKING", `was ${was} and is now ${typesInWords(after.types)}`);
  }
  if (added === FRACTION) tell("BREAKING", "was a whole number and may now be a fraction");
  else if (added !== 0) tell("BREAKING", `may now be ${typesInWords(added)}`);
  // With listed values each one that is gone is told.
  if (removed === 0 || (before.values && after.values && removed !== NULL)) return;
  if (removed === FRACTION) tell("SAFE", "is always a whole number now");
  else if (removed === NULL) tell("SAFE", "is never null any more");
  else tell("SAFE", `is always ${typesInWords(after.types)} now`);
}

function tellValues(before: Rules, after: Rules, tell: Tell): void {
  const was = before.values ?? (after.values && valuesOfTypes(before.types));
  const is = after.values ?? (before.values && valuesOfTypes(after.types));
  if (was && is) {
    // Those of another type were told with the type.
    const added = [...is].filter(
      ([key, value]) => !was.has(key) && (maskOf([value]) & before.types) !== 0,
    );
    if (added.length > 0) {
      tell("DANGEROUS", `may now be ${valuesInWords(added.map(([, value]) => value))}`);
    }
    const removed = [...was].filter(([key, value]) => !is.has(key) && value !== null);
    if (removed.length > 0) {
      tell("SAFE", `is never any more ${valuesInWords(removed.map(([, value]) => value))}`);
    }
  } else if (was) {
    tell("DANGEROUS", "was one of a few values and may now be any");
  } else if (is) {
    tell("SAFE", `is now always one of ${valuesInWords([...is.values()])}`);
  }
}

interface Limit {
  readonly keyword: string;
  readonly types: number;
  /** 1 when a greater number is stricter, as a minimum; else -1. */
  readonly direction: 1 | -1;
  /** What it counts; empty when it is about the number itself. */
  readonly unit: string;
}

const LIMITS: readonly Limit[] = [
  { keyword: "minimum", types: NUMBER, direction: 1, unit: "" },
  { keyword: "maximum", types: NUMBER, direction: -1, unit: "" },
  { keyword: "minLength", types: TEXT, direction: 1, unit: "characters" },
  { keyword: "maxLength", types: TEXT, direction: -1, unit: "characters" },
  { keyword: "minItems", types: LIST, direction: 1, unit: "entries" },
  { keyword: "maxItems", types: LIST, direction: -1, unit: "entries" },
  { keyword: "minProperties", types: OBJECT, direction: 1, unit: "fields" },
  { keyword: "maxProperties", types: OBJECT, direction: -1, unit: "fields" },
];
const EXCLUSIVE: Readonly<Record<string, string>> = {
  minimum: "exclusiveMinimum",
  maximum: "exclusiveMaximum",
};

function tellLimits(before: Rules, after: Rules, tell: Tell): void {
  for (const limit of LIMITS) {
    if ((before.types & after.types & limit.types) === 0) continue;
    // Between whole numbers "above 0" is "at least 1".
    const isWhole = (before.types & after.types & FRACTION) === 0;
    const was = boundOf(before, limit, isWhole);
    const is = boundOf(after, limit, isWhole);
    const difference = strictness(is, limit) - strictness(was, limit) || is.beyond - was.beyond;
    if (difference < 0) tell("DANGEROUS", loosened(was, limit));
    if (difference > 0) tell("SAFE", tightened(is, limit));
  }
}

interface Bound {
  readonly at: number;
  /** 1 when the bound itself is not allowed. */
  readonly beyond: 0 | 1;
}

/** Infinite when there is none, so that it is the loosest of all. */
function boundOf({ parts }: Rules, limit: Limit, isWhole: boolean): Bound {
  const { keyword, direction, unit } = limit;
  let bound: Bound = { at: unit && direction === 1 ? 0 : -direction * Infinity, beyond: 0 };
  for (const part of parts) {
    const exclusive = part[EXCLUSIVE[keyword] ?? ""];
    const found: Bound[] = [];
    if (typeof part[keyword] === "number") found.push({ at: part[keyword], beyond: 0 });
    if (typeof exclusive === "number") found.push({ at: exclusive, beyond: 1 });
    for (const each of found.map((one) => (isWhole ? whole(one, direction) : one))) {
      const stricter = strictness(each, limit) - strictness(bound, limit);
      if ((stricter || each.beyond - bound.beyond) > 0) bound = each;
    }
  }
  return bound;
}

function whole({ at, beyond }: Bound, direction: 1 | -1): Bound {
  const inner = Math.ceil(at * direction);
  return { at: direction * (inner === at * direction ? inner + beyond : inner), beyond: 0 };
}

function strictness({ at }: Bound, { direction }: Limit): number {
  // Two infinities would differ by NaN.
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, at * direction));
}

function loosened({ at, beyond }: Bound, { direction, unit }: Limit): string {
  const [few, less] = direction === 1 ? ["fewer", "less"] : ["more", "more"];
  if (unit) return `may now have ${few} than ${at} ${unit}`;
  return beyond ? `may now be ${at} or ${less}` : `may now be ${less} than ${at}`;
}

function tightened({ at, beyond }: Bound, { direction, unit }: Limit): string {
  const most = direction === 1 ? "at least" : "at most";
  if (unit) return `now has ${most} ${at} ${unit}`;
  const than = direction === 1 ? "more than" : "less than";
  return `is now ${beyond ? than : most} ${at}`;
}

/** By keyword: the types that it is about, and how it is called. */
const CONSTRAINTS: Readonly<Record<string, { types: number; name: string }>> = {
  pattern: { types: TEXT, name: "pattern" },
  format: { types: TEXT | NUMBER, name: "format" },
  contentEncoding: { types: TEXT, name: "encoding" },
  contentMediaType: { types: TEXT, name: "media type" },
  contentSchema: { types: TEXT, name: "content" },
};

function tellConstraints(before: Rules, after: Rules, tell: Tell): void {
  const types = before.types & after.types;
  for (const [keyword, { types: its, name }] of Object.entries(CONSTRAINTS)) {
    if ((types & its) === 0) continue;
    const was = keysOf(before, keyword);
    const is = keysOf(after, keyword);
    if ([...was].some((key) => !is.has(key))) {
      tell("DANGEROUS", is.size > 0 ? `has another ${name}` : `no longer has a fixed ${name}`);
    } else if (is.size > was.size) tell("SAFE", `now has a fixed ${name}`);
  }
  if ((types & NUMBER) !== 0) tellMultiples(before.parts, after.parts, tell);
  if ((types & LIST) === 0) return;
  const [was, is] = [before, after].map(({ parts }) => parts.some((part) => part.uniqueItems));
  if (was && !is) tell("DANGEROUS", "may now have equal entries");
  if (is && !was) tell("SAFE", "never has equal entries any more");
}

function keysOf({ parts, reader }: Rules, keyword: string): Set<string> {
  const keys = parts.map(
    (part) => part[keyword] !== undefined && reader.keyOf(keyword, part[keyword]),
  );
  return new Set(keys.filter((key) => key !== false));
}

function tellMultiples(
  before: readonly JsonObject[],
  after: readonly JsonObject[],
  tell: Tell,
): void {
  const was = multiplesOf(before);
  const is = multiplesOf(after);
  const lost = was.find((step) => !is.some((other) => isMultiple(other, step)));
  const gained = is.find((step) => !was.some((other) => isMultiple(other, step)));
  if (lost !== undefined) tell("DANGEROUS", `need no longer be a multiple of ${lost}`);
  if (gained !== undefined) tell("SAFE", `is now a multiple of ${gained}`);
}

function multiplesOf(parts: readonly JsonObject[]): number[] {
  return parts.map(({ multipleOf }) => multipleOf).filter((step) => typeof step === "number");
}

/** Of fractions only equal ones: 0.3 is no exact multiple of 0.1. */
function isMultiple(number: number, of: number): boolean {
  if (number === of) return true;
  return Number.isSafeInteger(number) && Number.isSafeInteger(of) && number % of === 0;
}
