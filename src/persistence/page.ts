import type { EntityClass, FilterQuery } from "@mikro-orm/core";
import type { EntityManager, AbstractSqlDriver } from "@mikro-orm/sql";
import { invalidInput } from "../domain/refusal.ts";
import { dialectOf, lowerCase, type Dialect } from "./dialect.ts";

export type Em = EntityManager<AbstractSqlDriver>;

/** Counting stops here, so that a count stays cheap however long the list is. */
const COUNT_MAX = 10_000;
/** More parts of a list than this cost more to read one by one than all together. */
const PARTS_MAX = 100;
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
    /** An instant that may be null, or words whose case does not matter; anything else goes by its bytes. */
    readonly as?: "instant" | "words";
  }[];
}

export const NEWEST_FIRST = { by: [{ property: "id", direction: "desc" }] } as const;
export const OLDEST_FIRST = { by: [{ property: "id", direction: "asc" }] } as const;

interface PageQuery<T extends object> {
  readonly entity: EntityClass<T>;
  readonly where: FilterQuery<T>;
  /**
   * Of a list by id: rows that meet one of these, which exclude each other. An index has the rows of one value in the
   * list's order, those of two it has not, so that each part is read by itself.
   */
  readonly parts?: readonly object[];
  /** The index to go by, where SQLite without statistics would rather walk through the whole list in its order. */
  readonly index?: string;
  readonly order: Order<T>;
  readonly page: PageArgs;
}

/** One page of a list, forwards. Refuses a page of less than 1 or more than 100 and a cursor of another list. */
export async function readPage<T extends object>(em: Em, query: PageQuery<T>): Promise<Page<T>> {
  const { entity, where, parts = [{}], order, page } = query;
  if (!Number.isInteger(page.first) || page.first < 1 || page.first > PAGE_MAX)
    throw invalidInput(["first"], `must be 1 to ${PAGE_MAX}`);
  const { nullsLeast, caseless } = dialectOf(em);
  const beyond =
    page.after == null
      ? {}
      : beyondCursor(order, readCursor(listName(entity, order), order, page.after), caseless);
  if (parts.length === 0) return emptyPage();
  const wheres = (parts.length > PARTS_MAX ? [{ $or: parts }] : parts).map((part) => ({
    $and: [where, part],
  }));
  const orderBy = order.by.map(({ property, direction, as }) => ({
    [as === "words" ? caseless(property) : property]:
      as === "instant" ? nullsLeast(direction) : direction,
  }));
  const limit = page.first + 1;
  const found =
    wheres.length === 1
      ? { $and: [...wheres, beyond] }
      : {
          id: {
            $in: await readIds(
              em,
              query,
              wheres.map((one) => ({ $and: [one, beyond] })),
            ),
          },
        };
  const indexHint = wheres.length === 1 ? hint(em, query) : undefined;
  const rows = (await em.find<object>(entity, found, { orderBy, indexHint, limit })) as T[];
  return {
    nodes: rows.slice(0, page.first),
    hasNextPage: rows.length > page.first,
    hasPreviousPage: page.after != null,
    cursorOf: (node) => writeCursor(listName(entity, order), order, node),
    count: () => readCount(em, query, wheres),
  };
}

/** Lists that were filtered down to nothing need no query. */
function emptyPage<T>(): Page<T> {
  return {
    nodes: [],
    hasNextPage: false,
    hasPreviousPage: false,
    cursorOf: () => "",
    count: () => Promise.resolve({ value: 0, exact: true }),
  };
}

/** Of the page's rows. */
async function readIds<T extends object>(
  em: Em,
  query: PageQuery<T>,
  wheres: readonly object[],
): Promise<string[]> {
  const { direction } = query.order.by[0]!;
  const limit = query.page.first + 1;
  const { sql, params } = union(
    wheres.map((where) => ids(em, query, where).orderBy({ id: direction }).limit(limit).toQuery()),
  );
  const rows = await em
    .getConnection("read")
    .execute<{ id: string }[]>(`${sql} order by id ${direction} limit ${limit}`, params);
  return rows.map(({ id }) => id);
}

async function readCount<T extends object>(
  em: Em,
  query: PageQuery<T>,
  wheres: readonly object[],
): Promise<Count> {
  const limit = COUNT_MAX + 1;
  const { sql, params } = union(
    wheres.map((where) => ids(em, query, where).limit(limit).toQuery()),
  );
  const [row] = await em
    .getConnection("read")
    .execute<[{ value: number | string }]>(
      `select count(*) as value from (${sql} limit ${limit}) counted`,
      params,
    );
  const count = Number(row.value);
  return { value: Math.min(count, COUNT_MAX), exact: count <= COUNT_MAX };
}

function ids<T extends object>(em: Em, query: PageQuery<T>, where: object) {
  return em
    .createQueryBuilder<object>(query.entity)
    .select("id" as never)
    .where(where)
    .indexHint(hint(em, query));
}

function hint(em: Em, { index }: { readonly index?: string }): string | undefined {
  return index && dialectOf(em).indexHint(index);
}

function union(queries: readonly { readonly sql: string; readonly params: readonly unknown[] }[]) {
  return {
    sql: queries.map(({ sql }) => `select id from (${sql}) part`).join(" union all "),
    params: queries.flatMap(({ params }) => params),
  };
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

function storedValue(value: CursorValue, as: Order<never>["by"][number]["as"]) {
  if (as === "instant" && value !== null) return new Date(value);
  if (as === "words") return lowerCase(String(value));
  return value;
}

/** What lies beyond a cursor: greater in the first value, or equal in it and beyond in the rest. Null is the least. */
function beyondCursor<T>(
  { by }: Order<T>,
  values: readonly CursorValue[],
  caseless: Dialect["caseless"],
): object {
  const [first, ...rest] = by;
  if (!first) return {};
  const { direction, as } = first;
  const property = as === "words" ? caseless(first.property) : first.property;
  const value = storedValue(values[0]!, as);
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
      {
        $and: [
          { [property]: value },
          beyondCursor({ by: rest } as Order<T>, values.slice(1), caseless),
        ],
      },
    ],
  };
}
