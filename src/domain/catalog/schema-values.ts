import stableStringify from "safe-stable-stringify";
import { inWords } from "../payload-problem.ts";
import type { Json, JsonObject } from "./entry.ts";

/** The types of JSON Schema as bits. A number is a whole one or a fraction, so that "integer" is a part of "number". */
const BITS = {
  null: 1,
  boolean: 2,
  string: 4,
  integer: 8,
  number: 8 | 16,
  array: 32,
  object: 64,
} as const;

export const NULL = BITS.null;
export const BOOLEAN = BITS.boolean;
export const TEXT = BITS.string;
export const NUMBER = BITS.number;
export const FRACTION = 16;
export const LIST = BITS.array;
export const OBJECT = BITS.object;
const ANY = 127;

/** The types that are told apart in a union. */
const SINGLE_TYPES = Object.entries(BITS).filter(([type]) => type !== "integer");

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function typesOf({ type }: JsonObject): number {
  if (type === undefined) return ANY;
  return [type].flat().reduce<number>((types, name) => types | bitOf(name), 0);
}

function bitOf(type: Json): number {
  return typeof type === "string" && type in BITS ? BITS[type as keyof typeof BITS] : 0;
}

export function maskOf(values: Iterable<Json>): number {
  let types = 0;
  for (const value of values) types |= typeOf(value);
  return types;
}

function typeOf(value: Json): number {
  if (value === null) return NULL;
  if (typeof value === "number") return Number.isInteger(value) ? BITS.integer : FRACTION;
  if (Array.isArray(value)) return LIST;
  return bitOf(typeof value);
}

/** The values that every `enum` and `const` allows, as far as they are of these types. */
export function valuesOf(parts: readonly JsonObject[], types: number): Map<string, Json> | null {
  let found: Map<string, Json> | null = null;
  for (const part of parts) {
    for (const listed of [part.enum, part.const === undefined ? undefined : [part.const]]) {
      if (!Array.isArray(listed)) continue;
      const fitting = listed
        .filter((value) => (typeOf(value) & types) !== 0)
        .map((value) => [stableStringify(value), value] as const)
        .filter(([key]) => found?.has(key) ?? true);
      found = new Map(fitting);
    }
  }
  return found;
}

/** All the values of types that have but a few. */
export function valuesOfTypes(types: number): Map<string, Json> | null {
  if ((types & ~(NULL | BOOLEAN)) !== 0) return null;
  const values = [null, true, false].filter((value) => (typeOf(value) & types) !== 0);
  return new Map(values.map((value) => [String(value), value]));
}

/** One schema for each type when they are some of all. */
export function singleTypes(types: number): JsonObject[] {
  if (types === ANY) return [];
  const names = SINGLE_TYPES.filter(([, bits]) => (bits & types) !== 0);
  return names.length > 1 ? names.map(([type]) => ({ type })) : [];
}

export function typesInWords(types: number): string {
  if (types === ANY) return "anything";
  const words: string[] = [];
  const add = (bits: number, word: string) => (types & bits) === bits && words.push(word);
  add(TEXT, "text");
  if ((types & NUMBER) === FRACTION) words.push("a fraction");
  else if (!add(NUMBER, "a number")) add(BITS.integer, "a whole number");
  add(BOOLEAN, "true or false");
  add(LIST, "a list");
  add(OBJECT, "an object");
  add(NULL, "null");
  return words.join(" or ");
}

/** Enough to see what they are about; of a list of countries the beginning will do. */
const MAX_VALUES = 12;

export function valuesInWords(values: readonly Json[]): string {
  const listed = values.slice(0, MAX_VALUES).map(inWords).join(", ");
  return values.length > MAX_VALUES ? `${listed}, … (${values.length} in all)` : listed;
}
