import {
  revokeSigningSecret,
  rotateWebhookSecret,
  type Rotated,
} from "../domain/secret-commands.ts";
import { builder } from "./builder.ts";
import { WebhookRef } from "./refs.ts";
import { refusing, resultUnion } from "./refusal.ts";
import { seeSecret, seeWebhook } from "./seen.ts";
import { ConflictError, InvalidInputError, LimitError, NotFoundError } from "./user-error.ts";
import { webhookRef, WebhookRefInput } from "./webhook-ref.ts";
import { webhookPayload } from "./webhook-state.ts";
import { SignatureSchemeEnum } from "./webhook.ts";

const RotateWebhookSecretInput = builder.inputType("RotateWebhookSecretInput", {
  description: "Which webhook, and what signs its requests from now on.",
  fields: (t) => ({
    webhook: t.field({ type: WebhookRefInput, required: true, description: "Which one." }),
    secret: t.string({
      description: "Bring your own (whsec_… or whsk_…); made for you when absent.",
    }),
    signature: t.field({
      type: SignatureSchemeEnum,
      description:
        "How its requests are signed from now on; as before when absent. While they overlap, both schemes sign.",
    }),
    overlap: t.field({
      type: "Duration",
      required: true,
      defaultValue: "PT24H",
      description: "How long the old secret signs too, 0 to 7 days. Older ones keep their own end.",
    }),
  }),
});

const RevokeSigningSecretInput = builder.inputType("RevokeSigningSecretInput", {
  description: "Which secret.",
  fields: (t) => ({ secretId: t.id({ required: true, description: "Its id." }) }),
});

const RotateWebhookSecretPayload = builder
  .objectRef<Rotated>("RotateWebhookSecretPayload")
  .implement({
    description: "The new secret signs from now on.",
    fields: (t) => ({
      webhook: t.field({
        type: WebhookRef,
        nullable: true,
        description: "As it is now.",
        resolve: ({ webhook }) => webhook,
      }),
      secret: t.exposeString("secret", {
        nullable: true,
        description:
          "The new secret, shown only here; null for ED25519 and when you brought your own.",
      }),
      previousExpiresAt: t.expose("previousExpiresAt", {
        type: "DateTime",
        description: "Until then the secret before it signs too.",
      }),
    }),
  });

const input = { required: true, description: "What to do." } as const;

builder.mutationFields((t) => ({
  rotateWebhookSecret: t.field({
    type: resultUnion("RotateWebhookSecret", RotateWebhookSecretPayload, [
      InvalidInputError,
      NotFoundError,
      LimitError,
    ]),
    nullable: true,
    authScopes: { needs: "WEBHOOKS_WRITE" },
    description:
      "Gives a webhook a new signing secret. The old one signs beside it for the overlap, at most five at a time.",
    args: { input: t.arg({ type: RotateWebhookSecretInput, ...input }) },
    resolve: (_root, { input }, context) =>
      refusing(async () => {
        const { secret = null, signature = null, overlap } = input;
        const ref = webhookRef(input.webhook);
        await seeWebhook(ref, context);
        const rotation = { secret, signature, overlap };
        return rotateWebhookSecret(context.tenantId, ref, rotation, context.tools);
      }),
  }),
  revokeSigningSecret: t.field({
    type: resultUnion(
      "RevokeSigningSecret",
      webhookPayload("RevokeSigningSecret", "The secret signs nothing any more."),
      [NotFoundError, ConflictError],
    ),
    nullable: true,
    authScopes: { needs: "WEBHOOKS_WRITE" },
    description:
      "Ends an old signing secret at once, whatever its overlap. The newest can't be revoked: rotate first.",
    args: { input: t.arg({ type: RevokeSigningSecretInput, ...input }) },
    resolve: (_root, { input: { secretId } }, context) =>
      refusing(async () => {
        await seeSecret(secretId, context);
        return revokeSigningSecret(context.tenantId, secretId, context.tools);
      }),
  }),
}));
