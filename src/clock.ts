import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "./domain/tools.ts";

/** A timer takes no more, and would fire at once: whoever waits for longer looks again after 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The real clock. Leases are measured by monotonic time from the start, so that a step of the wall clock ends none. */
export function createClock(): Clock {
  const startedAt = Date.now() - performance.now();
  return {
    now: () => new Date(),
    leaseMs: () => Math.round(startedAt + performance.now()),
    async wait(ms, signal) {
      try {
        await sleep(Math.min(ms, LONGEST_TIMER_MS), undefined, { signal });
      } catch (error) {
        if (!signal?.aborted) throw error;
      }
    },
  };
}
