import type { SqliteHandle } from "./rows.ts";

export function apiKeyStatements(db: SqliteHandle) {
  const used = db.prepare(
    "update api_key set last_used_at = max(?, coalesce(last_used_at, 0)) where id = ?",
  );
  return {
    usedKeys(uses: ReadonlyMap<string, Date>): void {
      for (const [id, at] of uses) used.run(at.getTime(), id);
    },
  };
}
