import { createIds } from "../../domain/id.ts";
import { DEFAULT_TENANT } from "../../domain/tenant.ts";
import type { Meta } from "../secret-key.ts";
import type { Query } from "./rows.ts";

/** Facts about the installation itself: read at once, and written when `work` is done. The caller holds a lock. */
export async function withMeta<T>(query: Query, work: (meta: Meta) => T): Promise<T> {
  const rows = await query<{ name: string; value: string }>("select name, value from meta");
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  const changed = new Map<string, string>();
  const result = work({
    get: (name) => values.get(name),
    set(name, value) {
      values.set(name, value);
      changed.set(name, value);
    },
  });
  for (const [name, value] of changed)
    await query(
      "insert into meta values ($1, $2) on conflict (name) do update set value = excluded.value",
      [name, value],
    );
  return result;
}

/** The tenant that exists from the start. */
export async function defaultTenant(query: Query, now: Date): Promise<string> {
  const { key, name } = DEFAULT_TENANT;
  await query(
    `insert into tenant (id, key, name, created_at, webhooks_version, folded_position) values ($1, $2, $3, $4, 0, 0)
     on conflict (key) do nothing`,
    [createIds(() => now)("ten"), key, name, now],
  );
  const [tenant] = await query<{ id: string }>("select id from tenant where key = $1", [key]);
  return tenant!.id;
}
