import type { StreamName } from "../domain/cursor.ts";
import { writeCursor } from "../domain/cursor.ts";
import type { Scope } from "../domain/rights.ts";
import type { Count, Page } from "../persistence/page.ts";
import { builder, type RefOf } from "./builder.ts";
import type { Context } from "./context.ts";

/** A page of a list, with the position of its stream from before the rows were read. */
export interface Connection<T> extends Page<T> {
  readonly streamCursor?: string;
}

export const CountType = builder.objectRef<Count>("Count").implement({
  description: "A count that stops at 10,000, so that it stays cheap.",
  fields: (t) => ({
    value: t.exposeInt("value", { description: "The count, at most 10,000." }),
    exact: t.exposeBoolean("exact", { description: "False when there are more than `value`." }),
  }),
});

const PageInfo = builder.objectRef<Page<unknown>>("PageInfo").implement({
  description: "Where a page lies in its list.",
  fields: (t) => ({
    hasNextPage: t.exposeBoolean("hasNextPage", {
      description: "Whether there is more after this page.",
    }),
    hasPreviousPage: t.exposeBoolean("hasPreviousPage", {
      description: "Whether the page was asked for by a cursor.",
    }),
    startCursor: t.string({
      nullable: true,
      description: "Cursor of the first row.",
      resolve: ({ nodes, cursorOf }) => (nodes.length > 0 ? cursorOf(nodes[0]) : null),
    }),
    endCursor: t.string({
      nullable: true,
      description: "Cursor of the last row: pass it as `after` for the next page.",
      resolve: ({ nodes, cursorOf }) => (nodes.length > 0 ? cursorOf(nodes.at(-1)) : null),
    }),
  }),
});

/** `<Name>Connection` and `<Name>Edge`. With `isFollowed` it has the cursor to follow the list live from. */
export function connectionType<T extends object>(
  name: string,
  node: RefOf<T>,
  needs: Scope,
  isFollowed = false,
) {
  const edge = builder.objectRef<{ cursor: string; node: T }>(`${name}Edge`).implement({
    description: `One row of a ${name} list, and its place there.`,
    fields: (t) => ({
      cursor: t.exposeString("cursor", { description: "Pass it as `after` for what follows." }),
      node: t.field({
        type: node as never,
        description: "The row.",
        resolve: (row) => row.node as never,
      }),
    }),
  });
  const connection = builder.objectRef<Connection<T>>(`${name}Connection`);
  connection.implement({
    authScopes: { needs },
    description: `A page of ${name} rows.`,
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        description: "The rows with their cursors.",
        resolve: ({ nodes, cursorOf }) =>
          nodes.map((row) => ({ node: row, cursor: cursorOf(row) })),
      }),
      nodes: t.field({
        type: [node as never],
        description: "The rows.",
        resolve: ({ nodes }) => nodes as never,
      }),
      pageInfo: t.field({
        type: PageInfo,
        description: "Where the page lies.",
        resolve: (page) => page as never,
      }),
      totalCount: t.field({
        type: CountType,
        description: "How many rows the whole list has.",
        resolve: (page) => page.count(),
      }),
    }),
  });
  if (isFollowed)
    builder.objectField(connection, "streamCursor", (t) =>
      t.field({
        type: "StreamCursor",
        description:
          "Read before the rows: subscribe with `start: {after: …}` from the first page's, and nothing is lost between list and stream.",
        resolve: (page) => page.streamCursor!,
      }),
    );
  return connection;
}

/** The arguments of every list. */
export function pageArgs() {
  return builder.args((t) => ({
    first: t.int({ required: true, defaultValue: 25, description: "Rows on the page, 1 to 100." }),
    after: t.string({ description: "A cursor: the page begins after its row." }),
  }));
}

/** The page with its stream's position from before the read. */
export async function followed<T>(
  context: Context,
  stream: StreamName,
  read: () => Promise<Page<T>>,
): Promise<Connection<T>> {
  const streamCursor = cursorNow(context, stream);
  return { ...(await read()), streamCursor };
}

export function cursorNow({ tenantId, tools }: Context, stream: StreamName): string {
  return writeCursor(stream, tenantId, tools.store.position(tenantId));
}
