import {
  createWebhook,
  updateWebhook,
  upsertWebhook,
  type NewWebhookInput,
} from "../domain/webhook-commands.ts";
import type { Webhook } from "../domain/webhook.ts";
import { builder } from "./builder.ts";
import { PayloadFormatEnum } from "./event-type.ts";
import { PayloadPredicateInput } from "./payload-predicate.ts";
import { WebhookRef } from "./refs.ts";
import { refusing, resultUnion } from "./refusal.ts";
import { refuseNarrow, seeUrl, seeWebhook } from "./seen.ts";
import { ConflictError, InvalidInputError, LimitError, NotFoundError } from "./user-error.ts";
import { webhookRef, WebhookRefInput } from "./webhook-ref.ts";
import { webhookPayload } from "./webhook-state.ts";
import { SignatureSchemeEnum } from "./webhook.ts";

const HeaderInput = builder.inputType("HeaderInput", {
  description:
    "A header to send along. An absent `value` keeps the stored one of the same name, so that a form can save what it read.",
  fields: (t) => ({
    name: t.string({
      required: true,
      description: "Its name; those that the service sets itself are refused.",
    }),
    value: t.string({ description: "Its value." }),
    isSecret: t.boolean({
      required: true,
      defaultValue: false,
      description: "Hides the value once saved.",
    }),
  }),
});

const URL_WORDS =
  "Where requests go. A user name and password in it become a secret authorization header; refused beside one of your own.";

const FILTER_WORDS = "Which events are sent; all when absent.";
const KEEP_FILTERED_WORDS = "Keep a FILTERED delivery for each event that the filter turned away.";
const SELECT_WORDS = "Which fields of single event types are sent; the others are sent whole.";

const EventSelectionInput = builder.inputType("EventSelectionInput", {
  description: "Which fields of one event type are sent.",
  fields: (t) => ({
    eventType: t.string({ required: true, description: "Name or alias of the type." }),
    fields: t.string({
      required: true,
      description:
        "A GraphQL selection on its typed data, such as `payment_total customer_user_email`.",
    }),
  }),
});

const CreateWebhookInput = builder.inputType("CreateWebhookInput", {
  description: "A new webhook.",
  fields: (t) => ({
    key: t.string({ description: "Your own stable key; unique per tenant." }),
    name: t.string({ required: true, description: "Its name for people." }),
    url: t.field({ type: "URL", required: true, description: URL_WORDS }),
    eventTypes: t.stringList({
      required: true,
      description: "Names, aliases or patterns: payment_received, payment_*, *.",
    }),
    description: t.string({ description: "What it is for." }),
    integration: t.string({
      required: true,
      defaultValue: "manual",
      description: "Service that makes it.",
    }),
    format: t.field({
      type: PayloadFormatEnum,
      required: true,
      defaultValue: "ENVELOPE",
      description: "The shape of its bodies.",
    }),
    filter: t.field({ type: PayloadPredicateInput, description: FILTER_WORDS }),
    keepFiltered: t.boolean({
      required: true,
      defaultValue: false,
      description: KEEP_FILTERED_WORDS,
    }),
    select: t.field({
      type: [EventSelectionInput],
      required: true,
      defaultValue: [],
      description: SELECT_WORDS,
    }),
    headers: t.field({
      type: [HeaderInput],
      required: true,
      defaultValue: [],
      description: "Headers to send along.",
    }),
    signature: t.field({
      type: SignatureSchemeEnum,
      required: true,
      defaultValue: "HMAC_SHA256",
      description: "How its requests are signed.",
    }),
    secret: t.string({
      description: "Bring your own (whsec_… or whsk_…); made for you when absent.",
    }),
    retryDelays: t.field({
      type: ["Duration"],
      description: "Delays between attempts, at most 20 of up to 7 days.",
    }),
    timeout: t.field({ type: "Duration", description: "Deadline of one attempt, 1 to 30 s." }),
    maxInFlight: t.int({ description: "Attempts that may be in flight at once, 1 to 256." }),
    rateLimitPerSecond: t.int({
      description:
        "Attempts that may begin in a second, 1 to 1,000; as many as there are when absent.",
    }),
    paused: t.boolean({
      required: true,
      defaultValue: false,
      description: "Begin PAUSED: deliveries are held.",
    }),
  }),
});

const UpsertWebhookInput = builder.inputType("UpsertWebhookInput", {
  description:
    "By `key`: creates it, or updates it to exactly this; its state stays as it is. For scripts that run each time.",
  fields: (t) => ({
    key: t.string({ required: true, description: "Your own stable key." }),
    webhook: t.field({
      type: CreateWebhookInput,
      required: true,
      description: "What it should be.",
    }),
  }),
});

