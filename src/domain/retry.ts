import { DAY } from "./duration.ts";

/**
 * When a delivery is tried again. The default schedule (HOOKWIRE_RETRY_DELAYS), with the time since the first attempt:
 *
 * | attempt | delay | after    |
 * |---------|-------|----------|
 * | 2       | 5 s   | 5 s      |
 * | 3       | 5 min | 5 min    |
 * | 4       | 30 min| 35 min   |
 * | 5       | 2 h   | 2 h 35   |
 * | 6       | 5 h   | 7 h 35   |
 * | 7       | 10 h  | 17 h 35  |
 * | 8       | 14 h  | 31 h 35  |
 * | 9       | 20 h  | 51 h 35  |
 * | 10      | 24 h  | 75 h 35  |
 */
export const DEFAULT_RETRY_DELAYS = "PT5S,PT5M,PT30M,PT2H,PT5H,PT10H,PT14H,PT20H,PT24H";

/** Jitter only ever adds: nothing is tried before its time. */
const JITTER = 0.2;

/** A receiver may move a retry by this much at most (RFC 9110, Retry-After). */
export const RETRY_AFTER_MAX_MS = DAY;

export interface Retry {
  readonly delaysMs: readonly number[];
  /** Failed attempts of the schedule so far, this one included. */
  readonly failures: number;
  readonly retryAfterMs?: number;
  readonly now: Date;
  /** 0 to 1, chance. */
  readonly spread: number;
}

/** When the next attempt is due, or null when the schedule is used up. */
export function nextTry({ delaysMs, failures, retryAfterMs = 0, now, spread }: Retry): Date | null {
  const delay = delaysMs[failures - 1];
  if (delay === undefined) return null;
  const scheduled = delay * (1 + JITTER * spread);
  return new Date(
    now.getTime() + Math.ceil(Math.max(scheduled, Math.min(retryAfterMs, RETRY_AFTER_MAX_MS))),
  );
}
