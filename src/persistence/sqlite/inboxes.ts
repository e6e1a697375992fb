import type { Inbox, InboxRequest } from "../../domain/inbox.ts";
import { type SqliteHandle } from "./rows.ts";

export function inboxStatements(db: SqliteHandle) {
  const get = db.prepare<[string], Omit<Inbox, "expiresAt" | "createdAt"> & { expiresAt: number }>(
    `select id, tenant_id as tenantId, name, expires_at as expiresAt, response_status as responseStatus,
      response_delay_ms as responseDelayMs, fail_next as failNext from inbox where id = ?`,
  );
  const setFailNext = db.prepare("update inbox set fail_next = ? where id = ?");
  const add = db.prepare(`insert into inbox_request values (${Array(12).fill("?").join(", ")})`);
  const trim = db.prepare(
    `delete from inbox_request where inbox_id = ? and id <= (
       select id from inbox_request where inbox_id = ? order by id desc limit 1 offset ?)`,
  );
  const empty = db.prepare("delete from inbox_request where inbox_id = ?");
  return {
    emptyInbox: (id: string): void => void empty.run(id),
    inbox(id: string): Inbox | undefined {
      const row = get.get(id);
      return row && { ...row, createdAt: new Date(0), expiresAt: new Date(row.expiresAt) };
    },
    setFailNext: ({ id, failNext }: Inbox): void => void setFailNext.run(failNext, id),
    addInboxRequest(r: InboxRequest): void {
      add.run(
        r.id,
        r.tenantId,
        r.inboxId,
        r.receivedAt.getTime(),
        r.method,
        r.path,
        JSON.stringify(r.headers),
        r.body,
        Number(r.bodyTruncated),
        r.signatureValid === null ? null : Number(r.signatureValid),
        r.signatureProblem,
        r.deliveryId,
      );
    },
    trimInbox: (id: string, most: number): void => void trim.run(id, id, most),
  };
}
