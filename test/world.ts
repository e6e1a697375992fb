import type { Sender } from "../src/delivery/sender.ts";
import type { Outcome } from "../src/domain/outcome.ts";
import type { Clock } from "../src/domain/tools.ts";

interface Sleeper {
  readonly untilMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is turned. */
export class HandClock implements Clock {
  #nowMs = Date.parse("2026-06-01T12:00:00Z");
  #leaseMs = this.#nowMs;
  readonly #sleepers = new Set<Sleeper>();

  readonly now = (): Date => new Date(this.#nowMs);
  readonly leaseMs = (): number => this.#leaseMs;
  readonly wait = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper = {
        untilMs: this.#leaseMs + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener("abort", sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", sleeper.wake, { once: true });
    });

  /** Time passes, and who waited for it wakes up. */
  pass(ms: number): void {
    this.#nowMs += ms;
    this.#leaseMs += ms;
    for (const sleeper of Array.from(this.#sleepers))
      if (sleeper.untilMs <= this.#leaseMs) sleeper.wake();
  }

  /** The wall clock is put forwards or backwards; nobody has waited longer for that. */
  step(ms: number): void {
    this.#nowMs += ms;
  }
}

/** A sender whose receiver answers as the script says, the last line again and again. */
export class ScriptedSender implements Sender {
  readonly #clock: Clock;
  readonly #script: (Partial<Outcome> & Pick<Outcome, "kind">)[];
  /** Attempts so far. */
  sent = 0;

  constructor(clock: Clock, script: (Partial<Outcome> & Pick<Outcome, "kind">)[]) {
    this.#clock = clock;
    this.#script = script;
  }

  async send(): Promise<Outcome> {
    const line = this.#script[Math.min(this.sent++, this.#script.length - 1)]!;
    return {
      message: "As scripted",
      startedAt: this.#clock.now(),
      tookMs: 5,
      timings: {},
      requestHeaders: [],
      ...line,
    };
  }

  abort(): void {}

  async close(): Promise<void> {}
}

/** A webhook whose attempts go out one at a time is left alone for this long after it began to fail. */
export const REST_MS = 50;

/** A receiver's answer with this status. */
export function status(
  code: number,
  retryAfterMs?: number,
): Partial<Outcome> & Pick<Outcome, "kind"> {
  return {
    kind: code >= 200 && code < 300 ? "SUCCEEDED" : "HTTP_STATUS",
    response: { status: code, headers: [], body: new Uint8Array(), truncated: false },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}
