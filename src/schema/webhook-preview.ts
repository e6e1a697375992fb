import { previewWebhook, type WebhookPreview } from "../domain/preview.ts";
import { Refusal } from "../domain/refusal.ts";
import { builder } from "./builder.ts";
import { PreparedRequestType } from "./event-type.ts";
import { refusing } from "./refusal.ts";
import { subjectOf, TestEventInput } from "./test-webhook.ts";
import { ForbiddenError, InvalidInputError, NotFoundError } from "./user-error.ts";
import { webhookRef, WebhookRefInput } from "./webhook-ref.ts";

const WebhookPreviewInput = builder.inputType("WebhookPreviewInput", {
  description: "What to look at.",
  fields: (t) => ({
    webhook: t.field({ type: WebhookRefInput, required: true, description: "Which webhook." }),
    event: t.field({ type: TestEventInput, description: "What it would get." }),
  }),
});

const WebhookPreviewType = builder.objectRef<WebhookPreview>("WebhookPreview").implement({
  description: "The request that an event would become, and whether it would be sent.",
  fields: (t) => ({
    wouldSend: t.exposeBoolean("wouldSend", {
      description: "Whether a published event like this would be sent at once.",
    }),
    reason: t.exposeString("reason", { description: "Why, in words." }),
    request: t.field({
      type: PreparedRequestType,
      nullable: true,
      description: "Null when the webhook's select asks for fields that are gone.",
      resolve: ({ request }) => request,
    }),
  }),
});

const WebhookPreviewResult = builder.errorUnion("WebhookPreviewResult", {
  description: "What webhookPreview answers.",
  types: [WebhookPreviewType, ...([InvalidInputError, NotFoundError, ForbiddenError] as never[])],
  resolveType: () => "WebhookPreview",
});

builder.queryField("webhookPreview", (t) =>
  t.field({
    type: WebhookPreviewResult,
    nullable: true,
    authScopes: { needs: "WEBHOOKS_READ" },
    description:
      "Dry run: the exact request, and why it would or would not be sent. Sends nothing, so it is a query.",
    args: {
      input: t.arg({ type: WebhookPreviewInput, required: true, description: "What to look at." }),
    },
    resolve: (_root, { input: { webhook: ref, event } }, context) =>
      refusing(async () => {
        const { reader, tenantId, tools } = context;
        const webhook = await reader.webhook(tenantId, webhookRef(ref));
        if (!webhook) throw new Refusal("WEBHOOK_NOT_FOUND", { path: ["webhook"] });
        const subject = event ? await subjectOf(event, context, { isSigned: false }) : null;
        return previewWebhook(webhook, subject, tools);
      }),
  }),
);
