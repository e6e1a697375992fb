import type { Claim } from "../domain/delivery.ts";
import type { Route } from "../domain/route.ts";
import type { Lane } from "./lane.ts";

/** Leases held in memory, for each attempt that may be in flight. The rest of a backlog stays in the table. */
const PER_SLOT = 4;
const MOST_BYTES = 64 * 1024 * 1024;

/** What this process holds of the table: leases that were promised, wait for their turn or are in flight. */
export class Held {
  readonly #most: number;
  #count = 0;
  #bytes = 0;
  readonly #origins = new Map<string, number>();

  constructor(slots: number) {
    this.#most = slots * PER_SLOT;
  }

  take(lane: Lane, count = 1): void {
    this.#add(lane, count);
  }

  drop(lane: Lane, count = 1): void {
    this.#add(lane, -count);
  }

  /** The lane as its webhook is now: what is held for it counts for the origin that it has then. */
  follow(lane: Lane, route: Route): void {
    const { held } = lane;
    this.#add(lane, -held);
    lane.follow(route);
    this.#add(lane, held);
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

  /**
   * Leases that a lane may still take: half of them are kept for lanes that hold none, and one origin has half of them
   * at most, so that nobody takes all.
   */
  roomFor(lane: Lane): number {
    const half = Math.floor(this.#most / 2);
    const ofOrigin = half - (this.#origins.get(lane.route.origin) ?? 0);
    const share = lane.queue.length + lane.promised > 0 ? 1 / 2 : 1;
    if (this.#bytes >= MOST_BYTES * share) return 0;
    const shared = half - this.#count;
    const room = share < 1 ? shared : Math.min(this.#most - this.#count, Math.max(1, shared));
    return Math.min(room, ofOrigin);
  }

  #add(lane: Lane, count: number): void {
    const { origin } = lane.route;
    const ofOrigin = (this.#origins.get(origin) ?? 0) + count;
    if (ofOrigin > 0) this.#origins.set(origin, ofOrigin);
    else this.#origins.delete(origin);
    lane.held += count;
    this.#count += count;
  }
}
