import { GraphQLError } from "graphql";
import { limitText, type Limits } from "./limits.ts";
import type { Session } from "./session.ts";

const MINUTE_MS = 60_000;
const SOME = 1000;

/** How often each key may ask: a minute's requests at once, and then as they come free, evenly. */
export class Rates {
  readonly #limits: Limits;
  readonly #nowMs: () => number;
  /** When each will have nothing to its debit any more. */
  readonly #freeAt = new Map<string, number>();
  /** So many that it is time to forget those that have nothing. */
  #many = SOME;

  /** `nowMs` never steps. */
  constructor(limits: Limits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Counts a request; undefined when it may go on, otherwise the seconds to wait and what to say. */
  refuse({
    countedAs,
  }: Session): { readonly seconds: number; readonly error: GraphQLError } | undefined {
    const most = this.#limits.HOOKWIRE_LIMIT_RATE;
    if (most === 0) return undefined;
    const now = this.#nowMs();
    const freeAt = Math.max(this.#freeAt.get(countedAs) ?? 0, now) + MINUTE_MS / most;
    // Not even the first of a minute has a rounding error in its way.
    const waitMs = freeAt - now - MINUTE_MS;
    if (waitMs < 1e-3) {
      this.#freeAt.set(countedAs, freeAt);
      this.#forget(now);
      return undefined;
    }
    const seconds = Math.ceil(waitMs / 1000);
    const text = limitText(this.#limits, "HOOKWIRE_LIMIT_RATE");
    const error = new GraphQLError(`${text}; try again in ${seconds} s`, {
      extensions: { code: "RATE_LIMITED", limit: most, retryAfter: seconds },
    });
    return { seconds, error };
  }

  #forget(now: number): void {
    if (this.#freeAt.size < this.#many) return;
    for (const [countedAs, freeAt] of this.#freeAt)
      if (freeAt <= now) this.#freeAt.delete(countedAs);
    this.#many = Math.max(SOME, 2 * this.#freeAt.size);
  }
}
