import { Turns, type Lane } from "./lane.ts";

/** Lanes that fail share this part of the places: the rest belongs to lanes that work. */
const FAILING_SHARE = 1 / 4;
/** Lanes of one origin share this part, however many webhooks point to it. */
const ORIGIN_SHARE = 1 / 2;

/** One place taken, with what it counts for until it is freed. */
export interface Slot {
  readonly lane: Lane;
  readonly origin: string;
  readonly isFailing: boolean;
}

/** The attempts that may be in flight in this process, and whose turn it is. */
export class Slots {
  readonly #most: number;
  readonly #mostFailing: number;
  readonly #mostOfOrigin: number;
  readonly #working = new Turns();
  readonly #failing = new Turns();
  readonly #origins = new Map<string, number>();
  #inFlight = 0;
  #failingInFlight = 0;

  constructor(count: number) {
    this.#most = count;
    this.#mostFailing = Math.max(1, Math.floor(count * FAILING_SHARE));
    this.#mostOfOrigin = Math.max(1, Math.floor(count * ORIGIN_SHARE));
  }

  /** Whether a lane waits for its turn. */
  place(lane: Lane, canBegin: boolean): void {
    this.#working.set(lane, canBegin && !lane.isCareful);
    this.#failing.set(lane, canBegin && lane.isCareful);
  }

  /** Places that failing lanes may still ask claims for. */
  get freeForFailing(): number {
    return this.#mostFailing - this.#failingInFlight - this.#failing.size;
  }

  /** The lane whose turn it is; undefined while no place is free for any that waits. */
  next(): Lane | undefined {
    if (this.#inFlight >= this.#most) return undefined;
    const fits = (lane: Lane) => (this.#origins.get(lane.route.origin) ?? 0) < this.#mostOfOrigin;
    const working = this.#working.take(fits);
    if (working || this.#failingInFlight >= this.#mostFailing) return working;
    return this.#failing.take(fits);
  }

  take(lane: Lane): Slot {
    const slot = { lane, origin: lane.route.origin, isFailing: lane.isCareful };
    lane.inFlight++;
    this.#inFlight++;
    this.#origins.set(slot.origin, (this.#origins.get(slot.origin) ?? 0) + 1);
    if (slot.isFailing) this.#failingInFlight++;
    return slot;
  }

  free({ lane, origin, isFailing }: Slot): void {
    lane.inFlight--;
    this.#inFlight--;
    const left = this.#origins.get(origin)! - 1;
    if (left > 0) this.#origins.set(origin, left);
    else this.#origins.delete(origin);
    if (isFailing) this.#failingInFlight--;
  }
}
