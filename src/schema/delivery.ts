import {
  DELIVERY_STATUSES,
  readStatus,
  type Delivery,
  type DeliveryStatus,
} from "../domain/delivery.ts";
import type { WebhookRef as Ref } from "../domain/webhook.ts";
import type { PageArgs } from "../persistence/page.ts";
import type { DeliveryFilter } from "../persistence/read.ts";
import { AttemptOutcomeEnum } from "./attempt.ts";
import { builder } from "./builder.ts";
import { connectionType, followed, pageArgs } from "./connection.ts";
import type { Context } from "./context.ts";
import { Node } from "./node.ts";
import { AttemptRef, DeliveryRef, EventRef, WebhookRef } from "./refs.ts";
import { TimeRange } from "./time-range.ts";
import { webhookRef, WebhookRefInput } from "./webhook-ref.ts";

export const DeliveryStatusEnum = builder.enumType("DeliveryStatus", {
  description: "Where a delivery stands.",
  values: {
    PENDING: { description: "Not tried yet." },
    RETRYING: { description: "Tried, and will be tried again." },
    SUCCEEDED: { description: "The receiver answered 2xx." },
    FAILED: { description: "Given up: the retry schedule is used up." },
    CANCELLED: { description: "Ended by somebody, or its webhook was deleted." },
    FILTERED: {
      description: "The webhook's filter said no; it is sent only when somebody asks for it.",
    },
    HELD: { description: "Waits for its webhook, which is not active; read, not stored." },
  } satisfies Record<(typeof DELIVERY_STATUSES)[number], object>,
});

const AttemptConnection = connectionType("DeliveryAttempt", AttemptRef, "DELIVERIES_READ");
const DeliveryConnection = connectionType("Delivery", DeliveryRef, "DELIVERIES_READ", true);

DeliveryRef.implement({
  authScopes: { needs: "DELIVERIES_READ" },
  description: "One event on its way to one webhook. Kept after success, for the retention period.",
  interfaces: [Node],
  fields: (t) => ({
    event: t.field({
      type: EventRef,
      nullable: true,
      description: "What is delivered.",
      resolve: ({ eventId }, _args, { load }) => load.event.load(eventId),
    }),
    eventId: t.exposeID("eventId", {
      description: "The event's id: the webhook-id header of each attempt.",
    }),
    eventType: t.exposeString("eventType", {
      description: "The canonical name of the event's type.",
    }),
    webhook: t.field({
      type: WebhookRef,
      nullable: true,
      description: "Null once the webhook is deleted; its id and name stay.",
      async resolve({ webhookId }, _args, { load }) {
        const webhook = await load.webhook.load(webhookId);
        return webhook?.deletedAt ? null : webhook;
      },
    }),
    webhookId: t.exposeID("webhookId", { description: "Where it goes." }),
    webhookName: t.exposeString("webhookName", {
      description: "The webhook's name when the event was published.",
    }),
    status: t.field({
      type: DeliveryStatusEnum,
      description: "Where it stands.",
      resolve: statusOf,
    }),
    isTest: t.exposeBoolean("isTest", { description: "Whether testWebhook made it." }),
    createdAt: t.expose("createdAt", {
      type: "DateTime",
      description: "When its event was published.",
    }),
    succeededAt: t.expose("succeededAt", {
      type: "DateTime",
      nullable: true,
      description: "First success; never goes back.",
    }),
    finishedAt: t.expose("finishedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it ended.",
    }),
    nextAttemptAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it is tried next; null while it is finished or held.",
      resolve: async (delivery, _args, context) =>
        (await statusOf(delivery, {}, context)) === delivery.status ? delivery.dueAt : null,
    }),
    attemptCount: t.exposeInt("attempts", {
      description: "Attempts so far, over all redeliveries.",
    }),
    lastAttempt: t.field({
      type: AttemptRef,
      nullable: true,
      description: "The latest attempt.",
      resolve: ({ lastAttemptId }, _args, { load }) =>
        lastAttemptId === null ? null : load.attempt.load(lastAttemptId),
    }),
    attempts: t.field({
      type: AttemptConnection,
      nullable: true,
      description: "Its attempts, oldest first.",
      args: pageArgs(),
      resolve: ({ id }, page, { reader, tenantId }) => reader.attempts(tenantId, id, page),
    }),
  }),
});

