import { BUILT_IN } from "./catalog/built-in.ts";
import type { EventType, EventTypeAlias } from "./catalog/entry.ts";

export type { EventType, EventTypeAlias, Json, JsonObject, RenamedField } from "./catalog/entry.ts";

export interface EventTypeSearch {
  /** Each of its words must occur in the name, title, description, category or an alias. */
  readonly search?: string | null;
  /** Whole names of categories, in any case; absent or empty means all. */
  readonly categories?: readonly string[] | null;
  /** Whether deprecated and retired types are listed too. */
  readonly includeDeprecated?: boolean;
}

const BY_NAME_OR_ALIAS = new Map(
  BUILT_IN.flatMap((type) => namesOf(type).map((name) => [name, type] as const)),
);

export function findEventType(nameOrAlias: string): EventType | undefined {
  return BY_NAME_OR_ALIAS.get(nameOrAlias);
}

export function searchEventTypes(
  { search, categories, includeDeprecated = false }: EventTypeSearch = {},
  types: readonly EventType[] = BUILT_IN,
): readonly EventType[] {
  const words = search?.toLowerCase().split(/\s+/) ?? [];
  const wanted = new Set(categories?.map((category) => category.toLowerCase()));
  return types.filter((type) => {
    if (!includeDeprecated && (type.deprecationReason !== null || type.retiredAt)) return false;
    if (wanted.size > 0 && !wanted.has(type.category.toLowerCase())) return false;
    const { title, description, category } = type;
    const text = [...namesOf(type), title, description, category].join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/**
 * The types that patterns stand for, by canonical name and in the order of `types`, and the
 * patterns that stand for none. A pattern is a name, an alias, or has `*` for any run of [a-z0-9_].
 */
export function expandPatterns(
  patterns: readonly string[],
  types: readonly EventType[] = BUILT_IN,
): { readonly names: readonly string[]; readonly unknown: readonly string[] } {
  const covers = (pattern: string, type: EventType) =>
    namesOf(type).some((name) => matches(pattern, name));
  return {
    names: types
      .filter((type) => patterns.some((pattern) => covers(pattern, type)))
      .map((type) => type.name),
    unknown: patterns.filter((pattern) => !types.some((type) => covers(pattern, type))),
  };
}

/** Whether a webhook with these patterns wants events of this type. Runs for each webhook at each publish. */
export function matchesType(
  patterns: readonly string[],
  canonicalName: string,
  aliases: readonly EventTypeAlias[] = findEventType(canonicalName)?.aliases ?? [],
): boolean {
  return patterns.some(
    (pattern) =>
      matches(pattern, canonicalName) || aliases.some((alias) => matches(pattern, alias.name)),
  );
}

function namesOf(type: EventType): readonly string[] {
  return [type.name, ...type.aliases.map((alias) => alias.name)];
}

const WORD = /^[a-z0-9_]*$/;

function matches(pattern: string, name: string): boolean {
  return pattern === name || (pattern.includes("*") && fits(pattern, name) && WORD.test(name));
}

/**
 * Not a regular expression made from the pattern: patterns come from outside, and one with many
 * stars would take exponential time. Here the last star alone takes one character more when the
 * rest does not fit, so the cost is at most the product of the lengths.
 */
function fits(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let taken = 0;
  for (let read = 0; read < name.length;) {
    if (pattern[at] === "*") {
      star = at++;
      taken = read;
    } else if (pattern[at] === name[read]) {
      at++;
      read++;
    } else if (star >= 0) {
      at = star + 1;
      read = ++taken;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
