import { expect, test } from "vitest";
import { cancelDelivery, redeliverDelivery } from "../src/domain/delivery-commands.ts";
import { Refusal } from "../src/domain/refusal.ts";
import { ok, startCore } from "./core.ts";

type Core = Awaited<ReturnType<typeof startCore>>;

const idsOf = (core: Core): string[] =>
  core.db.prepare<[], string>("select id from delivery order by id").pluck().all();
const countOf = (core: Core, table: "event" | "webhook"): unknown =>
  core.db.prepare(`select count(*) from ${table}`).pluck().get();

/** What was refused, or what came instead. */
const reasonOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => "not refused",
    (refusal: unknown) => (refusal instanceof Refusal ? refusal.reason : refusal),
  );

test.each([
  ["a cancel of what is finished", cancelDelivery, "done", "DELIVERY_FINISHED"],
  ["a redelivery of what is in flight", redeliverDelivery, "inFlight", "DELIVERY_IN_FLIGHT"],
  ["a cancel of what is not there", cancelDelivery, "missing", "DELIVERY_NOT_FOUND"],
] as const)(
  "%s is refused without undoing the commit that it shares with others",
  async (_what, command, which, reason) => {
    await using core = await startCore();
    await core.makeWebhook();
    await core.publish();
    const first = await core.sender.attempt(1);
    const recorded = new Promise<void>((resolve) => (core.hooks.appended = resolve));
    first.answer(ok);
    await recorded;
    await core.publish();
    const [done = "", inFlight = ""] = idsOf(core);
    await core.sender.attempt(2);
    const ids = { done, inFlight, missing: "dlv_01kt17j000fxxbfmvbqkpqxy7n" };

    const before = core.commits.length;
    const [, refused] = await Promise.all([
      core.publish(),
      reasonOf(command(core.tenantId, ids[which], core.tools)),
      core.publish(),
    ]);
    expect(refused).toBe(reason);
    const commits = core.commits.slice(before);
    expect(commits.map((entries) => entries.map(({ change }) => change))).toEqual([
      ["CREATED", "CREATED"],
    ]);
  },
);

test("a lost attempt that is found by a refused redelivery is recorded all the same", async () => {
  await using core = await startCore();
  const webhook = await core.makeWebhook();
  await core.publish();
  const { claim } = await core.sender.attempt(1);
  core.db.prepare("update webhook set deleted_at = 1 where id = ?").run(webhook);
  await core.makeWebhook(); // webhooks are read anew
  core.clock.pass(45_000);
  const again = redeliverDelivery(core.tenantId, claim.deliveryId, core.tools);
  expect(await reasonOf(again)).toBe("DELIVERY_ORPHANED");
  const outcomes = core.db.prepare("select outcome from delivery_attempt").pluck().all();
  expect(outcomes).toEqual(["INTERNAL"]);
});

test("who listens to commits and fails does not make a command fail that is committed", async () => {
  await using core = await startCore();
  core.hooks.webhooksChanged = () => {
    core.hooks.webhooksChanged = () => {};
    throw new Error("disk I/O error");
  };
  await expect(core.makeWebhook()).resolves.toMatch(/^wh_/);
  await expect(core.makeWebhook()).resolves.toMatch(/^wh_/);
  expect(countOf(core, "webhook")).toBe(2);
  await core.publish();
  await core.sender.attempt(2);
});

test("who listens to commits and fails does not make a group of publishes run again", async () => {
  await using core = await startCore();
  await core.makeWebhook();
  core.hooks.appended = () => {
    core.hooks.appended = () => {};
    throw new Error("disk I/O error");
  };
  const kept = await Promise.allSettled([core.publish(), core.publish()]);
  expect(kept.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  expect(countOf(core, "event")).toBe(2);
  core.sender.answerAll(ok);
  await core.sender.attempt(2);
});
