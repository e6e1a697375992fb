import { expect, test } from "vitest";
import {
  cancel,
  lose,
  readStatus,
  redeliver,
  settle,
  STORED_STATUSES,
  type DeliveryState,
  type StoredStatus,
} from "./delivery.ts";
import { Refusal } from "./refusal.ts";

const now = new Date("2026-06-01T12:00:00Z");
const settling = { delaysMs: [1000, 60_000], now, spread: 0 };

function state(changes: Partial<DeliveryState> = {}): DeliveryState {
  return {
    status: "PENDING",
    trigger: "AUTOMATIC",
    attempts: 0,
    failures: 0,
    losses: 0,
    isTest: false,
    succeededAt: null,
    ...changes,
  };
}

const inMs = (ms: number) => new Date(now.getTime() + ms);

test("a success ends it, and its first success stays", () => {
  expect(settle(state(), { kind: "SUCCEEDED" }, settling)).toMatchObject({
    status: "SUCCEEDED",
    attempts: 1,
    dueAt: null,
    succeededAt: now,
    finishedAt: now,
  });
  const earlier = inMs(-1000);
  expect(settle(state({ succeededAt: earlier }), { kind: "SUCCEEDED" }, settling).succeededAt).toBe(
    earlier,
  );
});

test("failures follow the schedule and then end it", () => {
  const fail = (failures: number) => settle(state({ failures }), { kind: "HTTP_STATUS" }, settling);
  expect(fail(0)).toMatchObject({
    status: "RETRYING",
    failures: 1,
    dueAt: inMs(1000),
    finishedAt: null,
  });
  expect(fail(1)).toMatchObject({ status: "RETRYING", failures: 2, dueAt: inMs(60_000) });
  expect(fail(2)).toMatchObject({ status: "FAILED", failures: 3, dueAt: null, finishedAt: now });
});

test("jitter only ever adds, a fifth at most", () => {
  const spread = (spread: number) =>
    settle(state(), { kind: "TIMEOUT" }, { ...settling, spread }).dueAt;
  expect([0, 0.5, 1].map(spread)).toEqual([inMs(1000), inMs(1100), inMs(1200)]);
});

test("Retry-After moves the next attempt, later only, and by a day at most", () => {
  const after = (retryAfterMs: number) =>
    settle(state(), { kind: "HTTP_STATUS", retryAfterMs }, settling).dueAt;
  expect([10, 5000, 1e12].map(after)).toEqual([inMs(1000), inMs(5000), inMs(86_400_000)]);
});

test("a manual attempt that fails goes on automatically", () => {
  expect(settle(state({ trigger: "MANUAL" }), { kind: "DNS" }, settling).trigger).toBe("AUTOMATIC");
});

test("a test is one attempt", () => {
  expect(
    settle(state({ isTest: true, trigger: "TEST" }), { kind: "TIMEOUT" }, settling),
  ).toMatchObject({
    status: "FAILED",
    dueAt: null,
  });
  expect(lose(state({ isTest: true, trigger: "TEST" }), settling)).toMatchObject({
    status: "FAILED",
    dueAt: null,
  });
});

test("an attempt whose end nobody saw is made again at once, and from the third in a row on the schedule", () => {
  const losses = [0, 1, 2, 3, 9].map((losses) => lose(state({ losses, failures: 2 }), settling));
  expect(losses.map(({ dueAt }) => dueAt)).toEqual([0, 0, 1000, 60_000, 60_000].map(inMs));
  for (const lost of losses)
    expect(lost).toMatchObject({ status: "RETRYING", failures: 2, attempts: 1 });
  expect(settle(state({ losses: 2 }), { kind: "INTERNAL" }, settling)).toMatchObject({
    losses: 3,
    failures: 0,
  });
  expect(settle(state({ losses: 2 }), { kind: "HTTP_STATUS" }, settling).losses).toBe(0);
});

test("a success after a cancel wins, a failure does not bring it back", () => {
  const cancelled = state({ status: "CANCELLED" });
  expect(settle(cancelled, { kind: "SUCCEEDED" }, settling).status).toBe("SUCCEEDED");
  expect(settle(cancelled, { kind: "HTTP_STATUS" }, settling)).toMatchObject({
    status: "CANCELLED",
    dueAt: null,
  });
  expect(lose(cancelled, settling)).toMatchObject({ status: "CANCELLED", dueAt: null });
});

test.each(STORED_STATUSES)(
  "%s can be delivered again: due now, the schedule anew, numbers go on",
  (status) => {
    const again = redeliver(state({ status, attempts: 4, failures: 3, losses: 1 }), {
      now,
      inFlight: false,
      webhookGone: false,
    });
    expect(again).toEqual({
      status: "PENDING",
      trigger: "MANUAL",
      attempts: 4,
      failures: 0,
      losses: 0,
      dueAt: now,
      succeededAt: null,
      finishedAt: null,
    });
  },
);

test.each([
  [{ inFlight: true }, {}, "DELIVERY_IN_FLIGHT"],
  [{ webhookGone: true }, {}, "DELIVERY_ORPHANED"],
  [{}, { isTest: true }, "DELIVERY_IS_TEST"],
])("redelivery is refused: %j %j", (circumstances, changes, reason) => {
  const attempt = () =>
    redeliver(state(changes), { now, inFlight: false, webhookGone: false, ...circumstances });
  expect(attempt).toThrow(Refusal);
  expect(attempt).toThrow(expect.objectContaining({ reason, code: "NOT_RETRYABLE" }) as Error);
});

test("only what waits can be cancelled", () => {
  const outcomes = STORED_STATUSES.map((status: StoredStatus) => {
    try {
      return cancel("dlv_1", state({ status }), now).status;
    } catch (refusal) {
      return (refusal as Refusal).reason;
    }
  });
  const finished = "DELIVERY_FINISHED";
  expect(outcomes).toEqual(["CANCELLED", "CANCELLED", ...Array(4).fill(finished)]);
});

test("what waits reads by its webhook; a test does not", () => {
  const waiting = { status: "RETRYING", isTest: false } as const;
  const webhook = { state: "ACTIVE", deletedAt: null } as const;
  expect(readStatus(waiting, webhook)).toBe("RETRYING");
  for (const state of ["PAUSED", "DISABLED", "AUTO_PAUSED"] as const)
    expect(readStatus(waiting, { ...webhook, state })).toBe("HELD");
  expect(readStatus(waiting, { ...webhook, deletedAt: now })).toBe("CANCELLED");
  expect(readStatus(waiting, null)).toBe("CANCELLED");
  expect(readStatus({ ...waiting, isTest: true }, { ...webhook, state: "PAUSED" })).toBe(
    "RETRYING",
  );
  expect(readStatus({ status: "SUCCEEDED", isTest: false }, null)).toBe("SUCCEEDED");
});
