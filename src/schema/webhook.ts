import type { Json } from "../domain/catalog/entry.ts";
import { formatDuration } from "../domain/duration.ts";
import { SIGNATURE_SCHEMES } from "../domain/secret.ts";
import {
  WEBHOOK_STATES,
  type EventSelection,
  type SigningSecret,
  type StoredHeader,
} from "../domain/webhook.ts";
import type { WebhookOrder } from "../persistence/read-webhooks.ts";
import { builder } from "./builder.ts";
import { connectionType, followed, pageArgs } from "./connection.ts";
import { PayloadFormatEnum } from "./event-type.ts";
import { Node } from "./node.ts";
import { DeliveryRef, EventTypeRef, WebhookRef } from "./refs.ts";
import { WaitingCounts, WebhookHealth, WebhookHealthStateEnum } from "./webhook-health.ts";
import { webhookRef, WebhookRefInput } from "./webhook-ref.ts";

const WebhookStateEnum = builder.enumType("WebhookState", {
  description: "Whether a webhook gets its deliveries. No state ever deletes it.",
  values: {
    ACTIVE: { description: "Deliveries are sent." },
    PAUSED: { description: "Paused by somebody: deliveries are held." },
    DISABLED: { description: "Off: events are not kept for it." },
    AUTO_PAUSED: {
      description:
        "Paused by the service after lasting failure or HTTP 410, with a reason: deliveries are held.",
    },
  } satisfies Record<(typeof WEBHOOK_STATES)[number], object>,
});

export const SignatureSchemeEnum = builder.enumType("SignatureScheme", {
  description: "How requests are signed (Standard Webhooks).",
  values: {
    HMAC_SHA256: { description: "v1: a shared secret, whsec_…" },
    ED25519: {
      description: "v1a: a private key that never leaves; receivers verify with its public key.",
    },
  } satisfies Record<(typeof SIGNATURE_SCHEMES)[number], object>,
});

const WebhookHeader = builder.objectRef<StoredHeader>("WebhookHeader").implement({
  description: "A header that is sent along.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "In lower case." }),
    value: t.string({
      nullable: true,
      description: "Null when the header is secret.",
      resolve: ({ value, isSecret }) => (isSecret ? null : value),
    }),
    isSecret: t.exposeBoolean("isSecret", {
      description: "Whether its value is hidden once saved.",
    }),
  }),
});

const EventSelectionType = builder.objectRef<EventSelection>("EventSelection").implement({
  description: "Which fields of one event type are sent.",
  fields: (t) => ({
    eventType: t.exposeString("eventType", { description: "The canonical name of the type." }),
    fields: t.exposeString("fields", {
      description: "A GraphQL selection on its typed data, such as `payment_total`.",
    }),
  }),
});

const SigningSecretType = builder.objectRef<SigningSecret>("SigningSecret").implement({
  description:
    "A secret that signs requests. The secret itself is shown once, by the mutation that made it. For ED25519 the private key never leaves; receivers need `publicKey`.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "Its id." }),
    scheme: t.expose("scheme", { type: SignatureSchemeEnum, description: "What it signs with." }),
    hint: t.exposeString("hint", {
      description: "Its last four characters; for ED25519 those of its public key.",
    }),
    publicKey: t.exposeString("publicKey", {
      nullable: true,
      description: "For ED25519: what receivers verify with, whpk_…",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "Set while a rotation overlaps: until then it signs beside the newer ones.",
    }),
  }),
});

