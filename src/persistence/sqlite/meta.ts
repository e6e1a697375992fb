import type { SqliteHandle } from "./rows.ts";

/** Facts about the installation itself. */
export type MetaStatements = ReturnType<typeof metaStatements>;

export function metaStatements(db: SqliteHandle) {
  const get = db.prepare<[string], { value: string }>("select value from meta where name = ?");
  const set = db.prepare(
    "insert into meta values (?, ?) on conflict do update set value = excluded.value",
  );
  return {
    get: (name: string) => get.get(name)?.value,
    set: (name: string, value: string): void => void set.run(name, value),
  };
}
