import type { SqliteHandle } from "./sqlite.ts";

export function apiKeyStatements(db: SqliteHandle) {
  const used = db.prepare(
    "update api_key set last_used_at = max(?, coalesce(last_used_at, 0)) where id = ?",
  );
  return {
    usedKey: (id: string, at: Date): void => void used.run(at.getTime(), id),
  };
}
