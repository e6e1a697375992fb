import { GraphQLError } from "graphql";
import type { Caller } from "../domain/rights.ts";
import { limitText, type Limits } from "./limits.ts";

const MINUTE_MS = 60_000;

/** How often each key may ask: a minute's requests at once, and then as they come free, evenly. A token counts by itself. */
export class Rates {
  readonly #limits: Limits;
  readonly #nowMs: () => number;
  /** When each will have nothing to its debit any more. */
  readonly #freeAt = new WeakMap<Caller, number>();

  /** `nowMs` never steps. */
  constructor(limits: Limits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Counts a request; undefined when it may go on, otherwise the seconds to wait and what to say. */
  refuse(caller: Caller): { readonly seconds: number; readonly error: GraphQLError } | undefined {
    const most = this.#limits.HOOKWIRE_LIMIT_RATE;
    if (most === 0) return undefined;
    const now = this.#nowMs();
    const freeAt = Math.max(this.#freeAt.get(caller) ?? 0, now) + MINUTE_MS / most;
    // Not even the first of a minute has a rounding error in its way.
    const waitMs = freeAt - now - MINUTE_MS;
    if (waitMs < 1e-3) {
      this.#freeAt.set(caller, freeAt);
      return undefined;
    }
    const seconds = Math.ceil(waitMs / 1000);
    const text = limitText(this.#limits, "HOOKWIRE_LIMIT_RATE");
    const error = new GraphQLError(`${text}; try again in ${seconds} s`, {
      extensions: { code: "RATE_LIMITED", limit: most, retryAfter: seconds },
    });
    return { seconds, error };
  }
}
