import type { AuditEntry } from "../../domain/audit.ts";
import { idBefore } from "../../domain/id.ts";
import type { Inbox, InboxRequest } from "../../domain/inbox.ts";
import { insertAll, recordset, type Query } from "./rows.ts";

const INBOX = `
  select id, tenant_id as "tenantId", name, created_at as "createdAt", expires_at as "expiresAt",
    response_status as "responseStatus", response_delay_ms as "responseDelayMs", fail_next as "failNext"
  from inbox where id = $1 for update`;
const TRIM = `
  delete from inbox_request where inbox_id = $1 and id <= (
    select id from inbox_request where inbox_id = $1 order by id desc limit 1 offset $2)`;

/** Inboxes, keys and the audit log. */
export function peopleStatements(query: Query) {
  return {
    async inbox(id: string): Promise<Inbox | undefined> {
      return (await query<Inbox>(INBOX, [id]))[0];
    },
    async setFailNext({ id, failNext }: Inbox): Promise<void> {
      await query("update inbox set fail_next = $2 where id = $1", [id, failNext]);
    },
    async addInboxRequest(request: InboxRequest): Promise<void> {
      await query(insertAll("inbox_request"), [recordset([request])]);
    },
    async trimInbox(id: string, most: number): Promise<void> {
      await query(TRIM, [id, most]);
    },
    async emptyInbox(id: string): Promise<void> {
      await query("delete from inbox_request where inbox_id = $1", [id]);
    },
    async usedKeys(uses: ReadonlyMap<string, Date>): Promise<void> {
      const rows = [...uses]
        .map(([id, at]) => ({ id, at }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1));
      for (const { id, at } of rows)
        await query("update api_key set last_used_at = greatest($2, last_used_at) where id = $1", [
          id,
          at,
        ]);
    },
    async addAuditEntries(entries: readonly AuditEntry[]): Promise<void> {
      await query(insertAll("audit_entry"), [recordset(entries)]);
    },
  };
}

/** Expired inboxes in one transaction: each may hold 500 requests of 1 MiB. */
const INBOXES = 2;
const OLD_DELIVERIES = `
  with old as (
    select id from delivery where id > $1 and id < $2 and due_at is null and finished_at < $3
    order by id limit $4 for update),
  attempts as (delete from delivery_attempt where delivery_id in (select id from old))
  delete from delivery where id in (select id from old) returning id`;
const OLD_EVENTS = `
  with old as (
    select id from event e where id > $1 and id < $2 and not exists (select 1 from delivery where event_id = e.id)
    order by id limit $3),
  keys as (delete from idempotency_key where event_id in (select id from old)),
  bodies as (delete from body where event_id in (select id from old))
  delete from event where id in (select id from old) returning id`;
const LOG_START = `
  select position, at, position <= t.folded_position as "isFolded"
  from log join tenant t on t.id = tenant_id where tenant_id = $1 order by position limit $2`;
const OLD_AUDIT = `
  delete from audit_entry where id in (select id from audit_entry where id < $1 order by id limit $2) returning 1 as gone`;
const OLD_INBOXES = `
  with old as (select id from inbox where expires_at <= $1 order by expires_at limit ${INBOXES}),
  requests as (delete from inbox_request where inbox_id in (select id from old))
  delete from inbox where id in (select id from old) returning id`;

export function retentionStatements(query: Query) {
  const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id).toSorted();
  return {
    async removeDeliveries(after: string, before: Date, most: number): Promise<string[]> {
      return ids(await query(OLD_DELIVERIES, [after, idBefore("dlv", before), before, most]));
    },
    async removeEvents(after: string, before: Date, most: number): Promise<string[]> {
      return ids(await query(OLD_EVENTS, [after, idBefore("evt", before), most]));
    },
    async removeLog(tenantId: string, before: Date, most: number): Promise<number> {
      const rows = await query<{ position: number; at: Date; isFolded: boolean }>(LOG_START, [
        tenantId,
        most,
      ]);
      const kept = rows.findIndex(({ at, isFolded }) => at >= before || !isFolded);
      const cut = kept === -1 ? (rows.at(-1)?.position ?? 0) + 1 : rows[kept]!.position;
      if (rows.length === 0 || cut <= rows[0]!.position) return 0;
      await query("delete from log where tenant_id = $1 and position < $2", [tenantId, cut]);
      return cut - rows[0]!.position;
    },
    async removeAuditEntries(before: Date, most: number): Promise<number> {
      return (await query(OLD_AUDIT, [idBefore("aud", before), most])).length;
    },
    async removeInboxes(now: Date): Promise<boolean> {
      return (await query(OLD_INBOXES, [now])).length === INBOXES;
    },
    async removeSecrets(before: Date): Promise<void> {
      await query("delete from signing_secret where expires_at <= $1", [before]);
    },
    async removeHours(before: Date): Promise<void> {
      await query("delete from webhook_hour where hour < $1", [before.getTime()]);
    },
    async removeWebhooks(before: Date): Promise<void> {
      await query(
        `delete from webhook where deleted_at < $1
         and not exists (select 1 from delivery where webhook_id = webhook.id)`,
        [before],
      );
    },
  };
}
