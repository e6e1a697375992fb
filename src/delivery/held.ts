import type { Claim } from "../domain/delivery.ts";
import type { Lane } from "./lane.ts";

/** Leases held in memory, for each attempt that may be in flight. The rest of a backlog stays in the table. */
const PER_SLOT = 4;
const MOST_BYTES = 64 * 1024 * 1024;

/** What this process holds of the table: leases that were promised, wait for their turn or are in flight. */
export class Held {
  readonly #most: number;
  #count = 0;
  #bytes = 0;

  constructor(slots: number) {
    this.#most = slots * PER_SLOT;
  }

  take(count = 1): void {
    this.#count += count;
  }

  drop(count = 1): void {
    this.#count -= count;
  }

  get isFull(): boolean {
    return this.#count >= this.#most || this.#bytes >= MOST_BYTES;
  }

  /** The body of a claim that waits for its turn. */
  keep({ body }: Claim): void {
    this.#bytes += body.length;
  }

  letGo({ body }: Claim): void {
    this.#bytes -= body.length;
  }

  /** Leases that a lane may still take: half of them are kept for lanes that hold none, so that nobody takes all. */
  roomFor(lane: Lane): number {
    const share = lane.queue.length + lane.promised > 0 ? 1 / 2 : 1;
    if (this.#bytes >= MOST_BYTES * share) return 0;
    const shared = Math.floor(this.#most / 2) - this.#count;
    return share < 1 ? shared : Math.min(this.#most - this.#count, Math.max(1, shared));
  }
}
