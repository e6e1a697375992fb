import type { Clock } from "../domain/tools.ts";

/** A timer is never set further than this, so that a step of the wall clock is noticed. */
const LONGEST_SLEEP_MS = 60_000;

/** Wakes at the earliest of the moments it was set for, wall clock. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #set = new AbortController();
  #atMs = Infinity;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  setFor(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#set.abort();
    this.#set = new AbortController();
    this.#atMs = atMs;
    const { signal } = this.#set;
    const sleepMs = Math.min(Math.max(atMs - this.#clock.now().getTime(), 1), LONGEST_SLEEP_MS);
    void this.#clock.wait(sleepMs, signal).then(() => signal.aborted || this.#wake());
  }

  stop(): void {
    this.#set.abort();
  }

  #wake(): void {
    this.#atMs = Infinity;
    this.#ring();
  }
}
