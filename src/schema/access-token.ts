import { createAccessToken, TOKEN_WEBHOOKS_MAX } from "../domain/access-token.ts";
import { invalidInput, Refusal } from "../domain/refusal.ts";
import type { WebhookRef } from "../domain/webhook.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { refusing, resultUnion } from "./refusal.ts";
import { ScopeEnum } from "./scope.ts";
import { InvalidInputError, NotFoundError } from "./user-error.ts";
import { webhookRef, WebhookRefInput } from "./webhook-ref.ts";

const CreateAccessTokenInput = builder.inputType("CreateAccessTokenInput", {
  description: "A short-lived token for a browser, with no more rights than the caller.",
  fields: (t) => ({
    scopes: t.field({ type: [ScopeEnum], required: true, description: "What it allows." }),
    webhooks: t.field({
      type: [WebhookRefInput],
      description:
        "Shows only what belongs to these, at least one; all that the caller sees when absent. Then without the scopes that concern no webhook.",
    }),
    expiresIn: t.field({
      type: "Duration",
      required: true,
      defaultValue: "PT1H",
      description: "How long it lives, PT1M to P1D, and no longer than the caller's key.",
    }),
  }),
});

const CreateAccessTokenPayload = builder
  .objectRef<{ token: string; expiresAt: Date }>("CreateAccessTokenPayload")
  .implement({
    description: "The new token. It ends by itself, or when the key that made it is revoked.",
    fields: (t) => ({
      token: t.exposeString("token", {
        description: "Use it like a key: Authorization: Bearer, or in connection_init.",
      }),
      expiresAt: t.expose("expiresAt", { type: "DateTime", description: "When it ends." }),
    }),
  });

builder.mutationField("createAccessToken", (t) =>
  t.field({
    type: resultUnion("CreateAccessToken", CreateAccessTokenPayload, [
      InvalidInputError,
      NotFoundError,
    ]),
    nullable: true,
    description: "Makes a token for a browser. Any key may, within its own rights.",
    args: {
      input: t.arg({ type: CreateAccessTokenInput, required: true, description: "The token." }),
    },
    resolve: (_root, { input: { webhooks, ...input } }, context) =>
      refusing(async () => {
        const webhookIds = webhooks ? await seenIds(webhooks.map(webhookRef), context) : null;
        const { caller, tools } = context;
        const token = await createAccessToken(caller, { ...input, webhookIds }, tools);
        const signed = await context.signToken(token, caller);
        return { token: signed, expiresAt: token.expiresAt };
      }),
  }),
);

async function seenIds(refs: readonly WebhookRef[], context: Context): Promise<string[]> {
  if (refs.length > TOKEN_WEBHOOKS_MAX)
    throw invalidInput(["webhooks"], `must have at most ${TOKEN_WEBHOOKS_MAX} entries`);
  const found = await Promise.all(refs.map((ref) => context.reader.webhook(context.tenantId, ref)));
  const missing = found.indexOf(null);
  if (missing >= 0) throw new Refusal("WEBHOOK_NOT_FOUND", { path: ["webhooks", String(missing)] });
  return [...new Set(found.map((webhook) => webhook!.id))];
}
