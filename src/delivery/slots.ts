import { Turns, type Lane } from "./lane.ts";

/** Lanes that fail share this part of the places: the rest belongs to lanes that work. */
const FAILING_SHARE = 1 / 4;
/** Lanes of one origin share this part, however many webhooks point to it. */
const ORIGIN_SHARE = 1 / 2;
/** An attempt without an answer for this long steps aside. */
export const SLOW_MS = 1000;

/** One place taken, with what it counts for until it is freed. */
export interface Slot {
  readonly lane: Lane;
  readonly origin: string;
  readonly isFailing: boolean;
  /** Lease clock. */
  readonly begunMs: number;
}

/**
 * The attempts that may be in flight in this process, and whose turn it is. An attempt that is slow to be answered
 * leaves its place to another one and waits aside, where as many again may wait: so receivers that begin to hang, all
 * at once and unknown to anybody, hold up the others for a moment and not until their deadlines.
 */
export class Slots {
  readonly #most: number;
  readonly #mostFailing: number;
  readonly #mostOfOrigin: number;
  readonly #working = new Turns();
  /** Lanes with an attempt aside: their next one would probably end up there too. */
  readonly #slow = new Turns();
  readonly #failing = new Turns();
  /** Lanes that wait and are in nobody's turn, since their origin has all of its places. */
  readonly #parked = new Map<string, Set<Lane>>();
  /** The origin of each lane that waits, in turn or parked. */
  readonly #waiting = new Map<Lane, string>();
  readonly #origins = new Map<string, number>();
  /** The oldest first. */
  readonly #quick = new Set<Slot>();
  readonly #aside = new Set<Slot>();
  #failingInFlight = 0;
  #turn = 0;

  constructor(count: number) {
    this.#most = count;
    this.#mostFailing = Math.max(1, Math.floor(count * FAILING_SHARE));
    this.#mostOfOrigin = Math.max(1, Math.floor(count * ORIGIN_SHARE));
  }

  /** Whether a lane waits for its turn. */
  place(lane: Lane, canBegin: boolean): void {
    const turns = canBegin ? this.#turnsOf(lane) : undefined;
    for (const each of [this.#working, this.#slow, this.#failing]) each.set(lane, each === turns);
    const before = this.#leave(lane);
    if (canBegin) this.#wait(lane, turns === undefined);
    // The place it was let in for may be somebody else's.
    if (before !== undefined && (!canBegin || before !== lane.route.origin)) this.#letIn(before);
  }

  /** Places that failing lanes may still ask claims for. */
  get freeForFailing(): number {
    return this.#mostFailing - this.#failingInFlight - this.#failing.size;
  }

  /** The lane whose turn it is; undefined while no place is free for any that waits. */
  next(): Lane | undefined {
    if (this.#quick.size >= this.#most) return undefined;
    const slow = this.#aside.size < this.#most ? [this.#slow] : [];
    const failing = this.#failingInFlight < this.#mostFailing ? [this.#failing] : [];
    const order = [
      [this.#working, ...slow, ...failing],
      [...slow, this.#working, ...failing],
      [this.#working, ...slow, ...failing],
      [...failing, this.#working, ...slow],
    ];
    for (const turns of order[this.#turn++ % order.length]!)
      for (let lane = turns.take(); lane; lane = turns.take()) {
        if (!this.#isTaken(lane.route.origin)) return lane;
        this.place(lane, true);
      }
    return undefined;
  }

  take(lane: Lane, nowMs: number): Slot {
    const { origin } = lane.route;
    const slot = { lane, origin, isFailing: lane.isCareful, begunMs: nowMs };
    this.#quick.add(slot);
    this.#origins.set(origin, (this.#origins.get(origin) ?? 0) + 1);
    if (slot.isFailing) this.#failingInFlight++;
    lane.inFlight++;
    return slot;
  }

  free(slot: Slot): void {
    const { lane, origin, isFailing } = slot;
    lane.inFlight--;
    if (isFailing) this.#failingInFlight--;
    if (!this.#quick.delete(slot) && this.#aside.delete(slot)) lane.slow--;
    const left = this.#origins.get(origin)! - 1;
    if (left > 0) this.#origins.set(origin, left);
    else this.#origins.delete(origin);
    this.#letIn(origin);
  }

  /** Moves what has become slow out of the way; the lanes that it belongs to have to be placed anew. */
  stepAside(nowMs: number): Lane[] {
    const lanes: Lane[] = [];
    for (const slot of this.#quick) {
      if (nowMs - slot.begunMs < SLOW_MS || this.#aside.size >= this.#most) break;
      this.#quick.delete(slot);
      this.#aside.add(slot);
      slot.lane.slow++;
      lanes.push(slot.lane);
    }
    return lanes;
  }

  /** When the next attempt becomes slow, lease clock; Infinity while it would free no place that anybody waits for. */
  get nextAsideMs(): number {
    const isFull = this.#quick.size >= this.#most && this.#aside.size < this.#most;
    const [oldest] = isFull ? this.#quick : [];
    return oldest ? oldest.begunMs + SLOW_MS : Infinity;
  }

  #turnsOf(lane: Lane): Turns | undefined {
    if (this.#isTaken(lane.route.origin)) return undefined;
    if (lane.isCareful) return this.#failing;
    return lane.slow > 0 ? this.#slow : this.#working;
  }

  #isTaken(origin: string): boolean {
    return (this.#origins.get(origin) ?? 0) >= this.#mostOfOrigin;
  }

  #wait(lane: Lane, isParked: boolean): void {
    const { origin } = lane.route;
    this.#waiting.set(lane, origin);
    if (!isParked) return;
    const parked = this.#parked.get(origin);
    if (parked) parked.add(lane);
    else this.#parked.set(origin, new Set([lane]));
  }

  /** Waits no more; the origin that it waited for. */
  #leave(lane: Lane): string | undefined {
    const origin = this.#waiting.get(lane);
    if (origin === undefined) return undefined;
    this.#waiting.delete(lane);
    const parked = this.#parked.get(origin);
    if (parked?.delete(lane) && parked.size === 0) this.#parked.delete(origin);
    return origin;
  }

  /** An origin may have a place: the next of its lanes that would surely take it gets in turn, with those before it. */
  #letIn(origin: string): void {
    for (const lane of this.#parked.get(origin) ?? []) {
      if (this.#isTaken(origin)) return;
      this.place(lane, true);
      if (this.#turnsOf(lane) === this.#working) return;
    }
  }
}
