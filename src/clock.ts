import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "./domain/tools.ts";

/** A timer takes no more, and would fire at once: whoever waits for longer looks again after 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface RealClock extends Clock {
  /** From now on it goes by a server's clock, which shows `serverMs`: so do all processes of that server. */
  follow(serverMs: number): void;
}

/** What two looks at a server's clock may differ by: the way there and back. */
const FOLLOW_MS = 20;

/** The real clock. Leases are measured by monotonic time from the start, so that a step of the wall clock ends none. */
export function createClock(): RealClock {
  let startedAt = Date.now() - performance.now();
  let isFollowing = false;
  const leaseMs = () => Math.round(startedAt + performance.now());
  return {
    now: () => (isFollowing ? new Date(leaseMs()) : new Date()),
    leaseMs,
    follow(serverMs) {
      if (isFollowing && Math.abs(serverMs - leaseMs()) < FOLLOW_MS) return;
      isFollowing = true;
      startedAt = serverMs - performance.now();
    },
    async wait(ms, signal) {
      try {
        await sleep(Math.min(ms, LONGEST_TIMER_MS), undefined, { signal });
      } catch (error) {
        if (!signal?.aborted) throw error;
      }
    },
  };
}
