import { setTimeout as wait } from "node:timers/promises";
import type { Session, Statements } from "../statements.ts";
import type { SqliteHandle } from "./rows.ts";

const BUSY_RETRY_MS = 25;
const BUSY_PATIENCE_MS = 5000;

/** Begins transactions on the one connection that writes, one at a time. */
export function createSessions(
  db: SqliteHandle,
  sql: Statements,
): (closing: AbortSignal) => Promise<Session> {
  const [begin, commit, rollback] = ["begin immediate", "commit", "rollback"].map((text) =>
    db.prepare(text),
  );
  const session: Session = {
    sql,
    // There is no other connection that writes.
    adopt: () => {},
    commit: () => void commit!.run(),
    // A full disk makes SQLite roll back by itself.
    rollback: () => void (db.inTransaction && rollback!.run()),
  };
  return async (closing) => {
    for (let waited = 0; ; waited += BUSY_RETRY_MS) {
      try {
        begin!.run();
        return session;
      } catch (error) {
        const isBusy = String((error as { code?: unknown }).code).startsWith("SQLITE_BUSY");
        if (!isBusy || closing.aborted || waited >= BUSY_PATIENCE_MS) throw error;
      }
      await wait(BUSY_RETRY_MS);
    }
  };
}
