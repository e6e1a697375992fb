import type { StoredStatus } from "./delivery.ts";
import type { OutcomeKind } from "./outcome.ts";

export const DELIVERY_CHANGES = ["CREATED", "ATTEMPTED", "REQUEUED", "CANCELLED"] as const;
export type DeliveryChange = (typeof DELIVERY_CHANGES)[number];

/** What a row of the log tells: of a delivery, of a webhook (UPDATED, DELETED) or of an inbox (RECEIVED). */
export const LOG_CHANGES = [...DELIVERY_CHANGES, "UPDATED", "DELETED", "RECEIVED"] as const;
export type LogChange = (typeof LOG_CHANGES)[number];

/**
 * One committed change, as it was at that moment. Positions of a tenant grow in commit order and have no gaps.
 * Delivery changes carry all fields up to `tookMs`, the last four of them when an attempt ended.
 */
export class LogEntry {
  tenantId!: string;
  position!: number;
  at!: Date;
  change!: LogChange;
  webhookId!: string | null;
  deliveryId!: string | null;
  eventId!: string | null;
  eventType!: string | null;
  isTest!: boolean;
  status!: StoredStatus | null;
  attempts!: number | null;
  dueAt!: Date | null;
  attemptId!: string | null;
  outcome!: OutcomeKind | null;
  responseStatus!: number | null;
  tookMs!: number | null;
  inboxId!: string | null;
  requestId!: string | null;
}