async function statusOf(
  delivery: Delivery,
  _args: object,
  { load }: Context,
): Promise<DeliveryStatus> {
  return readStatus(
    delivery,
    delivery.dueAt === null ? null : await load.webhook.load(delivery.webhookId),
  );
}

export const DeliveryFilterInput = builder.inputType("DeliveryFilter", {
  description: "A webhook or id that does not exist matches nothing.",
  fields: (t) => ({
    ids: t.idList({ description: "These deliveries." }),
    eventIds: t.idList({ description: "Of these events." }),
    webhooks: t.field({ type: [WebhookRefInput], description: "To these webhooks." }),
    eventTypes: t.stringList({ description: "Names or aliases of event types." }),
    statuses: t.field({ type: [DeliveryStatusEnum], description: "That stand here." }),
    lastOutcomes: t.field({
      type: [AttemptOutcomeEnum],
      description: "Whose latest attempt came to this.",
    }),
    createdAt: t.field({ type: TimeRange, description: "When its event was published." }),
    isTest: t.boolean({ description: "Only tests, or only others; null or absent means both." }),
  }),
});

type FilterInput = typeof DeliveryFilterInput.$inferInput;

function list(
  context: Context,
  filter: FilterInput | null | undefined,
  page: PageArgs,
  of: DeliveryFilter = {},
) {
  const { reader, tenantId } = context;
  return followed(context, "deliveries", async () => {
    const asked = filter?.webhooks?.map(webhookRef);
    const webhooks = of.webhooks ? await both(of.webhooks, asked, context) : asked;
    return reader.deliveries(tenantId, { ...filter, ...of, webhooks }, page);
  });
}

/** The webhook whose list it is, unless it is none of those that are asked for. */
async function both(
  own: readonly Ref[],
  asked: readonly Ref[] | undefined,
  { reader, tenantId }: Context,
): Promise<readonly Ref[]> {
  if (!asked) return own;
  const ids = await reader.webhookIds(tenantId, asked);
  return own.filter((ref) => "id" in ref && ids.includes(ref.id));
}

builder.objectField(EventRef, "deliveries", (t) =>
  t.field({
    type: DeliveryConnection,
    nullable: true,
    description: "Its way to each webhook, newest first.",
    args: pageArgs(),
    resolve: ({ id }, page, context) => list(context, null, page, { eventIds: [id] }),
  }),
);

builder.objectField(WebhookRef, "deliveries", (t) =>
  t.field({
    type: DeliveryConnection,
    nullable: true,
    description: "What goes and went to it, newest first.",
    args: {
      ...pageArgs(),
      filter: t.arg({ type: DeliveryFilterInput, description: "Which of them." }),
    },
    resolve: ({ id }, { filter, ...page }, context) =>
      list(context, filter, page, { webhooks: [{ id }] }),
  }),
);

builder.queryFields((t) => ({
  deliveries: t.field({
    type: DeliveryConnection,
    nullable: true,
    authScopes: { needs: "DELIVERIES_READ" },
    description: "Deliveries, newest first.",
    args: {
      ...pageArgs(),
      filter: t.arg({ type: DeliveryFilterInput, description: "Which of them." }),
    },
    resolve: (_root, { filter, ...page }, context) => list(context, filter, page),
  }),
  delivery: t.field({
    type: DeliveryRef,
    nullable: true,
    authScopes: { needs: "DELIVERIES_READ" },
    description: "One delivery.",
    args: { id: t.arg.id({ required: true, description: "Its id." }) },
    resolve: (_root, { id }, { load }) => load.delivery.load(id),
  }),
}));