const UpdateWebhookInput = builder.inputType("UpdateWebhookInput", {
  description:
    "An absent field stays; null restores the default, and is refused where there is none.",
  fields: (t) => ({
    webhook: t.field({ type: WebhookRefInput, required: true, description: "Which one." }),
    expectedVersion: t.int({ description: "Refuses the change when somebody else was quicker." }),
    name: t.string({ description: "Its name for people." }),
    url: t.field({ type: "URL", description: URL_WORDS }),
    eventTypes: t.stringList({ description: "Names, aliases or patterns." }),
    description: t.string({ description: "What it is for." }),
    integration: t.string({ description: "Service that made it." }),
    format: t.field({ type: PayloadFormatEnum, description: "The shape of its bodies." }),
    filter: t.field({ type: PayloadPredicateInput, description: FILTER_WORDS }),
    keepFiltered: t.boolean({ description: KEEP_FILTERED_WORDS }),
    select: t.field({ type: [EventSelectionInput], description: SELECT_WORDS }),
    headers: t.field({ type: [HeaderInput], description: "All headers to send along." }),
    retryDelays: t.field({ type: ["Duration"], description: "Delays between attempts." }),
    timeout: t.field({ type: "Duration", description: "Deadline of one attempt." }),
    maxInFlight: t.int({ description: "Attempts that may be in flight at once." }),
    rateLimitPerSecond: t.int({ description: "Attempts that may begin in a second." }),
  }),
});

type CreateInput = typeof CreateWebhookInput.$inferInput;

function newWebhook(input: CreateInput): NewWebhookInput {
  const {
    key = null,
    description = null,
    filter = null,
    secret = null,
    retryDelays = null,
    timeout = null,
    maxInFlight = null,
    rateLimitPerSecond = null,
  } = input;
  return {
    ...input,
    key,
    description,
    filter,
    secret,
    retryDelays,
    timeout,
    maxInFlight,
    rateLimitPerSecond,
  };
}

const SECRET =
  "The signing secret, shown only here; null for ED25519 and when you brought your own.";

const CreateWebhookPayload = builder
  .objectRef<{ webhook: Webhook; secret: string | null }>("CreateWebhookPayload")
  .implement({
    description: "The new webhook.",
    fields: (t) => ({
      webhook: t.field({
        type: WebhookRef,
        nullable: true,
        description: "The webhook.",
        resolve: ({ webhook }) => webhook,
      }),
      secret: t.exposeString("secret", { nullable: true, description: SECRET }),
    }),
  });

const UpsertWebhookPayload = builder
  .objectRef<{ webhook: Webhook; secret: string | null; isNew: boolean }>("UpsertWebhookPayload")
  .implement({
    description: "The webhook as it is now.",
    fields: (t) => ({
      webhook: t.field({
        type: WebhookRef,
        nullable: true,
        description: "The webhook.",
        resolve: ({ webhook }) => webhook,
      }),
      isNew: t.exposeBoolean("isNew", { description: "Whether it was created." }),
      secret: t.exposeString("secret", {
        nullable: true,
        description: `${SECRET} Null for one that was there.`,
      }),
    }),
  });

const input = { required: true, description: "What to do." } as const;

builder.mutationFields((t) => ({
  createWebhook: t.field({
    type: resultUnion("CreateWebhook", CreateWebhookPayload, [
      InvalidInputError,
      ConflictError,
      LimitError,
    ]),
    nullable: true,
    authScopes: { needs: "WEBHOOKS_WRITE" },
    description: "Makes a webhook. Every publish that starts after the answer sees it.",
    args: { input: t.arg({ type: CreateWebhookInput, ...input }) },
    resolve: (_root, { input }, context) =>
      refusing(() => {
        refuseNarrow(context);
        return createWebhook(context.tenantId, newWebhook(input), context.tools);
      }),
  }),
  upsertWebhook: t.field({
    type: resultUnion("UpsertWebhook", UpsertWebhookPayload, [InvalidInputError, LimitError]),
    nullable: true,
    authScopes: { needs: "WEBHOOKS_WRITE" },
    description: "Makes the webhook of this key, or updates it to exactly this.",
    args: { input: t.arg({ type: UpsertWebhookInput, ...input }) },
    resolve: (_root, { input: { key, webhook } }, context) =>
      refusing(() => {
        refuseNarrow(context);
        return upsertWebhook(context.tenantId, key, newWebhook(webhook), context.tools);
      }),
  }),
  updateWebhook: t.field({
    type: resultUnion(
      "UpdateWebhook",
      webhookPayload("UpdateWebhook", "The webhook as it is now."),
      [InvalidInputError, NotFoundError, ConflictError],
    ),
    nullable: true,
    authScopes: { needs: "WEBHOOKS_WRITE" },
    description: "Changes a webhook. Attempts that begin later use what it says then.",
    args: { input: t.arg({ type: UpdateWebhookInput, ...input }) },
    resolve: (_root, { input: { webhook, expectedVersion = null, ...patch } }, context) =>
      refusing(async () => {
        const ref = webhookRef(webhook);
        await seeWebhook(ref, context);
        await seeUrl(patch.url, context);
        return updateWebhook(context.tenantId, ref, { patch, expectedVersion }, context.tools);
      }),
  }),
}));
