import type { EntityClass, FilterQuery } from "@mikro-orm/core";
import type { EntityManager, SqliteDriver } from "@mikro-orm/sqlite";
import { invalidInput } from "../domain/refusal.ts";

export type Em = EntityManager<SqliteDriver>;

/** Counting stops here, so that a count stays cheap however long the list is. */
const COUNT_MAX = 10_000;
export const PAGE_MAX = 100;

export interface PageArgs {
  readonly first: number;
  readonly after?: string | null;
}

export interface Count {
  readonly value: number;
  readonly exact: boolean;
}

export interface Page<T> {
  readonly nodes: readonly T[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly cursorOf: (node: T) => string;
  readonly count: () => Promise<Count>;
}

/** The values that a list is ordered by, the last of them unique. */
export interface Order<T> {
  readonly by: readonly {
    readonly property: keyof T & string;
    readonly direction: "asc" | "desc";
  }[];
}

export const NEWEST_FIRST = { by: [{ property: "id", direction: "desc" }] } as const;
export const OLDEST_FIRST = { by: [{ property: "id", direction: "asc" }] } as const;

interface PageQuery<T extends object> {
  readonly entity: EntityClass<T>;
  readonly where: FilterQuery<T>;
  /** The index to go by, where SQLite without statistics would rather walk through the whole list in its order. */
  readonly index?: string;
  readonly order: Order<T>;
  readonly page: PageArgs;
}

/** One page of a list, forwards. Refuses a page of less than 1 or more than 100 and a cursor of another list. */
export async function readPage<T extends object>(em: Em, query: PageQuery<T>): Promise<Page<T>> {
  const { entity, where, index, order, page } = query;
  if (!Number.isInteger(page.first) || page.first < 1 || page.first > PAGE_MAX)
    throw invalidInput(["first"], `must be 1 to ${PAGE_MAX}`);
  const beyond =
    page.after == null
      ? {}
      : beyondCursor(order, readCursor(listName(entity, order), order, page.after));
  const indexHint = index && `indexed by ${index}`;
  const orderBy = order.by.map(({ property, direction }) => ({ [property]: direction }));
  const rows = (await em.find<object>(
    entity,
    { $and: [where, beyond] },
    { orderBy, indexHint, limit: page.first + 1 },
  )) as T[];
  return {
    nodes: rows.slice(0, page.first),
    hasNextPage: rows.length > page.first,
    hasPreviousPage: page.after != null,
    cursorOf: (node) => writeCursor(listName(entity, order), order, node),
    count: () => readCount(em, query, indexHint),
  };
}

/** Lists that were filtered down to nothing need no query. */
export function emptyPage<T>(): Page<T> {
  return {
    nodes: [],
    hasNextPage: false,
    hasPreviousPage: false,
    cursorOf: () => "",
    count: () => Promise.resolve({ value: 0, exact: true }),
  };
}

async function readCount<T extends object>(
  em: Em,
  { entity, where }: PageQuery<T>,
  indexHint: string | undefined,
): Promise<Count> {
  const { sql, params } = em
    .createQueryBuilder(entity)
    .select("id" as never)
    .where(where as never)
    .indexHint(indexHint)
    .limit(COUNT_MAX + 1)
    .toQuery();
  const [row] = await em
    .getConnection("read")
    .execute<[{ value: number }]>(`select count(*) as value from (${sql})`, params);
  return { value: Math.min(row.value, COUNT_MAX), exact: row.value <= COUNT_MAX };
}

type CursorValue = string | number | null;

/** Says which list in which order a cursor belongs to. */
function listName<T extends object>(entity: EntityClass<T>, { by }: Order<T>): string {
  return [entity.name, ...by.map(({ property }) => property)].join(" ");
}

function writeCursor<T>(list: string, order: Order<T>, node: T): string {
  const values = order.by.map(({ property }) => {
    const value: unknown = node[property];
    return value instanceof Date ? value.getTime() : value;
  });
  return Buffer.from(JSON.stringify([list, ...values])).toString("base64url");
}

function readCursor<T>(list: string, order: Order<T>, cursor: string): readonly CursorValue[] {
  try {
    const [name, ...values] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown[];
    const isValue = (value: unknown) =>
      value === null || ["string", "number"].includes(typeof value);
    if (name === list && values.length === order.by.length && values.every(isValue))
      return values as CursorValue[];
  } catch {
    // Not JSON, so none of our cursors: refused below.
  }
  throw invalidInput(
    ["after"],
    "is not a cursor of this list in this order; take endCursor of the page before",
  );
}

/** What lies beyond a cursor: greater in the first value, or equal in it and beyond in the rest. Null is the least. */
function beyondCursor<T>({ by }: Order<T>, values: readonly CursorValue[]): object {
  const [first, ...rest] = by;
  const value = values[0]!;
  if (!first) return {};
  const { property, direction } = first;
  const further =
    direction === "asc"
      ? { [property]: value === null ? { $ne: null } : { $gt: value } }
      : {
          $or:
            value === null
              ? [{ id: { $in: [] } }]
              : [
                  { [property]: { $lt: value } },
                  ...(rest.length > 0 ? [{ [property]: null }] : []),
                ],
        };
  if (rest.length === 0) return further;
  return {
    $or: [
      further,
      { $and: [{ [property]: value }, beyondCursor({ by: rest } as Order<T>, values.slice(1))] },
    ],
  };
}
