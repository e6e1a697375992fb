import { GraphQLError } from "graphql";
import type { EventType } from "../domain/catalog/entry.ts";
import { entryAt } from "../domain/catalog/own.ts";
import { ID_PREFIXES, prefixOf } from "../domain/id.ts";
import { isOperator } from "../domain/rights.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";

const NODES_MAX = 100;
const INVALID = { extensions: { code: "INVALID_INPUT" } };

export const Node = builder.interfaceRef<{ id: string }>("Node").implement({
  description:
    "An object with a globally unique id: a type prefix and a time-ordered part, such as wh_01h455vb4pex5vsknk084sn02q.",
  fields: (t) => ({ id: t.exposeID("id", { description: "Globally unique, and sorts by time." }) }),
  resolveType: ({ id }) => ID_PREFIXES[prefixOf(id)!],
});

/** Whatever an id of ours names; null for one that does not exist here. */
export async function loadNode(
  id: string,
  { load, tenantId, tools, reader, tenantReader, caller }: Context,
): Promise<{ id: string } | null> {
  const isNarrow = caller.rights.webhookIds !== null;
  switch (prefixOf(id)) {
    case "wh": {
      const webhook = await load.webhook.load(id);
      return webhook?.deletedAt ? null : webhook;
    }
    case "evt":
      return load.event.load(id);
    case "dlv":
      return load.delivery.load(id);
    case "att":
      return load.attempt.load(id);
    case "inb":
      return reader.inbox(tenantId, id);
    case "inr":
      return load.inboxRequest.load(id);
    case "typ":
      return eventTypeById(id, { tools, tenantId, reader });
    case "key":
      return isNarrow ? null : tenantReader.apiKey(tenantId, id);
    case "aud":
      if (isNarrow) return null;
      return tenantReader.auditEntry(isOperator(caller.rights) ? null : tenantId, id);
    case "ten":
      return id === tenantId || isOperator(caller.rights) ? tenantReader.tenant(id) : null;
    case "sec":
    case undefined:
      return null;
  }
}

/** `<id>@<version>` is an older version of a type. */
async function eventTypeById(
  id: string,
  { tools, tenantId, reader }: Pick<Context, "tools" | "tenantId" | "reader">,
): Promise<EventType | null> {
  const [, entryId = id, version] = /^(.+)@(\d{1,9})$/.exec(id) ?? [];
  const type = (await tools.store.catalog(tenantId)).byId(entryId);
  if (!type || version === undefined) return type ?? null;
  const past = await reader.eventTypeVersion(tenantId, entryId, Number(version));
  return past && entryAt(type, past);
}

builder.queryFields((t) => ({
  node: t.field({
    type: Node,
    nullable: true,
    description: "Anything by its id.",
    args: { id: t.arg.id({ required: true, description: "Its id." }) },
    resolve: (_root, { id }, context) => loadNode(id, context),
  }),
  nodes: t.field({
    type: [Node],
    nullable: { list: false, items: true },
    // What the operation costs: as many rows as ids.
    extensions: { rows: ["ids"] },
    description:
      "Many things by their ids, at most 100, in the order asked for; null for what does not exist.",
    args: { ids: t.arg.idList({ required: true, description: "Their ids." }) },
    resolve(_root, { ids }, context) {
      if (ids.length > NODES_MAX)
        throw new GraphQLError(`ids must have at most ${NODES_MAX} entries`, INVALID);
      return ids.map((id) => loadNode(id, context));
    },
  }),
}));
