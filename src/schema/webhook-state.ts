import {
  deleteWebhook,
  disableWebhook,
  pauseWebhook,
  resumeWebhook,
} from "../domain/webhook-commands.ts";
import { HELD_DELIVERIES, type Webhook, type WebhookRef as Ref } from "../domain/webhook.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { WebhookRef } from "./refs.ts";
import { refusing, resultUnion } from "./refusal.ts";
import { seeWebhook } from "./seen.ts";
import { ConflictError, InvalidInputError, NotFoundError } from "./user-error.ts";
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

type Command<T> = (tenantId: string, ref: Ref, tools: Context["tools"]) => Promise<T>;

/** Runs a command on a webhook that the caller sees. */
function seen<T>(
  context: Context,
  webhook: typeof WebhookRefInput.$inferInput,
  command: Command<T>,
): Promise<T> {
  const ref = webhookRef(webhook);
  return refusing(async () => {
    await seeWebhook(ref, context);
    return command(context.tenantId, ref, context.tools);
  });
}

builder.mutationFields((t) => ({
  deleteWebhook: t.field({
    type: resultUnion("DeleteWebhook", DeleteWebhookPayload, [NotFoundError]),
    nullable: true,
    authScopes: { needs: "WEBHOOKS_WRITE" },
    description: "Deletes a webhook. Its deliveries and attempts stay for the retention period.",
    args: { input: t.arg({ type: DeleteInput, ...input }) },
    resolve: (_root, { input: { webhook } }, context) =>
      seen(context, webhook, (tenantId, ref, tools) => deleteWebhook(tenantId, ref, tools)),
  }),
  pauseWebhook: t.field({
    type: resultUnion("PauseWebhook", webhookPayload("PauseWebhook", "The paused webhook."), [
      InvalidInputError,
      NotFoundError,
    ]),
    nullable: true,
    authScopes: { needs: "WEBHOOKS_WRITE" },
    description: "Holds its deliveries until it is resumed. Attempts in flight end.",
    args: { input: t.arg({ type: PauseInput, ...input }) },
    resolve: (_root, { input: { webhook, reason } }, context) =>
      seen(context, webhook, (tenantId, ref, tools) =>
        pauseWebhook(tenantId, ref, reason ?? null, tools),
      ),
  }),
  resumeWebhook: t.field({
    type: resultUnion("ResumeWebhook", webhookPayload("ResumeWebhook", "The active webhook."), [
      NotFoundError,
      ConflictError,
    ]),
    nullable: true,
    authScopes: { needs: "WEBHOOKS_WRITE" },
    description: "Makes it ACTIVE, from whatever state.",
    args: { input: t.arg({ type: ResumeWebhookInput, ...input }) },
    resolve: (_root, { input: { webhook, held } }, context) =>
      seen(context, webhook, (tenantId, ref, tools) => resumeWebhook(tenantId, ref, held, tools)),
  }),
  disableWebhook: t.field({
    type: resultUnion("DisableWebhook", webhookPayload("DisableWebhook", "The disabled webhook."), [
      InvalidInputError,
      NotFoundError,
    ]),
    nullable: true,
    authScopes: { needs: "WEBHOOKS_WRITE" },
    description: "Turns it off: events are not kept for it. What waits already is held.",
    args: { input: t.arg({ type: DisableInput, ...input }) },
    resolve: (_root, { input: { webhook, reason } }, context) =>
      seen(context, webhook, (tenantId, ref, tools) =>
        disableWebhook(tenantId, ref, reason ?? null, tools),
      ),
  }),
}));
