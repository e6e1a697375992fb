import type { LogEntry } from "../domain/log-entry.ts";
import type { LogFilter } from "../domain/stream.ts";
import type { WebhookFilter } from "../persistence/read-webhooks.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { WebhookRef } from "./refs.ts";
import {
  messageType,
  openStream,
  StreamCaughtUp,
  StreamGap,
  StreamMessage,
  StreamProgress,
  StreamStartInput,
  type EntryMessage,
} from "./stream.ts";
import { WebhookFilterInput } from "./webhook.ts";

const WebhookUpdated = builder.objectRef<EntryMessage>("WebhookUpdated");
WebhookUpdated.implement({
  authScopes: { needs: "WEBHOOKS_READ" },
  description: "A webhook was made or changed, or its health state did.",
  interfaces: [StreamMessage],
  fields: (t) => ({
    webhookId: t.id({ description: "Which one.", resolve: ({ item }) => item.entry.webhookId! }),
    webhook: t.field({
      type: WebhookRef,
      nullable: true,
      description: "As it is now; null once it is deleted.",
      async resolve({ item }, _args, { load }) {
        const webhook = await load.webhook.load(item.entry.webhookId!);
        return webhook?.deletedAt ? null : webhook;
      },
    }),
  }),
});

const WebhookDeleted = builder.objectRef<EntryMessage>("WebhookDeleted");
WebhookDeleted.implement({
  authScopes: { needs: "WEBHOOKS_READ" },
  description: "A webhook was deleted.",
  interfaces: [StreamMessage],
  fields: (t) => ({
    webhookId: t.id({ description: "Which one.", resolve: ({ item }) => item.entry.webhookId! }),
  }),
});

const WebhookStreamMessage = builder.unionType("WebhookStreamMessage", {
  description: "A message of webhookUpdates.",
  types: [WebhookUpdated, WebhookDeleted, StreamCaughtUp, StreamProgress, StreamGap],
  resolveType: (message) =>
    messageType(message as EntryMessage, ({ change }) =>
      change === "DELETED" ? "WebhookDeleted" : "WebhookUpdated",
    ),
});

builder.subscriptionField("webhookUpdates", (t) =>
  t.field({
    type: WebhookStreamMessage,
    authScopes: { needs: "WEBHOOKS_READ" },
    description:
      "Changes of webhooks, of their state and of their health state (health at most once a second for each).",
    args: {
      filter: t.arg({
        type: WebhookFilterInput,
        description:
          "Which webhooks, as they are when the message is made; deletions are always told.",
      }),
      start: t.arg({
        type: StreamStartInput,
        description: "Where to begin; with what comes next when absent.",
      }),
    },
    subscribe: (_root, { filter, start }, context) =>
      openStream(context, "webhooks", start, {
        filter: { change: ["UPDATED", "DELETED"], ...ofView(context) },
        matches: (entry) => isMeant(entry, filter ?? undefined, context),
      }),
    resolve: (item) => ({ item, stream: "webhooks" }) as EntryMessage,
  }),
);

function ofView({ caller: { rights } }: Context): LogFilter {
  return rights.webhookIds ? { webhookId: rights.webhookIds } : {};
}

function isMeant(
  { change, webhookId }: LogEntry,
  filter: WebhookFilter | undefined,
  { webhookReader, tenantId }: Context,
): boolean | Promise<boolean> {
  if (change === "DELETED" || !filter) return true;
  return webhookReader
    .webhooks(tenantId, { ...filter, ids: [webhookId!] }, "CREATED_AT", { first: 1 })
    .then(({ nodes }) => nodes.length === 1);
}