WebhookRef.implement({
  authScopes: { needs: "WEBHOOKS_READ" },
  description: "A saved target: a URL and the event types that it wants.",
  interfaces: [Node],
  fields: (t) => ({
    key: t.exposeString("key", {
      nullable: true,
      description: "Your own stable key; unique per tenant.",
    }),
    name: t.exposeString("name", { description: "Its name for people." }),
    url: t.expose("url", { type: "URL", description: "Where requests go, in its normal form." }),
    eventTypes: t.exposeStringList("eventTypes", {
      description: "Names, aliases or patterns: payment_received, payment_*, *.",
    }),
    matchedEventTypes: t.field({
      type: [EventTypeRef],
      description: "The catalog entries that these match today.",
      resolve: async ({ eventTypes }, _args, { tools, tenantId }) => [
        ...(await tools.store.catalog(tenantId)).matched(eventTypes),
      ],
    }),
    description: t.exposeString("description", { nullable: true, description: "What it is for." }),
    integration: t.exposeString("integration", {
      description: "Service that made it, such as manual or zapier.",
    }),
    format: t.expose("format", {
      type: PayloadFormatEnum,
      description: "The shape of its bodies.",
    }),
    filter: t.field({
      type: "JSON",
      nullable: true,
      description: "Conditions on the payload, as PayloadPredicate; null lets everything through.",
      resolve: ({ filter }) => filter as Json,
    }),
    keepFiltered: t.exposeBoolean("keepFiltered", {
      description:
        "Keep a FILTERED delivery for each event that the filter turned away; filteredCount counts them in any case.",
    }),
    filteredCount: t.exposeFloat("filteredCount", {
      description: "Events that the filter turned away (a whole number).",
    }),
    select: t.expose("select", {
      type: [EventSelectionType],
      description: "Shape of the payload for single event types; the others are sent whole.",
    }),
    headers: t.expose("headers", {
      type: [WebhookHeader],
      description: "Headers that are sent along.",
    }),
    signature: t.expose("signature", {
      type: SignatureSchemeEnum,
      description: "How its requests are signed.",
    }),
    secrets: t.field({
      type: [SigningSecretType],
      description: "What its requests are signed with, newest first.",
      resolve: async ({ id }, _args, { load }) => [...(await load.secrets.load(id))],
    }),
    retryDelays: t.field({
      type: ["Duration"],
      description: "Delays between attempts: its own, or the service's.",
      resolve: ({ retryDelaysMs }, _args, { tools }) =>
        (retryDelaysMs ?? tools.defaults.retryDelaysMs).map(formatDuration),
    }),
    timeout: t.field({
      type: "Duration",
      description: "Deadline of one attempt: its own, or the service's.",
      resolve: ({ timeoutMs }, _args, { tools }) =>
        formatDuration(timeoutMs ?? tools.defaults.timeoutMs),
    }),
    maxInFlight: t.int({
      description: "Attempts that may be in flight at once: its own, or the service's.",
      resolve: ({ maxInFlight }, _args, { tools }) => maxInFlight ?? tools.defaults.maxInFlight,
    }),
    rateLimitPerSecond: t.exposeInt("rateLimitPerSecond", {
      nullable: true,
      description: "Attempts that may begin in a second, evenly spaced; null: no limit.",
    }),
    state: t.expose("state", {
      type: WebhookStateEnum,
      description: "Whether it gets its deliveries.",
    }),
    stateReason: t.exposeString("stateReason", {
      nullable: true,
      description: "Why it is in that state.",
    }),
    health: t.field({
      type: WebhookHealth,
      description: "How its receiver does.",
      resolve: async (webhook, _args, { load }) => ({
        webhook,
        hours: await load.hours.load(webhook.id),
      }),
    }),
    deliveryCount: t.exposeFloat("deliveryCount", {
      description: "Deliveries so far, tests left out (a whole number).",
    }),
    waiting: t.field({
      type: WaitingCounts,
      description: "What waits for it.",
      resolve: ({ id }, _args, { load }) => load.waiting.load(id),
    }),
    lastDelivery: t.field({
      type: DeliveryRef,
      nullable: true,
      description: "The newest delivery, tests left out.",
      resolve: ({ id }, _args, { load }) => load.lastDelivery.load(id),
    }),
    lastSucceededAt: t.expose("lastSucceededAt", {
      type: "DateTime",
      nullable: true,
      description: "When an attempt last succeeded.",
    }),
    lastFailedAt: t.expose("lastFailedAt", {
      type: "DateTime",
      nullable: true,
      description: "When an attempt last failed.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    updatedAt: t.expose("updatedAt", {
      type: "DateTime",
      description: "When it was last changed.",
    }),
    version: t.exposeInt("version", {
      description: "Raised by each change; pass it as expectedVersion.",
    }),
  }),
});

export const WebhookConnection = connectionType("Webhook", WebhookRef, "WEBHOOKS_READ", true);

export const WebhookFilterInput = builder.inputType("WebhookFilter", {
  description: "Which webhooks.",
  fields: (t) => ({
    search: t.string({ description: "Occurs in name, URL, description or key." }),
    states: t.field({ type: [WebhookStateEnum], description: "In these states." }),
    health: t.field({ type: [WebhookHealthStateEnum], description: "Whose receiver does so." }),
    eventTypes: t.stringList({ description: "Webhooks that would receive these." }),
    integration: t.string({ description: "Made by this service." }),
    url: t.string({ description: "With exactly this URL." }),
  }),
});

const WebhookOrderEnum = builder.enumType("WebhookOrder", {
  description: "The order of a list of webhooks.",
  values: {
    CREATED_AT: { description: "Newest first." },
    NAME: { description: "By name." },
    LAST_FAILED_AT: { description: "The one that failed last first." },
  } satisfies Record<WebhookOrder, object>,
});

builder.queryFields((t) => ({
  webhooks: t.field({
    type: WebhookConnection,
    nullable: true,
    authScopes: { needs: "WEBHOOKS_READ" },
    description: "The webhooks.",
    args: {
      ...pageArgs(),
      filter: t.arg({ type: WebhookFilterInput, description: "Which of them." }),
      orderBy: t.arg({
        type: WebhookOrderEnum,
        required: true,
        defaultValue: "CREATED_AT",
        description: "In this order.",
      }),
    },
    resolve: (_root, { filter, orderBy, ...page }, context) =>
      followed(context, "webhooks", () =>
        context.webhookReader.webhooks(context.tenantId, filter ?? {}, orderBy, page),
      ),
  }),
  webhook: t.field({
    type: WebhookRef,
    nullable: true,
    authScopes: { needs: "WEBHOOKS_READ" },
    description: "One webhook.",
    args: { by: t.arg({ type: WebhookRefInput, required: true, description: "Which one." }) },
    resolve: (_root, { by }, { reader, tenantId }) => reader.webhook(tenantId, webhookRef(by)),
  }),
}));
