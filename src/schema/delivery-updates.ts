import { DELIVERY_CHANGES, type DeliveryChange } from "../domain/log-entry.ts";
import type { LogFilter } from "../domain/stream.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { DeliveryStatusEnum } from "./delivery.ts";
import { AttemptRef, DeliveryRef } from "./refs.ts";
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
import { webhookRef, WebhookRefInput } from "./webhook-ref.ts";

const DeliveryChangeEnum = builder.enumType("DeliveryChange", {
  description:
    "What happened to a delivery. Pausing a webhook changes none of its deliveries: watch webhookUpdates for that.",
  values: {
    CREATED: { description: "Its event was published: PENDING." },
    ATTEMPTED: {
      description:
        "An attempt ended: RETRYING, SUCCEEDED, FAILED (or CANCELLED, when it was cancelled meanwhile and did not succeed).",
    },
    REQUEUED: { description: "By redelivery: PENDING." },
    CANCELLED: { description: "Ended by somebody: CANCELLED." },
  } satisfies Record<DeliveryChange, object>,
});

const DeliveryUpdate = builder.objectRef<EntryMessage>("DeliveryUpdate");
DeliveryUpdate.implement({
  authScopes: { needs: "DELIVERIES_READ" },
  description:
    "A change of a delivery. Ids, status, attemptCount and nextAttemptAt are as of this change; `delivery` is as of now.",
  interfaces: [StreamMessage],
  fields: (t) => ({
    change: t.field({
      type: DeliveryChangeEnum,
      description: "What happened.",
      resolve: ({ item }) => item.entry.change as DeliveryChange,
    }),
    deliveryId: t.id({
      description: "To which delivery.",
      resolve: ({ item }) => item.entry.deliveryId!,
    }),
    webhookId: t.id({
      description: "Where it goes.",
      resolve: ({ item }) => item.entry.webhookId!,
    }),
    eventId: t.id({
      description: "What is delivered.",
      resolve: ({ item }) => item.entry.eventId!,
    }),
    eventType: t.string({
      description: "The type of the event.",
      resolve: ({ item }) => item.entry.eventType!,
    }),
    status: t.field({
      type: DeliveryStatusEnum,
      description: "Where it stood after this change.",
      resolve: ({ item }) => item.entry.status!,
    }),
    attemptCount: t.int({
      description: "Attempts up to this change.",
      resolve: ({ item }) => item.entry.attempts!,
    }),
    nextAttemptAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it was to be tried next after this change.",
      resolve: ({ item }) => item.entry.dueAt,
    }),
    isTest: t.boolean({
      description: "Whether testWebhook made it.",
      resolve: ({ item }) => item.entry.isTest,
    }),
    delivery: t.field({
      type: DeliveryRef,
      nullable: true,
      description: "The delivery as it is now; null when retention removed it.",
      resolve: ({ item }, _args, { load }) => load.delivery.load(item.entry.deliveryId!),
    }),
    attempt: t.field({
      type: AttemptRef,
      nullable: true,
      description: "The attempt that ended; null unless change is ATTEMPTED.",
      resolve: ({ item }, _args, { load }) =>
        item.entry.attemptId === null ? null : load.attempt.load(item.entry.attemptId),
    }),
  }),
});

const DeliveryStreamMessage = builder.unionType("DeliveryStreamMessage", {
  description: "A message of deliveryUpdates.",
  types: [DeliveryUpdate, StreamCaughtUp, StreamProgress, StreamGap],
  resolveType: (message) => messageType(message as EntryMessage, () => "DeliveryUpdate"),
});

const DeliveryUpdateFilter = builder.inputType("DeliveryUpdateFilter", {
  description:
    "Which updates; all when empty. What does not exist, such as a misspelt key or type, matches nothing.",
  fields: (t) => ({
    deliveryIds: t.idList({ description: "Of these deliveries." }),
    eventIds: t.idList({ description: "Of these events." }),
    webhooks: t.field({
      type: [WebhookRefInput],
      description: "To these webhooks, as they are when it begins.",
    }),
    eventTypes: t.stringList({ description: "Names or aliases of event types." }),
    changes: t.field({ type: [DeliveryChangeEnum], description: "Only these changes." }),
    isTest: t.boolean({ description: "Only tests, or only others; both when absent." }),
  }),
});

builder.subscriptionField("deliveryUpdates", (t) =>
  t.field({
    type: DeliveryStreamMessage,
    authScopes: { needs: "DELIVERIES_READ" },
    description: "Every change of every delivery, as it happens.",
    args: {
      filter: t.arg({ type: DeliveryUpdateFilter, description: "Which updates." }),
      start: t.arg({
        type: StreamStartInput,
        description: "Where to begin; with what comes next when absent.",
      }),
    },
    subscribe: async (_root, { filter, start }, context) =>
      openStream(context, "deliveries", start, {
        filter: await logFilter(filter ?? {}, context),
        matches: ({ change }) => DELIVERY_CHANGES.some((one) => one === change),
      }),
    resolve: (item) => ({ item, stream: "deliveries" }) as EntryMessage,
  }),
);

/** Only the lists that are given: an empty one lets nothing pass. */
async function logFilter(
  filter: typeof DeliveryUpdateFilter.$inferInput,
  { caller, reader, tenantId, tools }: Context,
): Promise<LogFilter> {
  const { deliveryIds, eventIds, webhooks, eventTypes, changes, isTest } = filter;
  const catalog = await tools.store.catalog(tenantId);
  const seen = webhooks
    ? await reader.webhookIds(tenantId, webhooks.map(webhookRef))
    : caller.rights.webhookIds;
  return {
    ...(changes && { change: changes }),
    ...(deliveryIds && { deliveryId: deliveryIds }),
    ...(eventIds && { eventId: eventIds }),
    ...(seen && { webhookId: seen }),
    ...(eventTypes && { eventType: eventTypes.map((name) => catalog.canonical(name)) }),
    ...(isTest != null && { isTest: [isTest] }),
  };
}
