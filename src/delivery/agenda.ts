import type { ClaimRequest } from "../domain/store.ts";
import type { Clock } from "../domain/tools.ts";
import { Alarm } from "./alarm.ts";
import type { Held } from "./held.ts";
import type { Lane, Moment } from "./lane.ts";

/** Leases taken in one transaction. */
const STEP = 200;

/** Which lanes want something of the table: now, or when their time comes. */
export class Agenda {
  /** Lanes with something due in the table and room for it, in turn. */
  readonly #hungry = new Set<Lane>();
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
    if (isHungry) this.#hungry.add(lane);
    else this.#hungry.delete(lane);
    if (isSleeping) this.#sleeping.add(lane);
    else this.#sleeping.delete(lane);
    if (isSleeping) this.#alarm.setIn(wakesInMs);
  }

  /** The leases to ask for now, hungry lanes in turn: their places are promised with it. */
  ask(held: Held, freeForFailing: number): ClaimRequest[] {
    const requests: ClaimRequest[] = [];
    let left = STEP;
    let leftForFailing = freeForFailing;
    for (const lane of this.#hungry) {
      if (left <= 0) break;
      const most = Math.min(lane.room, left, held.roomFor(lane));
      if (most <= 0 || (lane.isCareful && leftForFailing-- <= 0)) continue;
      lane.ask(most);
      held.take(most);
      left -= most;
      requests.push({ tenantId: lane.route.tenantId, webhookId: lane.route.webhookId, most });
      this.#hungry.delete(lane);
    }
    return requests;
  }

  stop(): void {
    this.#alarm.stop();
  }
}
