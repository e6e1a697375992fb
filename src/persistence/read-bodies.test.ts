import { expect, test } from "vitest";
import { BUILT_IN_CATALOG } from "../domain/catalog/catalog.ts";
import { Reader } from "./read.ts";
import { openDatabase } from "./sqlite/open.ts";

test("what a selection left of another tenant's payload is not there", async () => {
  const database = await openDatabase(":memory:");
  const reader = new Reader(
    database.orm,
    () => new Date(),
    () => Promise.resolve(BUILT_IN_CATALOG),
  );
  for (const [eventId, tenantId] of [
    ["evt_1", "ten_1"],
    ["evt_2", "ten_2"],
  ]) {
    database.writer
      .prepare(
        `insert into event (id, tenant_id, type_name, payload, is_test, published_at, occurred_at, matched_webhooks)
         values (?, ?, 'a', '{}', 0, 0, 0, 1)`,
      )
      .run(eventId, tenantId);
    for (const shape of ["one", "other"])
      database.writer
        .prepare("insert into body (event_id, shape, payload) values (?, ?, ?)")
        .run(eventId, shape, `of ${tenantId}`);
  }
  const keys = ["evt_1", "evt_2"].map((eventId) => ({ eventId, shape: "one" }));
  const bodies = await reader.bodies("ten_1", keys);
  expect(bodies).toEqual([{ eventId: "evt_1", shape: "one", payload: "of ten_1" }]);
  await database.close();
});
