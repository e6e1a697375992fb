/** Work that goes on by itself: what fails is reported, and a stop can wait for all of it. */
export class Running {
  readonly #work = new Set<Promise<unknown>>();
  readonly #report: (error: unknown) => void;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Resolves when it ended, with nothing if it failed. */
  async track<T>(work: Promise<T>): Promise<T | undefined> {
    const tracked = work.catch((error: unknown) => this.#report(error));
    this.#work.add(tracked);
    try {
      return (await tracked) as T | undefined;
    } finally {
      this.#work.delete(tracked);
    }
  }

  async whenIdle(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }
}
