/** What both databases read of a row, each column under the name of its property. */
import type { Delivery } from "../domain/delivery.ts";
import type { LogEntry } from "../domain/log-entry.ts";
import type { StoredEventType, StoredWebhook } from "./statements.ts";

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

export const LOG_COLUMNS = {
  tenantId: "tenant_id",
  position: "position",
  at: "at",
  change: "change",
  webhookId: "webhook_id",
  deliveryId: "delivery_id",
  eventId: "event_id",
  eventType: "event_type",
  isTest: "is_test",
  status: "status",
  attempts: "attempts",
  dueAt: "due_at",
  attemptId: "attempt_id",
  outcome: "outcome",
  responseStatus: "response_status",
  tookMs: "took_ms",
  inboxId: "inbox_id",
  requestId: "request_id",
} satisfies Record<keyof LogEntry, string>;
export const LOG_ENTRY = columns<LogEntry>("l", LOG_COLUMNS);

export const WEBHOOK = columns<StoredWebhook>("w", {
  id: "id",
  name: "name",
  state: "state",
  activeSince: "active_since",
  url: "url",
  format: "format",
  timeoutMs: "timeout_ms",
  maxInFlight: "max_in_flight",
  rateLimitPerSecond: "rate_limit_per_second",
  consecutiveFailures: "consecutive_failures",
  eventTypes: "event_types",
  headers: "headers",
  retryDelaysMs: "retry_delays_ms",
  filter: "filter",
  keepFiltered: "keep_filtered",
  select: "selections",
});
export const EVENT_TYPE = columns<Omit<StoredEventType, "size">>("t", {
  id: "id",
  name: "name",
  title: "title",
  description: "description",
  category: "category",
  aliases: "aliases",
  deprecationReason: "deprecation_reason",
  retiredAt: "retired_at",
  version: "version",
  schema: "schema",
  samplePayload: "sample_payload",
});

/** A select list that gives each column of `table` the name of its property. */
export function columns<T>(table: string, names: { readonly [K in keyof T]: string }): string {
  return Object.entries(names)
    .map(([property, column]) => `${table}.${String(column)} as "${property}"`)
    .join(", ");
}
