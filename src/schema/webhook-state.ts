import {
  deleteWebhook,
  disableWebhook,
  pauseWebhook,
  resumeWebhook,
} from "../domain/webhook-commands.ts";
import { HELD_DELIVERIES, type Webhook } from "../domain/webhook.ts";
import { builder } from "./builder.ts";
import { WebhookRef } from "./refs.ts";
import { NotFoundError, refusing, resultUnion } from "./refusal.ts";
import { webhookRef, WebhookRefInput } from "./webhook-ref.ts";

/** The payload of a mutation that changed one webhook. */
export function webhookPayload(name: string, description: string) {
  return builder.objectRef<{ webhook: Webhook }>(`${name}Payload`).implement({
    description,
    fields: (t) => ({
      webhook: t.field({
        type: WebhookRef,
        nullable: true,
        description: "As it is now.",
        resolve: ({ webhook }) => webhook,
      }),
    }),
  });
}

const DeleteWebhookPayload = builder
  .objectRef<{ webhook: Webhook }>("DeleteWebhookPayload")
  .implement({
    description: "The webhook is gone; what waited for it is cancelled.",
    fields: (t) => ({
      deletedId: t.id({ description: "Its id.", resolve: ({ webhook }) => webhook.id }),
    }),
  });

const HeldDeliveriesEnum = builder.enumType("HeldDeliveries", {
  description: "What becomes of deliveries that waited for a resume.",
  values: {
    SEND: { description: "They are sent." },
    CANCEL: { description: "They are cancelled." },
  } satisfies Record<(typeof HELD_DELIVERIES)[number], object>,
});

const ResumeWebhookInput = builder.inputType("ResumeWebhookInput", {
  description: "Which webhook, and what becomes of what was held.",
  fields: (t) => ({
    webhook: t.field({ type: WebhookRefInput, required: true, description: "Which one." }),
    held: t.field({
      type: HeldDeliveriesEnum,
      required: true,
      defaultValue: "SEND",
      description: "What becomes of what was held.",
    }),
  }),
});

function reasonInput(name: string) {
  return builder.inputType(name, {
    description: "Which webhook, and why.",
    fields: (t) => ({
      webhook: t.field({ type: WebhookRefInput, required: true, description: "Which one." }),
      reason: t.string({ description: "Shown as stateReason; its first 500 characters." }),
    }),
  });
}

const PauseInput = reasonInput("PauseWebhookInput");
const DisableInput = reasonInput("DisableWebhookInput");
const DeleteInput = builder.inputType("DeleteWebhookInput", {
  description: "Which webhook.",
  fields: (t) => ({
    webhook: t.field({ type: WebhookRefInput, required: true, description: "Which one." }),
  }),
});
const input = { required: true, description: "What to do." } as const;

builder.mutationFields((t) => ({
  deleteWebhook: t.field({
    type: resultUnion("DeleteWebhook", DeleteWebhookPayload, [NotFoundError]),
    nullable: true,
    description: "Deletes a webhook. Its deliveries and attempts stay for the retention period.",
    args: { input: t.arg({ type: DeleteInput, ...input }) },
    resolve: (_root, { input: { webhook } }, { tenantId, tools }) =>
      refusing(() => deleteWebhook(tenantId, webhookRef(webhook), tools)),
  }),
  pauseWebhook: t.field({
    type: resultUnion("PauseWebhook", webhookPayload("PauseWebhook", "The paused webhook."), [
      NotFoundError,
    ]),
    nullable: true,
    description: "Holds its deliveries until it is resumed. Attempts in flight end.",
    args: { input: t.arg({ type: PauseInput, ...input }) },
    resolve: (_root, { input: { webhook, reason } }, { tenantId, tools }) =>
      refusing(() => pauseWebhook(tenantId, webhookRef(webhook), reason ?? null, tools)),
  }),
  resumeWebhook: t.field({
    type: resultUnion("ResumeWebhook", webhookPayload("ResumeWebhook", "The active webhook."), [
      NotFoundError,
    ]),
    nullable: true,
    description: "Makes it ACTIVE, from whatever state.",
    args: { input: t.arg({ type: ResumeWebhookInput, ...input }) },
    resolve: (_root, { input: { webhook, held } }, { tenantId, tools }) =>
      refusing(() => resumeWebhook(tenantId, webhookRef(webhook), held, tools)),
  }),
  disableWebhook: t.field({
    type: resultUnion("DisableWebhook", webhookPayload("DisableWebhook", "The disabled webhook."), [
      NotFoundError,
    ]),
    nullable: true,
    description: "Turns it off: events are not kept for it. What waits already is held.",
    args: { input: t.arg({ type: DisableInput, ...input }) },
    resolve: (_root, { input: { webhook, reason } }, { tenantId, tools }) =>
      refusing(() => disableWebhook(tenantId, webhookRef(webhook), reason ?? null, tools)),
  }),
}));
