import { expect, test } from "vitest";
import { BUILT_IN_CATALOG } from "../src/domain/catalog/catalog.ts";
import { accept } from "../src/domain/publish.ts";
import { eventually } from "./app.ts";
import { startCore } from "./core.ts";

test("a test whose process is gone ends when its lease does, without a restart", async () => {
  await using core = await startCore();
  const { tenantId, tools, clock, db } = core;
  const webhookId = await core.makeWebhook();
  const type = BUILT_IN_CATALOG.find("payment_received")!;
  const input = { type: type.name, payload: type.samplePayload };
  const about = accept(tenantId, input, { ...tools, catalog: BUILT_IN_CATALOG });
  Object.assign(about.event, { isTest: true });
  const { deliveryId, endsAt } = await tools.store.keepTest(about, webhookId);
  const status = () =>
    db.prepare("select status from delivery where id = ?").pluck().get(deliveryId);
  clock.pass(endsAt - clock.leaseMs() - 1);
  expect(status()).toBe("PENDING");
  clock.pass(60_000);
  await eventually(async () => status() === "FAILED");
  const outcomes = db.prepare("select outcome from delivery_attempt where delivery_id = ?").pluck();
  expect(outcomes.all(deliveryId)).toEqual(["INTERNAL"]);
});
