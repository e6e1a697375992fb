import { expect, test } from "vitest";
import { autoPauseAt, autoPauseReason, fold, healthState, percentile } from "./health.ts";
import { LogEntry } from "./log-entry.ts";
import { NO_HISTORY } from "./webhook.ts";

const start = new Date("2026-06-01T12:00:00Z");
const DAY = 86_400_000;

function attempt(outcome: LogEntry["outcome"], changes: Partial<LogEntry> = {}): LogEntry {
  const entry = {
    change: "ATTEMPTED",
    at: start,
    outcome,
    tookMs: 10,
    isTest: false,
    webhookId: "wh_1",
    ...changes,
  };
  return Object.assign(new LogEntry(), entry);
}
const created = attempt(null, { change: "CREATED" });

test("deliveries, failures in a row and last times are counted; tests and our own faults are not", () => {
  const { after } = fold(NO_HISTORY, start, [
    created,
    created,
    attempt("SUCCEEDED"),
    attempt("TIMEOUT"),
    attempt("HTTP_STATUS", { responseStatus: 500 }),
    attempt("INTERNAL"),
    attempt("HTTP_STATUS", { isTest: true, responseStatus: 410 }),
  ]);
  expect(after).toMatchObject({
    deliveryCount: 2,
    consecutiveFailures: 2,
    failuresSinceSuccess: 2,
    lastSucceededAt: start,
    lastFailedAt: start,
    isGone: false,
  });
});

test("a success ends a row of failures", () => {
  const failing = { ...NO_HISTORY, consecutiveFailures: 30, failuresSinceSuccess: 30 };
  expect(fold(failing, start, [attempt("SUCCEEDED")]).after).toMatchObject({
    consecutiveFailures: 0,
    failuresSinceSuccess: 0,
  });
});

test("failures from before a resume don't count towards the next pause", () => {
  const resumed = new Date(start.getTime() + 1000);
  const { after } = fold(NO_HISTORY, resumed, [
    attempt("TIMEOUT"),
    attempt("HTTP_STATUS", { responseStatus: 410 }),
  ]);
  expect(after).toMatchObject({ failuresSinceSuccess: 0, isGone: false });
});

test("attempts are counted by the hour they ended in", () => {
  const later = new Date(start.getTime() + 3_600_000);
  const { hours } = fold(NO_HISTORY, start, [
    attempt("SUCCEEDED"),
    attempt("DNS", { at: later }),
    attempt("DNS"),
  ]);
  const counts = [...hours.values()].map(({ hour, succeeded, failed }) => [
    hour,
    succeeded,
    failed,
  ]);
  expect(counts).toEqual([
    [start.getTime(), 1, 1],
    [later.getTime(), 0, 1],
  ]);
});

test.each([
  [0, 0, 0, "UNKNOWN"],
  [0, 10, 0, "HEALTHY"],
  [1, 99, 1, "DEGRADED"],
  [0, 90, 10, "DEGRADED"],
  [5, 90, 10, "FAILING"],
])(
  "%d failures in a row, %d succeeded and %d failed: %s",
  (consecutiveFailures, succeeded, failed, state) => {
    expect(healthState({ consecutiveFailures }, [{ succeeded, failed }])).toBe(state);
  },
);

test("a percentile is right within 12 %", () => {
  for (const tookMs of [1.2, 8, 40, 333, 4000, 14_000]) {
    const { hours } = fold(NO_HISTORY, start, [attempt("SUCCEEDED", { tookMs })]);
    const p50 = percentile([...hours.values()], 0.5) ?? 0;
    expect(Math.abs(p50 - tookMs) / tookMs).toBeLessThan(0.12);
  }
  const mixed = [...Array(95).fill(10), ...Array(5).fill(1000)].map((tookMs) =>
    attempt("SUCCEEDED", { tookMs }),
  );
  const { hours } = fold(NO_HISTORY, start, mixed);
  expect(percentile([...hours.values()], 0.5)).toBeLessThan(12);
  expect(percentile([...hours.values()], 0.96)).toBeGreaterThan(880);
  expect(percentile([], 0.5)).toBeNull();
});

const failing = {
  ...NO_HISTORY,
  state: "ACTIVE" as const,
  activeSince: start,
  consecutiveFailures: 20,
  failuresSinceSuccess: 20,
};

test("five days without a success and twenty failures pause a webhook, and not a moment before", () => {
  const at = (ms: number) => new Date(start.getTime() + ms);
  expect(autoPauseReason(failing, false, at(5 * DAY - 1))).toBeNull();
  expect(autoPauseReason(failing, false, at(5 * DAY))).toMatch(/5 days/);
  expect(autoPauseReason({ ...failing, failuresSinceSuccess: 19 }, false, at(9 * DAY))).toBeNull();
  expect(autoPauseReason({ ...failing, lastSucceededAt: at(DAY) }, false, at(5 * DAY))).toBeNull();
  expect(autoPauseReason({ ...failing, state: "PAUSED" }, true, at(9 * DAY))).toBeNull();
  expect(autoPauseReason(failing, true, start)).toMatch(/410/);
  expect(autoPauseAt(failing)).toEqual(at(5 * DAY));
  expect(autoPauseAt({ ...failing, consecutiveFailures: 0 })).toBeNull();
});
