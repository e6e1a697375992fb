import { idBefore } from "../../domain/id.ts";
import type { SqliteHandle } from "./rows.ts";

/** Expired inboxes in one transaction: each may hold 500 requests of 1 MiB. */
const INBOXES = 2;

export function retentionStatements(db: SqliteHandle) {
  return { ...deliveryRemoval(db), ...logRemoval(db), ...restRemoval(db) };
}

function deliveryRemoval(db: SqliteHandle) {
  // Ids sort by time, so the oldest rows come first without an index of their own.
  const oldDeliveries = db.prepare<[string, string, number, number], { id: string }>(
    `select id from delivery where id > ? and id < ? and due_at is null and finished_at < ?
     order by id limit ? + 0`,
  );
  const dropAttempts = db.prepare("delete from delivery_attempt where delivery_id = ?");
  const dropDelivery = db.prepare("delete from delivery where id = ?");
  const oldEvents = db.prepare<[string, string, number], { id: string }>(
    `select id from event where id > ? and id < ? and not exists (select 1 from delivery where event_id = event.id)
     order by id limit ? + 0`,
  );
  const dropKey = db.prepare("delete from idempotency_key where event_id = ?");
  const dropBodies = db.prepare("delete from body where event_id = ?");
  const dropEvent = db.prepare("delete from event where id = ?");
  return {
    /** Those behind `after`, oldest first; returns their ids. */
    removeDeliveries(after: string, before: Date, most: number): string[] {
      const rows = oldDeliveries.all(after, idBefore("dlv", before), before.getTime(), most);
      for (const { id } of rows) {
        dropAttempts.run(id);
        dropDelivery.run(id);
      }
      return rows.map(({ id }) => id);
    },
    removeEvents(after: string, before: Date, most: number): string[] {
      const rows = oldEvents.all(after, idBefore("evt", before), most);
      for (const { id } of rows) {
        dropKey.run(id);
        dropBodies.run(id);
        dropEvent.run(id);
      }
      return rows.map(({ id }) => id);
    },
  };
}

function logRemoval(db: SqliteHandle) {
  const first = db.prepare<[string, number], { position: number; at: number; isFolded: 0 | 1 }>(
    `select position, at, position <= t.folded_position as isFolded
     from log join tenant t on t.id = tenant_id where tenant_id = ? order by position limit ? + 0`,
  );
  const drop = db.prepare("delete from log where tenant_id = ? and position < ?");
  return {
    /** The log is cut from its start only, so that its positions stay without gaps. */
    removeLog(tenantId: string, before: Date, most: number): number {
      const rows = first.all(tenantId, most);
      const kept = rows.findIndex(({ at, isFolded }) => at >= before.getTime() || !isFolded);
      const cut = kept === -1 ? (rows.at(-1)?.position ?? 0) + 1 : rows[kept]!.position;
      return drop.run(tenantId, cut).changes;
    },
  };
}

function restRemoval(db: SqliteHandle) {
  const dropRequests = db.prepare(
    `delete from inbox_request where inbox_id in (
       select id from inbox where expires_at <= ? order by expires_at limit ${INBOXES})`,
  );
  const dropInboxes = db.prepare(
    `delete from inbox where id in (
       select id from inbox where expires_at <= ? order by expires_at limit ${INBOXES})`,
  );
  const dropSecrets = db.prepare("delete from signing_secret where expires_at <= ?");
  const dropHours = db.prepare("delete from webhook_hour where hour < ?");
  const dropWebhooks = db.prepare(
    `delete from webhook where deleted_at < ?
     and not exists (select 1 from delivery where webhook_id = webhook.id)`,
  );
  return {
    /** Whether a full step was removed. */
    removeInboxes(now: Date): boolean {
      dropRequests.run(now.getTime());
      return dropInboxes.run(now.getTime()).changes === INBOXES;
    },
    removeSecrets: (before: Date): void => void dropSecrets.run(before.getTime()),
    removeHours: (before: Date): void => void dropHours.run(before.getTime()),
    removeWebhooks: (before: Date): void => void dropWebhooks.run(before.getTime()),
  };
}
