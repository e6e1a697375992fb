import type { Caller } from "../domain/rights.ts";
import type { LimitName, Limits } from "./limits.ts";

/** The sockets that are open, and whether there is room for one more. */
export class Crowd {
  readonly #limits: Limits;
  readonly #byKey = new Map<Caller, number>();
  #open = 0;
  #greeted = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** What stands in the way of another socket. */
  get isFull(): LimitName | undefined {
    if (this.#open >= this.#limits.HOOKWIRE_LIMIT_SOCKETS) return "HOOKWIRE_LIMIT_SOCKETS";
    const waiting = this.#open - this.#greeted;
    return waiting >= this.#limits.HOOKWIRE_LIMIT_SOCKETS_WAITING
      ? "HOOKWIRE_LIMIT_SOCKETS_WAITING"
      : undefined;
  }

  /** A socket opened. */
  enter(): Place {
    this.#open++;
    let caller: Caller | undefined;
    let hasLeft = false;
    return {
      greet: (known) => {
        const count = this.#byKey.get(known) ?? 0;
        if (hasLeft || count >= this.#limits.HOOKWIRE_LIMIT_SOCKETS_PER_KEY) return false;
        caller = known;
        this.#greeted++;
        this.#byKey.set(known, count + 1);
        return true;
      },
      leave: () => {
        hasLeft = true;
        this.#open--;
        if (!caller) return;
        this.#greeted--;
        const count = this.#byKey.get(caller)! - 1;
        if (count > 0) this.#byKey.set(caller, count);
        else this.#byKey.delete(caller);
      },
    };
  }
}

/** One socket's place. */
export interface Place {
  /** It said whose it is; false when that key has as many as it may, or when it is gone meanwhile. */
  readonly greet: (caller: Caller) => boolean;
  /** It closed. */
  readonly leave: () => void;
}
