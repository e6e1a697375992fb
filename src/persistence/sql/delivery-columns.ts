import type { Delivery } from "../../domain/delivery.ts";
import { columns, type Row } from "./sqlite.ts";

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

/** A delivery with what its body is made from. */
export type DueRow = Row<Delivery> & {
  readonly typeName: string;
  readonly payload: string;
  readonly occurredAt: number;
};
