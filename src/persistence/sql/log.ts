import type { LogEntry } from "../../domain/log-entry.ts";
import { at, columns, insert, type SqliteHandle } from "./sqlite.ts";

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

export function logStatements(db: SqliteHandle) {
  const add = db.prepare(insert("log", 18));
  const last = db.prepare<[], { tenantId: string; position: number }>(
    `select id as tenantId, max(folded_position, coalesce((select max(position) from log where tenant_id = t.id), 0)) as position
     from tenant t`,
  );
  const raise = db.prepare(
    "update tenant set webhooks_version = webhooks_version + 1 where id = ?",
  );
  const version = db.prepare<[string], { version: number }>(
    "select webhooks_version as version from tenant where id = ?",
  );
  return {
    webhooksVersion: (tenantId: string) => version.get(tenantId)?.version,
    addLogEntry(e: LogEntry): void {
      add.run(
        e.tenantId,
        e.position,
        at(e.at),
        e.change,
        e.webhookId,
        e.deliveryId,
        e.eventId,
        e.eventType,
        Number(e.isTest),
        e.status,
        e.attempts,
        at(e.dueAt),
        e.attemptId,
        e.outcome,
        e.responseStatus,
        e.tookMs,
        e.inboxId,
        e.requestId,
      );
    },
    /** The last position of each tenant; retention may have removed the row itself. */
    positions: () => new Map(last.all().map(({ tenantId, position }) => [tenantId, position])),
    raiseWebhooksVersion: (tenantId: string): void => void raise.run(tenantId),
  };
}
