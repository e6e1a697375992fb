import { expect, test } from "vitest";
import { cancelDelivery } from "../src/domain/delivery-commands.ts";
import { deleteWebhook, pauseWebhook } from "../src/domain/webhook-commands.ts";
import { eventually } from "./app.ts";
import { ok, startCore } from "./core.ts";
import { status } from "./world.ts";

type Core = Awaited<ReturnType<typeof startCore>>;

const unclaimed = (core: Core): string[] =>
  core.db
    .prepare<[], string>("select id from delivery where due_at is not null and claim_owner is null")
    .pluck()
    .all();

test("a delivery that is cancelled while its claim is being taken is never sent", async () => {
  // The claim is asked for when a place is free; how soon the cancel comes behind it is all that differs.
  for (let ticks = 0; ticks <= 8; ticks++) {
    await using core = await startCore();
    await core.makeWebhook(1);
    await core.publish(3);
    const first = await core.sender.attempt(1);
    const [inTable = "", ...others] = unclaimed(core);
    expect(others).toEqual([]);
    first.answer(ok);
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    const delivery = await cancelDelivery(core.tenantId, inTable, core.tools);
    expect(delivery.status).toBe("CANCELLED");
    (await core.sender.attempt(2)).answer(ok);
    await core.publish();
    const last = await core.sender.attempt(3);
    expect(last.claim.deliveryId).not.toBe(inTable);
    core.sender.answerAll(ok);
    await eventually(async () => waiting(core).length === 0);
    const sent = core.sender.all.map(({ claim }) => claim.deliveryId);
    expect(sent, `${ticks} ticks`).not.toContain(inTable);
    expect(sent).toHaveLength(3);
  }
});

test("claims that the database takes back only at a second try are sent as soon as it has them", async () => {
  let isRefusing = false;
  let refused = 0;
  await using core = await startCore({
    refusesRelease: () => {
      if (isRefusing) refused++;
      return isRefusing;
    },
  });
  const { clock, sender } = core;
  await core.makeWebhook(2);
  await core.warmUp();
  await core.publish(4);
  const [bad, good] = [await sender.attempt(1), await sender.attempt(2)];
  isRefusing = true;
  bad.answer(status(503));
  await eventually(async () => refused === 1);
  good.answer(ok);
  // The place is free, and the claim for it finds only what is still leased.
  await eventually(async () => waiting(core).length === 3);
  isRefusing = false;
  clock.pass(1000);
  const third = await sender.attempt(3);
  expect(third.claim.deliveryId).not.toBe(bad.claim.deliveryId);
  await sender.attempt(4);
});

test("of two webhooks that are deleted right after each other all waiting deliveries are settled, with rows in the log", async () => {
  const later: (() => Promise<unknown>)[] = [];
  await using core = await startCore({
    upkeepStore: (store) => ({
      foldLog: (tenantId) => store.foldLog(tenantId),
      orphaned: () => store.orphaned(),
      endLost: () => store.endLost(),
      removeOld: (removal) => store.removeOld(removal),
      async cancelWaiting(webhookId, before, most) {
        const settled = await store.cancelWaiting(webhookId, before, most);
        await later.pop()?.();
        return settled;
      },
    }),
  });
  const { tenantId, tools } = core;
  const ids = [await core.makeWebhook(), await core.makeWebhook()];
  for (const id of ids) await pauseWebhook(tenantId, { id }, null, tools);
  for (let turn = 0; turn < 8; turn++) await core.publish(100);
  const [one = "", two = ""] = ids;
  later.push(() => deleteWebhook(tenantId, { id: two }, tools));
  await deleteWebhook(tenantId, { id: one }, tools);
  const cancelled = () => core.commits.flat().filter(({ change }) => change === "CANCELLED").length;
  // A minute, and no more: whoever forgets one of them never comes back to it.
  for (let second = 0; second < 60; second++) {
    core.clock.pass(1000);
    await turn();
  }
  expect(later).toHaveLength(0);
  expect(cancelled()).toBe(1600);
  const rows = core.db
    .prepare("select webhook_id, status, count(*) as n from delivery group by 1, 2 order by 1")
    .all();
  expect(rows).toEqual(ids.map((id) => ({ webhook_id: id, status: "CANCELLED", n: 800 })));
});

const waiting = (core: Core): string[] =>
  core.db.prepare<[], string>("select id from delivery where due_at is not null").pluck().all();

/** A turn of the event loop in which what was begun goes on: the writer takes one before and one after each commit. */
async function turn(): Promise<void> {
  for (let count = 0; count < 10; count++)
    await new Promise<void>((resolve) => setImmediate(resolve));
}
