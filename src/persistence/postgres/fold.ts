import { HOUR_MS, type WebhookHour } from "../../domain/health.ts";
import type { Folded } from "../../domain/health.ts";
import type { LogEntry } from "../../domain/log-entry.ts";
import type { FoldedWebhook, Unplaced, Versions } from "../statements.ts";
import { recordset, type Query } from "./rows.ts";

const UNFOLDED = `
  select position, at, change, webhook_id as "webhookId", is_test as "isTest", outcome,
    response_status as "responseStatus", status, took_ms as "tookMs", null as "dueAt"
  from log where tenant_id = $1 and position > (select folded_position from tenant where id = $1)
  order by position limit $2`;
const FOLDED = `
  select tenant_id as "tenantId", state, active_since as "activeSince", health,
    consecutive_failures as "consecutiveFailures", failures_since_success as "failuresSinceSuccess",
    delivery_count as "deliveryCount", last_succeeded_at as "lastSucceededAt", last_failed_at as "lastFailedAt"
  from webhook where id = $1 and deleted_at is null for update`;
const SET_FOLDED = `
  update webhook set health = $2, consecutive_failures = $3, failures_since_success = $4, delivery_count = $5,
    last_succeeded_at = $6, last_failed_at = $7 where id = $1`;
const AUTO_PAUSE = `
  update webhook set state = 'AUTO_PAUSED', state_reason = $2, updated_at = $3, version = version + 1 where id = $1`;
const HOUR = `select succeeded, failed, durations from webhook_hour where webhook_id = $1 and hour = $2`;
const SET_HOUR = `
  insert into webhook_hour values ($1, $2, $3, $4, $5)
  on conflict (webhook_id, hour) do update
  set succeeded = excluded.succeeded, failed = excluded.failed, durations = excluded.durations`;
const LAST_DAY = `
  select coalesce(sum(succeeded), 0)::int as succeeded, coalesce(sum(failed), 0)::int as failed
  from webhook_hour where webhook_id = $1 and hour > $2`;
const LOCK_FILTERED = `select id from webhook where id = any($1) order by id for update`;
const ADD_FILTERED = `
  update webhook w set filtered_count = filtered_count + s.count
  from json_to_recordset($1) as s(id text, count int) where w.id = s.id`;

/** Adds the rows to the log of their tenants. Whoever appends to the same one waits here until the commit. */
const APPEND = `
  with rows as (
    select r.*, row_number() over (partition by tenant_id order by ordinality) as nth, ordinality
    from json_populate_recordset(null::log, $1) with ordinality as r),
  ends as (
    insert into log_position (tenant_id, position)
    select tenant_id, count(*) from rows group by tenant_id order by tenant_id
    on conflict (tenant_id) do update set position = log_position.position + excluded.position
    returning tenant_id, position),
  starts as (
    select e.tenant_id, e.position - (select count(*) from rows r where r.tenant_id = e.tenant_id) as before from ends e),
  added as (
    insert into log
    select r.tenant_id, s.before + r.nth, r.at, r.change, r.webhook_id, r.delivery_id, r.event_id, r.event_type, r.is_test,
      r.status, r.attempts, r.due_at, r.attempt_id, r.outcome, r.response_status, r.took_ms, r.inbox_id, r.request_id
    from rows r join starts s on s.tenant_id = r.tenant_id)
  select tenant_id as "tenantId", before from starts`;

export function foldStatements(query: Query) {
  return {
    async lockTenant(tenantId: string): Promise<Versions | undefined> {
      const [row] = await query<Versions>(
        "select webhooks_version as webhooks, catalog_version as catalog from tenant where id = $1 for update",
        [tenantId],
      );
      return row;
    },
    async raiseKeysVersion(): Promise<void> {
      await query(
        `insert into meta values ('keys_version', '1')
         on conflict (name) do update set value = (meta.value::bigint + 1)::text`,
      );
    },
    async raiseVersions(tenantId: string, { webhooks, catalog }: Versions): Promise<void> {
      await query(
        "update tenant set webhooks_version = webhooks_version + $2, catalog_version = catalog_version + $3 where id = $1",
        [tenantId, webhooks, catalog],
      );
    },
    unfolded: (tenantId: string, most: number) => query<LogEntry>(UNFOLDED, [tenantId, most]),
    async setFolded(tenantId: string, position: number): Promise<void> {
      await query("update tenant set folded_position = $2 where id = $1", [tenantId, position]);
    },
    async foldedWebhook(id: string): Promise<FoldedWebhook | undefined> {
      return (await query<FoldedWebhook>(FOLDED, [id]))[0];
    },
    async setFoldedWebhook(id: string, w: Omit<Folded, "isGone">): Promise<void> {
      await query(SET_FOLDED, [
        id,
        w.health,
        w.consecutiveFailures,
        w.failuresSinceSuccess,
        w.deliveryCount,
        w.lastSucceededAt,
        w.lastFailedAt,
      ]);
    },
    async autoPause(id: string, reason: string, at: Date): Promise<void> {
      await query(AUTO_PAUSE, [id, reason, at]);
    },
    async addHour(id: string, { hour, succeeded, failed, durations }: WebhookHour): Promise<void> {
      const [known] = await query<Omit<WebhookHour, "webhookId" | "hour">>(HOUR, [id, hour]);
      const counts = durations.map((count, bucket) => count + (known?.durations[bucket] ?? 0));
      await query(SET_HOUR, [
        id,
        hour,
        succeeded + (known?.succeeded ?? 0),
        failed + (known?.failed ?? 0),
        JSON.stringify(counts),
      ]);
    },
    async lastDay(id: string, since: Date) {
      const from = Math.floor(since.getTime() / HOUR_MS) * HOUR_MS;
      return (await query<Pick<WebhookHour, "succeeded" | "failed">>(LAST_DAY, [id, from]))[0]!;
    },
    async addFiltered(counts: ReadonlyMap<string, number>): Promise<void> {
      await query(LOCK_FILTERED, [[...counts.keys()]]);
      await query(ADD_FILTERED, [recordset([...counts].map(([id, count]) => ({ id, count })))]);
    },
    async appendLog(rows: readonly Unplaced[]): Promise<readonly LogEntry[]> {
      const starts = await query<{ tenantId: string; before: number }>(APPEND, [recordset(rows)]);
      const next = new Map(starts.map(({ tenantId, before }) => [tenantId, before]));
      return rows.map((row) => {
        const position = next.get(row.tenantId)! + 1;
        next.set(row.tenantId, position);
        return { ...row, position };
      });
    },
  };
}
