import { HOUR_MS, type WebhookHour } from "../../domain/health.ts";
import type { LogEntry } from "../../domain/log-entry.ts";
import type { FoldedWebhook } from "../statements.ts";
import { date, type Row, type SqliteHandle } from "./rows.ts";

export function foldStatements(db: SqliteHandle) {
  const unfolded = db.prepare<[string, string, number], Row<LogEntry>>(
    `select position, at, change, webhook_id as webhookId, is_test as isTest, outcome, response_status as responseStatus,
      status, took_ms as tookMs from log
     where tenant_id = ? and position > (select folded_position from tenant where id = ?) order by position limit ? + 0`,
  );
  const setFolded = db.prepare("update tenant set folded_position = ? where id = ?");
  const webhook = db.prepare<[string], Row<FoldedWebhook>>(
    `select tenant_id as tenantId, state, active_since as activeSince, health, consecutive_failures as consecutiveFailures,
      failures_since_success as failuresSinceSuccess, delivery_count as deliveryCount,
      last_succeeded_at as lastSucceededAt, last_failed_at as lastFailedAt
     from webhook where id = ? and deleted_at is null`,
  );
  const setWebhook = db.prepare(
    `update webhook set health = ?, consecutive_failures = ?, failures_since_success = ?, delivery_count = ?,
      last_succeeded_at = ?, last_failed_at = ? where id = ?`,
  );
  const autoPause = db.prepare(
    "update webhook set state = 'AUTO_PAUSED', state_reason = ?, updated_at = ?, version = version + 1 where id = ?",
  );
  const addFiltered = db.prepare(
    "update webhook set filtered_count = filtered_count + ? where id = ?",
  );
  const hour = db.prepare<
    [string, number],
    { succeeded: number; failed: number; durations: string }
  >("select succeeded, failed, durations from webhook_hour where webhook_id = ? and hour = ?");
  const setHour = db.prepare("insert or replace into webhook_hour values (?, ?, ?, ?, ?)");
  const lastDay = db.prepare<[string, number], Pick<WebhookHour, "succeeded" | "failed">>(
    `select coalesce(sum(succeeded), 0) as succeeded, coalesce(sum(failed), 0) as failed
     from webhook_hour where webhook_id = ? and hour > ?`,
  );
  return {
    unfolded: (tenantId: string, most: number): LogEntry[] =>
      unfolded
        .all(tenantId, tenantId, most)
        .map((row) => ({ ...row, at: new Date(row.at), dueAt: null, isTest: row.isTest === 1 })),
    addFiltered(counts: ReadonlyMap<string, number>): void {
      for (const [webhookId, count] of counts) addFiltered.run(count, webhookId);
    },
    setFolded: (tenantId: string, position: number): void => void setFolded.run(position, tenantId),
    foldedWebhook(id: string): FoldedWebhook | undefined {
      const row = webhook.get(id);
      if (!row) return undefined;
      const { activeSince, lastSucceededAt, lastFailedAt } = row;
      return {
        ...row,
        activeSince: new Date(activeSince),
        lastSucceededAt: date(lastSucceededAt),
        lastFailedAt: date(lastFailedAt),
      };
    },
    setFoldedWebhook(
      id: string,
      w: Omit<FoldedWebhook, "tenantId" | "state" | "activeSince">,
    ): void {
      setWebhook.run(
        w.health,
        w.consecutiveFailures,
        w.failuresSinceSuccess,
        w.deliveryCount,
        w.lastSucceededAt?.getTime() ?? null,
        w.lastFailedAt?.getTime() ?? null,
        id,
      );
    },
    autoPause: (id: string, reason: string, at: Date): void =>
      void autoPause.run(reason, at.getTime(), id),
    addHour(id: string, { hour: start, succeeded, failed, durations }: WebhookHour): void {
      const known = hour.get(id, start);
      const counts = known ? (JSON.parse(known.durations) as number[]) : [];
      const sum = durations.map((count, bucket) => count + (counts[bucket] ?? 0));
      setHour.run(
        id,
        start,
        succeeded + (known?.succeeded ?? 0),
        failed + (known?.failed ?? 0),
        JSON.stringify(sum),
      );
    },
    lastDay: (id: string, since: Date) =>
      lastDay.get(id, Math.floor(since.getTime() / HOUR_MS) * HOUR_MS)!,
  };
}
