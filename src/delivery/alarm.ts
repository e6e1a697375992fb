import type { Clock } from "../domain/tools.ts";

/** A timer is never set further than this, so that a step of the wall clock is noticed. */
const LONGEST_SLEEP_MS = 60_000;

/** Wakes at the earliest of the moments it was set for. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #set = new AbortController();
  /** Lease clock. */
  #atMs = Infinity;
  #isStopped = false;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  setIn(ms: number): void {
    const atMs = this.#clock.leaseMs() + ms;
    if (this.#isStopped || atMs >= this.#atMs) return;
    this.#set.abort();
    this.#set = new AbortController();
    this.#atMs = atMs;
    const { signal } = this.#set;
    const sleepMs = Math.min(Math.max(ms, 1), LONGEST_SLEEP_MS);
    void this.#clock.wait(sleepMs, signal).then(() => signal.aborted || this.#wake());
  }

  stop(): void {
    this.#isStopped = true;
    this.#set.abort();
  }

  #wake(): void {
    this.#atMs = Infinity;
    this.#ring();
  }
}
