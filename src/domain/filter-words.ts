/** A filter in plain words: what it asks for, and which condition a payload did not meet. */
import type { JsonObject } from "./catalog/entry.ts";
import { compileTest, type Predicate, readerOf, type ValueTest } from "./filter.ts";
import { brief, choice } from "./payload-problem.ts";

/** Of a sentence that people read in a table or a log. */
const MAX_CHARACTERS = 500;
const MAX_PLACE_CHARACTERS = 100;
const MAX_LISTED = 5;

/** What the filter asks for: `/total is at least 20 and (/status is "paid" or /status is "sent")`. */
export function describe(predicate: Predicate): string {
  return cut(statement(predicate), MAX_CHARACTERS);
}

/** The condition that turned this payload away: `/total is 12, and must be at least 20`. Null when it passes. */
export function whyNot(predicate: Predicate, payload: JsonObject): string | null {
  const { holds, why } = verdict(predicate, payload);
  return holds ? null : cut(why(), MAX_CHARACTERS);
}

/** A pointer, as the subject of a sentence. */
export function placeInWords(at: string): string {
  return at === "" ? "the payload" : cut(at, MAX_PLACE_CHARACTERS);
}

interface Verdict {
  readonly holds: boolean;
  /** Why it holds, or why it does not: what must be otherwise. */
  readonly why: () => string;
}

function verdict(predicate: Predicate, payload: JsonObject): Verdict {
  if ("all" in predicate) return ofAll(predicate.all, payload);
  if ("any" in predicate) return ofAny(predicate.any, payload);
  if ("not" in predicate) {
    const { holds, why } = verdict(predicate.not, payload);
    return { holds: !holds, why };
  }
  const { at, is } = predicate.field;
  const value = readerOf(at)(payload);
  const holds = compileTest(is)(value);
  const found = value === undefined ? "is not there" : `is ${brief(value)}`;
  const must = holds ? "must not" : "must";
  return { holds, why: () => `${placeInWords(at)} ${found}, and ${must} ${demand(is)}` };
}

function ofAll(all: readonly Predicate[], payload: JsonObject): Verdict {
  for (const part of all) {
    const found = verdict(part, payload);
    if (!found.holds || all.length === 1) return found;
  }
  return { holds: true, why: () => `All of these hold, and must not: ${listed(all)}` };
}

function ofAny(any: readonly Predicate[], payload: JsonObject): Verdict {
  for (const part of any) {
    const found = verdict(part, payload);
    if (found.holds || any.length === 1) return found;
  }
  return { holds: false, why: () => `None of these holds: ${listed(any)}` };
}

function listed(parts: readonly Predicate[]): string {
  const first = parts.slice(0, MAX_LISTED).map(statement).join("; ");
  return parts.length > MAX_LISTED ? `${first}; … (${parts.length} in all)` : first;
}

function statement(predicate: Predicate): string {
  if ("all" in predicate) return joined(predicate.all, " and ");
  if ("any" in predicate) return joined(predicate.any, " or ");
  if ("not" in predicate) return `not (${statement(predicate.not)})`;
  const { at, is } = predicate.field;
  const claim = demand(is).replace(/^\w+/, (verb) => CLAIMS[verb] ?? verb);
  return `${placeInWords(at)} ${claim}`;
}

function joined(parts: readonly Predicate[], word: string): string {
  const inWords = parts.map((part) => {
    const isGroup = parts.length > 1 && ("all" in part || "any" in part);
    return isGroup ? `(${statement(part)})` : statement(part);
  });
  return inWords.join(word);
}

/** The verbs of the demands below. */
const CLAIMS: Readonly<Record<string, string>> = {
  be: "is",
  begin: "begins",
  contain: "contains",
  have: "has",
};

/** Continues "must". */
function demand(test: ValueTest): string {
  if ("eq" in test) return `be ${brief(test.eq)}`;
  if ("in" in test) return `be ${choice(test.in)}`;
  if ("gt" in test) return `be more than ${test.gt}`;
  if ("gte" in test) return `be at least ${test.gte}`;
  if ("lt" in test) return `be less than ${test.lt}`;
  if ("lte" in test) return `be at most ${test.lte}`;
  if ("startsWith" in test) return `begin with ${brief(test.startsWith)}`;
  if ("contains" in test) return `contain ${brief(test.contains)}`;
  if ("exists" in test) return test.exists ? "be there" : "be absent";
  return test.isNull ? "be null" : "have a value";
}

function cut(text: string, most: number): string {
  // Half of a surrogate pair is not text.
  return text.length > most ? `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "")}…` : text;
}
