import type { ClaimRequest } from "../domain/store.ts";
import type { Clock } from "../domain/tools.ts";
import { Alarm } from "./alarm.ts";
import type { Held } from "./held.ts";
import type { Lane, Moment } from "./lane.ts";

/** Leases taken in one transaction. */
const STEP = 200;

/** Which lanes want something of the table: now, or when their time comes. */
export class Agenda {
  /** Lanes with something due in the table and room for it, in turn; those that are careful apart. */
  readonly #hungry = new Set<Lane>();
  readonly #careful = new Set<Lane>();
  readonly #sleeping = new Set<Lane>();
  readonly #alarm: Alarm;

  /** `wake` is told which lanes slept, whenever one of them may be due. */
  constructor(clock: Clock, wake: (slept: readonly Lane[]) => void) {
    this.#alarm = new Alarm(clock, () => wake([...this.#sleeping]));
  }

  place(lane: Lane, now: Moment): void {
    const isHungry = lane.canClaim(now);
    const wakesInMs = lane.wakesInMs(now);
    const isSleeping = lane.isActive && !isHungry && wakesInMs > 0 && wakesInMs < Infinity;
    const set = lane.isCareful ? this.#careful : this.#hungry;
    for (const each of [this.#hungry, this.#careful])
      if (isHungry && each === set) each.add(lane);
      else each.delete(lane);
    if (isSleeping) this.#sleeping.add(lane);
    else this.#sleeping.delete(lane);
    if (isSleeping) this.#alarm.setIn(wakesInMs);
  }

  /** The leases to ask for now, hungry lanes in turn: their places are promised with it. */
  ask(held: Held, freeForFailing: number): ClaimRequest[] {
    const requests: ClaimRequest[] = [];
    let left = STEP;
    const ask = (lanes: Set<Lane>, lane: Lane) => {
      const most = Math.min(lane.room, left, held.roomFor(lane));
      if (most <= 0) return;
      lane.ask(most);
      held.take(most);
      left -= most;
      requests.push({ tenantId: lane.route.tenantId, webhookId: lane.route.webhookId, most });
      lanes.delete(lane);
    };
    for (const lane of this.#hungry) {
      if (left <= 0 || held.isFull) break;
      ask(this.#hungry, lane);
    }
    for (const lane of this.#careful) {
      if (left <= 0 || held.isFull || freeForFailing-- <= 0) break;
      ask(this.#careful, lane);
    }
    return requests;
  }

  stop(): void {
    this.#alarm.stop();
  }
}
