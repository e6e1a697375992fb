import { expect, test } from "vitest";
import { createClock } from "./clock.ts";

const TIMER_MAX_MS = 2 ** 31 - 1;

test.each([TIMER_MAX_MS, TIMER_MAX_MS + 1, 2 ** 32 + 1, 365 * 86_400_000, Number.MAX_SAFE_INTEGER])(
  "a wait of %d ms does not end at once, but when it is aborted",
  async (ms) => {
    const clock = createClock();
    const stop = new AbortController();
    let hasEnded = false;
    const waiting = clock.wait(ms, stop.signal).then(() => (hasEnded = true));
    // A timer that overflows fires after 1 ms, before one of 20 that begins later.
    await clock.wait(20);
    expect(hasEnded).toBe(false);
    stop.abort();
    await waiting;
  },
);

test("a wait takes its time, and ends at once with a signal that is aborted already", async () => {
  const clock = createClock();
  const startMs = performance.now();
  await clock.wait(3_600_000, AbortSignal.abort());
  await clock.wait(20);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(19);
});

test("the lease clock goes on like time does, and begins at the wall clock", async () => {
  const clock = createClock();
  expect(Math.abs(clock.leaseMs() - clock.now().getTime())).toBeLessThan(60_000);
  const before = clock.leaseMs();
  await clock.wait(20);
  expect(clock.leaseMs() - before).toBeGreaterThanOrEqual(19);
});

test("a clock that follows a server's goes by that, and not by every moment that the way there takes", async () => {
  const clock = createClock();
  const serverMs = Date.now() + 3_600_000;
  clock.follow(serverMs);
  for (const shownMs of [clock.now().getTime(), clock.leaseMs()])
    expect(shownMs - serverMs).toBeLessThan(1000);
  for (const shownMs of [clock.now().getTime(), clock.leaseMs()])
    expect(shownMs - serverMs).toBeGreaterThanOrEqual(0);
  const before = clock.leaseMs();
  clock.follow(before + 15);
  expect(clock.leaseMs() - before).toBeLessThan(15);
  clock.follow(before + 60_000);
  expect(clock.leaseMs() - before).toBeGreaterThanOrEqual(60_000);
});
