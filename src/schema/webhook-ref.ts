import type { WebhookRef } from "../domain/webhook.ts";
import { builder } from "./builder.ts";

export const WebhookRefInput = builder.inputType("WebhookRef", {
  description: "A webhook by its id or by its own key.",
  isOneOf: true,
  fields: (t) => ({
    id: t.id({ description: "Its id." }),
    key: t.string({ description: "The key that its maker gave it." }),
  }),
});

/** GraphQL has seen to it that exactly one is there. */
export function webhookRef(input: { id?: string | null; key?: string | null }): WebhookRef {
  return input.id == null ? { key: input.key! } : { id: input.id };
}
