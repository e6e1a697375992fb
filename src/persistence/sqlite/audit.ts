import type { AuditEntry, Shown } from "../../domain/audit.ts";
import { idBefore } from "../../domain/id.ts";
import { at, insert, type SqliteHandle } from "./rows.ts";

/** Ids sort by time, so the oldest rows come first without an index of their own. */
export const REMOVE_OLDEST =
  "delete from audit_entry where id in (select id from audit_entry where id < ? order by id limit ? + 0)";

export function auditStatements(db: SqliteHandle) {
  const add = db.prepare(insert("audit_entry", 9));
  const drop = db.prepare(REMOVE_OLDEST);
  const json = (shown: Shown | null) => shown && JSON.stringify(shown);
  return {
    addAuditEntries(entries: readonly AuditEntry[]): void {
      for (const e of entries)
        add.run(
          e.id,
          e.tenantId,
          at(e.at),
          e.actor,
          e.from,
          e.action,
          e.subject,
          json(e.before),
          json(e.after),
        );
    },
    removeAuditEntries: (before: Date, most: number): number =>
      drop.run(idBefore("aud", before), most).changes,
  };
}
