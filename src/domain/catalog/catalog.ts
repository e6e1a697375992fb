import { BUILT_IN } from "./built-in.ts";
import type { EventType } from "./entry.ts";

export interface EventTypeSearch {
  /** Each of its words must occur in the name, title, description, category or an alias. */
  readonly search?: string | null;
  /** Whole names of categories, in any case; absent or empty means all. */
  readonly categories?: readonly string[] | null;
  /** Whether deprecated and retired types are listed too. */
  readonly includeDeprecated?: boolean;
}

/** The event types of one tenant: the built-in ones, then its own. A change of them makes another catalog. */
export class Catalog {
  readonly types: readonly EventType[];
  /** The tenant's own, retired ones too. */
  readonly own: readonly EventType[];
  readonly #byName: ReadonlyMap<string, EventType>;

  constructor(own: readonly EventType[]) {
    this.own = own;
    this.types = [...BUILT_IN, ...own];
    // An alias of a retired type may have become a name of another one.
    const ordered = this.types.toSorted((a, b) => Number(isRetired(b)) - Number(isRetired(a)));
    this.#byName = new Map(
      ordered.flatMap((type) => namesOf(type).map((name) => [name, type] as const)),
    );
  }

  /** By name or alias; a retired one too, which still explains its events. */
  find(nameOrAlias: string): EventType | undefined {
    return this.#byName.get(nameOrAlias);
  }

  byId(id: string): EventType | undefined {
    return this.types.find((type) => type.id === id);
  }

  /** A name or alias as it is stored; one that does not exist stays as it is, and matches nothing. */
  canonical(name: string): string {
    return this.find(name)?.name ?? name;
  }

  search({
    search,
    categories,
    includeDeprecated = false,
  }: EventTypeSearch = {}): readonly EventType[] {
    const words = search?.toLowerCase().split(/\s+/) ?? [];
    const wanted = new Set(categories?.map((category) => category.toLowerCase()));
    return this.types.filter((type) => {
      if (!includeDeprecated && (type.deprecationReason !== null || isRetired(type))) return false;
      if (wanted.size > 0 && !wanted.has(type.category.toLowerCase())) return false;
      const { title, description, category } = type;
      const text = [...namesOf(type), title, description, category].join("\n").toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  /**
   * The types that patterns stand for, in the catalog's order, without retired ones. A pattern is a name, an alias, or
   * has `*` for any run of [a-z0-9_].
   */
  matched(patterns: readonly string[]): readonly EventType[] {
    return this.types.filter((type) => !isRetired(type) && matchesType(patterns, type));
  }

  /** Whether a webhook with these patterns wants events of this type. */
  wants(patterns: readonly string[], typeName: string): boolean {
    const type = this.find(typeName);
    return type !== undefined && matchesType(patterns, type);
  }
}

/** What a tenant without types of its own has. */
export const BUILT_IN_CATALOG = new Catalog([]);

export function matchesType(
  patterns: readonly string[],
  type: Pick<EventType, "name" | "aliases">,
): boolean {
  return patterns.some((pattern) => namesOf(type).some((name) => matches(pattern, name)));
}

function isRetired({ retiredAt }: EventType): boolean {
  return retiredAt !== null;
}

export function namesOf({ name, aliases }: Pick<EventType, "name" | "aliases">): readonly string[] {
  return [name, ...aliases.map((alias) => alias.name)];
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
