import { cancelDelivery, redeliverDelivery } from "../domain/delivery-commands.ts";
import type { Delivery } from "../domain/delivery.ts";
import { builder } from "./builder.ts";
import { cursorNow } from "./connection.ts";
import { DeliveryRef } from "./refs.ts";
import { refusing, resultUnion } from "./refusal.ts";
import { seeDelivery } from "./seen.ts";
import { ConflictError, NotFoundError } from "./user-error.ts";

function deliveryInput(name: string) {
  return builder.inputType(name, {
    description: "Which delivery.",
    fields: (t) => ({ deliveryId: t.id({ required: true, description: "Its id." }) }),
  });
}

const RedeliverDeliveryPayload = builder
  .objectRef<{ delivery: Delivery; streamCursor: string }>("RedeliverDeliveryPayload")
  .implement({
    description: "The delivery is due again.",
    fields: (t) => ({
      delivery: t.expose("delivery", {
        type: DeliveryRef,
        nullable: true,
        description: "As it is now.",
      }),
      streamCursor: t.expose("streamCursor", {
        type: "StreamCursor",
        description:
          "From before the command: subscribe to deliveryUpdates from it and nothing is missed.",
      }),
    }),
  });

const CancelDeliveryPayload = builder
  .objectRef<{ delivery: Delivery }>("CancelDeliveryPayload")
  .implement({
    description: "The delivery is cancelled.",
    fields: (t) => ({
      delivery: t.expose("delivery", {
        type: DeliveryRef,
        nullable: true,
        description: "As it is now.",
      }),
    }),
  });

builder.mutationFields((t) => ({
  redeliverDelivery: t.field({
    type: resultUnion("RedeliverDelivery", RedeliverDeliveryPayload, [
      NotFoundError,
      ConflictError,
    ]),
    nullable: true,
    authScopes: { needs: "DELIVERIES_WRITE" },
    description:
      "From any final or waiting state: due now, trigger MANUAL, the schedule starts anew, attempt numbers go on. NOT_RETRYABLE while an attempt is in flight.",
    args: {
      input: t.arg({
        type: deliveryInput("RedeliverDeliveryInput"),
        required: true,
        description: "Which one.",
      }),
    },
    resolve: (_root, { input: { deliveryId } }, context) =>
      refusing(async () => {
        await seeDelivery(deliveryId, context);
        const streamCursor = cursorNow(context, "deliveries");
        return {
          delivery: await redeliverDelivery(context.tenantId, deliveryId, context.tools),
          streamCursor,
        };
      }),
  }),
  cancelDelivery: t.field({
    type: resultUnion("CancelDelivery", CancelDeliveryPayload, [NotFoundError, ConflictError]),
    nullable: true,
    authScopes: { needs: "DELIVERIES_WRITE" },
    description:
      "Ends a delivery that is not finished. An attempt in flight is still recorded, and a success makes it SUCCEEDED.",
    args: {
      input: t.arg({
        type: deliveryInput("CancelDeliveryInput"),
        required: true,
        description: "Which one.",
      }),
    },
    resolve: (_root, { input: { deliveryId } }, context) =>
      refusing(async () => {
        await seeDelivery(deliveryId, context);
        return { delivery: await cancelDelivery(context.tenantId, deliveryId, context.tools) };
      }),
  }),
}));
