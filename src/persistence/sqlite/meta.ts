import { createIds } from "../../domain/id.ts";
import { DEFAULT_TENANT } from "../../domain/tenant.ts";
import type { Meta } from "../secret-key.ts";
import type { SqliteHandle } from "./rows.ts";

export function metaStatements(db: SqliteHandle): Meta {
  const get = db.prepare<[string], { value: string }>("select value from meta where name = ?");
  const set = db.prepare(
    "insert into meta values (?, ?) on conflict do update set value = excluded.value",
  );
  return {
    get: (name: string) => get.get(name)?.value,
    set: (name: string, value: string): void => void set.run(name, value),
  };
}

/** The tenant that exists from the start. */
export function defaultTenant(db: SqliteHandle, now: Date): string {
  const found = db
    .prepare<[string], { id: string }>("select id from tenant where key = ?")
    .get(DEFAULT_TENANT.key);
  if (found) return found.id;
  const id = createIds(() => now)("ten");
  db.prepare("insert into tenant values (?, ?, ?, ?, 0, 0, 0)").run(
    id,
    DEFAULT_TENANT.key,
    DEFAULT_TENANT.name,
    now.getTime(),
  );
  return id;
}
