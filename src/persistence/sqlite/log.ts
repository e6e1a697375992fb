import type { LogEntry } from "../../domain/log-entry.ts";
import type { Unplaced, Versions } from "../statements.ts";
import { at, insert, type SqliteHandle } from "./rows.ts";

export function logStatements(db: SqliteHandle) {
  const add = db.prepare(insert("log", 18));
  const end = db.prepare<[string, number], { position: number }>(
    `insert into log_position values (?, ?)
     on conflict do update set position = position + excluded.position returning position`,
  );
  const versions = db.prepare<[string], Versions>(
    "select webhooks_version as webhooks, catalog_version as catalog from tenant where id = ?",
  );
  const raise = db.prepare(
    "update tenant set webhooks_version = webhooks_version + ?, catalog_version = catalog_version + ? where id = ?",
  );
  const addLogEntries = (entries: readonly LogEntry[]): void => {
    for (const e of entries)
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
  };
  return {
    /** There is one writer: nobody else changes anything. */
    lockTenant: (tenantId: string): Versions | undefined => versions.get(tenantId),
    raiseKeysVersion: (): void => {},
    raiseVersions: (tenantId: string, by: Versions): void =>
      void raise.run(by.webhooks, by.catalog, tenantId),
    addLogEntries,
    /** Makes room for so many more rows of a tenant; returns the position of the last. */
    moveLogEnd: (tenantId: string, rows: number): number => end.get(tenantId, rows)!.position,
    appendLog(rows: readonly Unplaced[]): readonly LogEntry[] {
      const next = new Map<string, number>();
      for (const [tenantId, { length }] of Map.groupBy(rows, (row) => row.tenantId))
        next.set(tenantId, end.get(tenantId, length)!.position - length + 1);
      const entries = rows.map((row) => {
        const position = next.get(row.tenantId)!;
        next.set(row.tenantId, position + 1);
        return { ...row, position };
      });
      addLogEntries(entries);
      return entries;
    },
  };
}
