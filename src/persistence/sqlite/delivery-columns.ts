import { Delivery } from "../../domain/delivery.ts";
import type { DueDelivery } from "../statements.ts";
import { columns, date, type Row } from "./rows.ts";

/** The columns of a delivery as its class names them. */
export const DELIVERY = columns<Delivery>("d", {
  id: "id",
  tenantId: "tenant_id",
  eventId: "event_id",
  eventType: "event_type",
  webhookId: "webhook_id",
  webhookName: "webhook_name",
  format: "format",
  isTest: "is_test",
  status: "status",
  trigger: "trigger",
  attempts: "attempts",
  failures: "failures",
  losses: "losses",
  createdAt: "created_at",
  dueAt: "due_at",
  succeededAt: "succeeded_at",
  finishedAt: "finished_at",
  lastOutcome: "last_outcome",
  lastAttemptId: "last_attempt_id",
  claimOwner: "claim_owner",
  claimNumber: "claim_number",
  claimEndsAt: "claim_ends_at",
  shape: "shape",
});
export const EVENT_OF_DELIVERY =
  "e.type_name as typeName, iif(d.shape is null or d.shape = '?', e.payload, b.payload) as payload, e.occurred_at as occurredAt from delivery d join event e on e.id = d.event_id left join body b on b.event_id = d.event_id and b.shape = d.shape";

export function deliveryOf(row: Row<Delivery>): Delivery {
  return Object.assign(new Delivery(), row, {
    isTest: row.isTest === 1,
    createdAt: new Date(row.createdAt),
    dueAt: date(row.dueAt),
    succeededAt: date(row.succeededAt),
    finishedAt: date(row.finishedAt),
  });
}

export function dueDeliveryOf(row: Row<DueDelivery>): DueDelivery {
  return Object.assign(deliveryOf(row), {
    typeName: row.typeName,
    payload: row.payload,
    occurredAt: new Date(row.occurredAt),
  });
}
