import { expect, test } from "vitest";
import { REMOVE_OLDEST } from "./audit.ts";
import { openDatabase } from "./open.ts";

test("old entries are found by their ids, without a look at the others", async () => {
  const database = await openDatabase(":memory:");
  const plan = database.writer
    .prepare<[string, number], { detail: string }>(`explain query plan ${REMOVE_OLDEST}`)
    .all("aud_", 300)
    .map(({ detail }) => detail);
  const byId =
    /^SEARCH audit_entry USING (COVERING )?INDEX sqlite_autoindex_audit_entry_1 \(id[<=]\?\)$/;
  for (const detail of plan) expect(detail).toMatch(/^SEARCH|^LIST SUBQUERY/);
  expect(plan.filter((detail) => byId.test(detail))).toHaveLength(2);
  await database.close();
});
