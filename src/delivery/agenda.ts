import type { ClaimRequest } from "../domain/store.ts";
import type { Clock } from "../domain/tools.ts";
import { Alarm } from "./alarm.ts";
import type { Held } from "./held.ts";
import type { Lane, Moment } from "./lane.ts";

/** Leases taken in one transaction. */
const STEP = 200;
/** Hungry lanes looked at in one go, and how soon the others follow when nothing else happens. */
const LOOKS = 256;
const LOOK_AGAIN_MS = 10;
/** The wall clock was put. */
const STEP_MS = 100;

/** Which lanes want something of the table: now, or when their time comes. */
export class Agenda {
  /** Lanes with something due in the table and room for it, in turn; those that are careful apart. */
  readonly #hungry = new Set<Lane>();
  readonly #careful = new Set<Lane>();
  /** Until when, lease clock. */
  readonly #sleeping = new Map<Lane, number>();
  readonly #alarm: Alarm;
  /** The wall clock's lead over the lease clock, when it was last looked at. */
  #leadMs: number;

  /** `wake` is told which lanes have slept long enough. */
  constructor(clock: Clock, wake: (lanes: readonly Lane[]) => void) {
    const now = () => ({ wallMs: clock.now().getTime(), leaseMs: clock.leaseMs() });
    this.#leadMs = now().wallMs - now().leaseMs;
    this.#alarm = new Alarm(clock, () => wake(this.#due(now())));
  }

  place(lane: Lane, now: Moment): void {
    const isHungry = lane.canClaim(now);
    const wakesInMs = lane.wakesInMs(now);
    const isSleeping = lane.isActive && wakesInMs > 0 && wakesInMs < Infinity;
    const set = lane.isCareful ? this.#careful : this.#hungry;
    for (const each of [this.#hungry, this.#careful])
      if (isHungry && each === set) each.add(lane);
      else each.delete(lane);
    if (!isSleeping) return void this.#sleeping.delete(lane);
    this.#sleeping.set(lane, now.leaseMs + wakesInMs);
    this.#alarm.setIn(wakesInMs);
  }

  /** All that sleep, when the wall clock was put: what they wait for is told by it. */
  #due({ wallMs, leaseMs }: Moment): Lane[] {
    const leadMs = wallMs - leaseMs;
    const wasPut = Math.abs(leadMs - this.#leadMs) > STEP_MS;
    this.#leadMs = leadMs;
    const due: Lane[] = [];
    let nextMs = Infinity;
    for (const [lane, untilMs] of this.#sleeping)
      if (wasPut || untilMs <= leaseMs) due.push(lane);
      else nextMs = Math.min(nextMs, untilMs);
    if (nextMs < Infinity) this.#alarm.setIn(nextMs - leaseMs);
    return due;
  }

  /** The leases to ask for now, hungry lanes in turn: their places are promised with it. */
  ask(held: Held, freeForFailing: number): ClaimRequest[] {
    const requests: ClaimRequest[] = [];
    let left = STEP;
    const share = Math.ceil(STEP / Math.max(1, this.#hungry.size));
    /** Whoever gets nothing now goes to the end. */
    const ask = (lanes: Set<Lane>, lane: Lane) => {
      const most = Math.min(lane.room, left, share, held.roomFor(lane));
      lanes.delete(lane);
      if (most <= 0) return void lanes.add(lane);
      lane.ask(most);
      held.take(lane, most);
      left -= most;
      requests.push({ tenantId: lane.route.tenantId, webhookId: lane.route.webhookId, most });
    };
    for (const [lanes, most] of [
      [this.#hungry, LOOKS],
      [this.#careful, Math.min(LOOKS, freeForFailing)],
    ] as const) {
      let looks = Math.min(most, lanes.size);
      for (const lane of lanes) {
        if (left <= 0 || held.isFull || looks-- <= 0) break;
        ask(lanes, lane);
      }
    }
    const hasMore = this.#hungry.size > LOOKS && left > 0 && !held.isFull;
    if (hasMore) this.#alarm.setIn(LOOK_AGAIN_MS);
    return requests;
  }

  stop(): void {
    this.#alarm.stop();
  }
}
