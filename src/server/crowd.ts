import type { LimitName, Limits } from "./limits.ts";
import type { Session } from "./session.ts";

/** The sockets and event streams that are open, and whether there is room for one more. */
export class Crowd {
  readonly #limits: Limits;
  readonly #byKey = new Map<string, number>();
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

  /** A client that is known opened an event stream: how it leaves, or what stands in its way. */
  enterStream(caller: Session): (() => void) | LimitName {
    if (this.#open >= this.#limits.HOOKWIRE_LIMIT_SOCKETS) return "HOOKWIRE_LIMIT_SOCKETS";
    const place = this.enter();
    if (place.greet(caller)) return place.leave;
    place.leave();
    return "HOOKWIRE_LIMIT_SOCKETS_PER_KEY";
  }

  /** A socket opened. */
  enter(): Place {
    this.#open++;
    let key: string | undefined;
    let hasLeft = false;
    return {
      greet: ({ countedAs }) => {
        const count = this.#byKey.get(countedAs) ?? 0;
        if (hasLeft || count >= this.#limits.HOOKWIRE_LIMIT_SOCKETS_PER_KEY) return false;
        key = countedAs;
        this.#greeted++;
        this.#byKey.set(countedAs, count + 1);
        return true;
      },
      leave: () => {
        hasLeft = true;
        this.#open--;
        if (key === undefined) return;
        this.#greeted--;
        const count = this.#byKey.get(key)! - 1;
        if (count > 0) this.#byKey.set(key, count);
        else this.#byKey.delete(key);
      },
    };
  }
}

/** One socket's place. */
export interface Place {
  /** It said whose it is; false when that key has as many as it may, or when it is gone meanwhile. */
  readonly greet: (caller: Session) => boolean;
  /** It closed. */
  readonly leave: () => void;
}
