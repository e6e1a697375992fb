/**
 * Conditions on a payload. What a test says of the value at its pointer:
 *
 *                  there, and fits   there, does not fit   null     not there
 *   eq … contains  true              false                 false    false
 *   exists: true   true                                    true     false
 *   exists: false  false                                   false    true
 *   isNull: true   false                                   true     false
 *   isNull: false  true                                    false    false
 *
 * `not` inverts, also a test that is false because nothing is there. Comparisons are exact: no text is a number, and
 * upper case is not lower case.
 */
import type { Json, JsonObject } from "./catalog/entry.ts";

/** Plain data in the form of the API's PayloadPredicate; checkPredicate makes it from input. */
export type Predicate =
  | { readonly all: readonly Predicate[] }
  | { readonly any: readonly Predicate[] }
  | { readonly not: Predicate }
  | { readonly field: FieldTest };

export interface FieldTest {
  /** RFC 6901. */
  readonly at: string;
  readonly is: ValueTest;
}

export type ValueTest =
  | { readonly eq: Scalar }
  | { readonly in: readonly Scalar[] }
  | { readonly gt: number }
  | { readonly gte: number }
  | { readonly lt: number }
  | { readonly lte: number }
  | { readonly startsWith: string }
  | { readonly contains: string }
  | { readonly exists: boolean }
  | { readonly isNull: boolean };

export type Scalar = string | number | boolean;

/** To be kept for as long as the filter is: making it costs more than many uses. */
export function compilePredicate(predicate: Predicate): (payload: JsonObject) => boolean {
  if ("all" in predicate) {
    const parts = predicate.all.map(compilePredicate);
    return (payload) => parts.every((holds) => holds(payload));
  }
  if ("any" in predicate) {
    const parts = predicate.any.map(compilePredicate);
    return (payload) => parts.some((holds) => holds(payload));
  }
  if ("not" in predicate) {
    const holds = compilePredicate(predicate.not);
    return (payload) => !holds(payload);
  }
  const { at, is } = predicate.field;
  const read = readerOf(at);
  const fits = compileTest(is);
  return (payload) => fits(read(payload));
}

/** The test of a value; undefined when nothing is there. */
export function compileTest(test: ValueTest): (value: Json | undefined) => boolean {
  if ("eq" in test) return (value) => value === test.eq;
  if ("in" in test) {
    const values = new Set<Json | undefined>(test.in);
    return (value) => values.has(value);
  }
  if ("gt" in test) return (value) => typeof value === "number" && value > test.gt;
  if ("gte" in test) return (value) => typeof value === "number" && value >= test.gte;
  if ("lt" in test) return (value) => typeof value === "number" && value < test.lt;
  if ("lte" in test) return (value) => typeof value === "number" && value <= test.lte;
  if ("startsWith" in test) {
    return (value) => typeof value === "string" && value.startsWith(test.startsWith);
  }
  if ("contains" in test) {
    return (value) =>
      (typeof value === "string" || Array.isArray(value)) && value.includes(test.contains);
  }
  if ("exists" in test) return (value) => (value !== undefined) === test.exists;
  return (value) => value !== undefined && (value === null) === test.isNull;
}

/** Reads what the pointer points to; undefined when nothing is there. */
export function readerOf(pointer: string): (payload: Json) => Json | undefined {
  const steps = (tokensOf(pointer) ?? []).map((key) => ({ key, index: indexOf(key) }));
  return (payload) => {
    let value: Json | undefined = payload;
    for (const { key, index } of steps) {
      if (typeof value !== "object" || value === null) return undefined;
      if (Array.isArray(value)) value = index === undefined ? undefined : value[index];
      // Else "constructor" would be there in every object.
      else value = Object.hasOwn(value, key) ? value[key] : undefined;
    }
    return value;
  };
}

/** The keys and indexes of a JSON pointer (RFC 6901); null when it is not one. */
export function tokensOf(pointer: string): readonly string[] | null {
  if (pointer === "") return [];
  if (!/^\/(?:[^~]|~[01])*$/su.test(pointer)) return null;
  const tokens = pointer.slice(1).split("/");
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The place in a list that a token means: digits without leading zeros. */
export function indexOf(token: string): number | undefined {
  return /^(?:0|[1-9]\d*)$/.test(token) ? Number(token) : undefined;
}
