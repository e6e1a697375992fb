import { BasePostgreSqlPlatform, raw, type EntityManager } from "@mikro-orm/sql";

/** What the two databases say differently in statements that MikroORM does not make. */
export interface Dialect {
  /** Names the index to go by, where the planner has no statistics to find it. */
  readonly indexHint: (index: string) => string | undefined;
  /** Null is the least of all values. */
  readonly nullsLeast: (direction: "asc" | "desc") => string;
  /** What stands for a property whose case does not matter, that of ASCII letters at least. */
  readonly caseless: (property: string) => string;
  /** The elements of a JSON list of texts, as a table w with one column, value. */
  readonly listed: string;
  /** An instant as a number of milliseconds. */
  readonly milliseconds: (column: string) => string;
  readonly text: (column: string) => string;
  /** An aggregate: an object of names and values, as JSON. */
  readonly jsonObject: string;
}

const SQLITE: Dialect = {
  indexHint: (index) => `indexed by ${index}`,
  nullsLeast: (direction) => direction,
  // The column itself says so.
  caseless: (property) => property,
  listed: "json_each(?) w",
  milliseconds: (column) => column,
  text: (column) => column,
  jsonObject: "json_group_object",
};

const POSTGRES: Dialect = {
  indexHint: () => undefined,
  nullsLeast: (direction) => (direction === "asc" ? "asc nulls first" : "desc nulls last"),
  caseless: (property) => raw((table) => `lower(${table}.${property})`) as unknown as string,
  listed: "json_array_elements_text(?::json) as w(value)",
  milliseconds: (column) => `(extract(epoch from ${column}) * 1000)::float8`,
  text: (column) => `${column}::text`,
  jsonObject: "json_object_agg",
};

export function dialectOf(em: Pick<EntityManager, "getPlatform">): Dialect {
  return em.getPlatform() instanceof BasePostgreSqlPlatform ? POSTGRES : SQLITE;
}

/** As the databases do it: other alphabets stay as they are. */
export function lowerCase(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
