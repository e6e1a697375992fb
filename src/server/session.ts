import type { Caller, Rights } from "../domain/rights.ts";

/** What a key opens, for as long as it does. All that was opened with the same key share one. */
export class Session implements Caller {
  /** Of the key; "operator" for the operator's. */
  readonly id: string;
  readonly rights: Rights;
  /** Limits count all that share it as one. */
  readonly countedAs: string;
  readonly #now: () => Date;
  readonly #enders = new Set<() => void>();
  #wasEnded = false;

  constructor(id: string, rights: Rights, now: () => Date, countedAs = id) {
    this.id = id;
    this.rights = rights;
    this.countedAs = countedAs;
    this.#now = now;
  }

  get isOver(): boolean {
    const { expiresAt } = this.rights;
    return this.#wasEnded || (expiresAt !== null && expiresAt <= this.#now());
  }

  /** Calls `end` once when it is over, unless what this returns is called before. */
  onEnd(end: () => void): () => void {
    if (this.#wasEnded) end();
    this.#enders.add(end);
    return () => void this.#enders.delete(end);
  }

  /** Nothing that it opened would have to be closed. */
  get isIdle(): boolean {
    return this.#enders.size === 0;
  }

  end(): void {
    this.#wasEnded = true;
    for (const end of this.#enders) end();
    this.#enders.clear();
  }
}
