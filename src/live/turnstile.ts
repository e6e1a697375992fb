/** Messages in one turn of the event loop: about a millisecond's work. */
const PER_TURN = 32;

/** Lets only so many messages through in each turn of the event loop: deliveries and commands go between them. */
export class Turnstile {
  readonly #waiting: (() => void)[] = [];

  pass(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) setImmediate(() => this.#turn());
    });
  }

  #turn(): void {
    for (const go of this.#waiting.splice(0, PER_TURN)) go();
    if (this.#waiting.length > 0) setImmediate(() => this.#turn());
  }
}
