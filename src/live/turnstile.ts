/** Messages in one turn of the event loop: about a millisecond's work. */
const PER_TURN = 32;

/** Lets only so many messages through in each turn of the event loop: deliveries and commands go between them. */
export class Turnstile {
  readonly #waiting: (() => void)[] = [];
  #left = PER_TURN;
  #isTurning = false;

  pass(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#left > 0 && this.#waiting.length === 0) this.#go(resolve);
      else this.#waiting.push(resolve);
    });
  }

  #go(pass: () => void): void {
    this.#left--;
    pass();
    if (this.#isTurning) return;
    this.#isTurning = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isTurning = false;
    this.#left = PER_TURN;
    for (const pass of this.#waiting.splice(0, PER_TURN)) this.#go(pass);
  }
}
