import type { Delivery } from "./delivery.ts";
import type { Tools } from "./tools.ts";

/** One delivery again, whatever became of it; see `redeliver` in delivery.ts. */
export async function redeliverDelivery(
  tenantId: string,
  deliveryId: string,
  tools: Tools,
): Promise<Delivery> {
  const delivery = await change(tenantId, deliveryId, "redeliver", tools);
  tools.lanes.hasten(tenantId, delivery.webhookId);
  return announced("delivery.requeued", delivery, tools);
}

export async function cancelDelivery(
  tenantId: string,
  deliveryId: string,
  tools: Tools,
): Promise<Delivery> {
  const delivery = await change(tenantId, deliveryId, "cancel", tools);
  return announced("delivery.cancelled", delivery, tools);
}

/** An attempt that waits for its turn in this process must not begin any more; the writer's order sees to the rest. */
async function change(
  tenantId: string,
  deliveryId: string,
  verb: "redeliver" | "cancel",
  { by, lanes, store, clock, announce }: Tools,
): Promise<Delivery> {
  lanes.withdraw(tenantId, deliveryId);
  const { delivery, lost } = await store.transition({
    tenantId,
    deliveryId,
    verb,
    now: clock.now(),
    by,
  });
  // Again: a claim that was on its way from the table has arrived by now.
  if (verb === "cancel") lanes.withdraw(tenantId, deliveryId);
  for (const fact of lost) announce(fact);
  return delivery;
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
