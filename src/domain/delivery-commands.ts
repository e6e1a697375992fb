import type { Delivery } from "./delivery.ts";
import type { Tools } from "./tools.ts";

/** One delivery again, whatever became of it; see `redeliver` in delivery.ts. */
export async function redeliverDelivery(
  tenantId: string,
  deliveryId: string,
  tools: Tools,
): Promise<Delivery> {
  const delivery = await tools.store.transition(
    tenantId,
    deliveryId,
    "redeliver",
    tools.clock.now(),
  );
  tools.lanes.wake(tenantId, delivery.webhookId, tools.clock.now());
  return announced("delivery.requeued", delivery, tools);
}

export async function cancelDelivery(
  tenantId: string,
  deliveryId: string,
  tools: Tools,
): Promise<Delivery> {
  const delivery = await tools.store.transition(tenantId, deliveryId, "cancel", tools.clock.now());
  return announced("delivery.cancelled", delivery, tools);
}

function announced(
  type: "delivery.requeued" | "delivery.cancelled",
  delivery: Delivery,
  { announce }: Tools,
): Delivery {
  const { tenantId, id: deliveryId, webhookId, eventId, eventType } = delivery;
  announce({ type, tenantId, deliveryId, webhookId, eventId, eventType });
  return delivery;
}
