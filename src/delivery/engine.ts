import { CLAIM_FRESH_MS, LEASE_MARGIN_MS, type Claim } from "../domain/delivery.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { Route } from "../domain/route.ts";
import type { ClaimRequest, Claimed, Lanes, Store } from "../domain/store.ts";
import { Alarm } from "./alarm.ts";
import { deliver, type DeliverTools } from "./deliver.ts";
import { Held } from "./held.ts";
import { Lane } from "./lane.ts";
import { Running } from "./running.ts";
import type { Sender } from "./sender.ts";
import { Slots, type Slot } from "./slots.ts";

/** Tests go ahead of all lanes, so they are few: this part of the places besides them. */
const TESTS_SHARE = 1 / 4;
/** Leases taken in one transaction. */
const CLAIM_STEP = 200;
const RETRY_CLAIM_MS = 1000;
const RECORD_CUT_MS = 1000;

export interface EngineOptions extends Omit<DeliverTools, "send" | "store"> {
  readonly store: Store & { routes(tenantId: string): Iterable<Route> };
  readonly sender: Sender;
  /** Attempts in flight in this process. */
  readonly concurrency: number;
}

/** Claims what is due, sends it lane by lane, and sleeps until something is due again. */
export class Engine implements Lanes {
  readonly #options: EngineOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #slots: Slots;
  /** Lanes with something due in the table and room for it, in turn. */
  readonly #hungry = new Set<Lane>();
  readonly #sleeping = new Set<Lane>();
  readonly #running: Running;
  readonly #alarm: Alarm;
  readonly #held: Held;
  #tests = 0;
  #isClaiming = false;
  #isStopping = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#slots = new Slots(options.concurrency);
    this.#held = new Held(options.concurrency);
    // What fails was no outcome: its lease ends by itself, and the delivery is due again.
    this.#running = new Running(options.report);
    this.#alarm = new Alarm(options.clock, () => this.#awake());
  }

  /** Looks at all webhooks of these tenants: what waited from before is due now. */
  start(tenantIds: readonly string[]): void {
    for (const tenantId of tenantIds)
      for (const route of this.#options.store.routes(tenantId)) this.#place(this.#laneOf(route));
    this.#pump();
  }

  reserve(route: Route): boolean {
    const lane = this.#laneOf(route);
    const nowMs = this.#nowMs;
    const isFree =
      lane.isActive && lane.room > 0 && lane.dueAtMs > nowMs && lane.quietUntilMs <= nowMs;
    if (this.#isStopping || !isFree || lane.isCareful || this.#held.roomFor(lane) <= 0)
      return false;
    lane.promised++;
    this.#held.take();
    return true;
  }

  giveBack(route: Route): void {
    this.#laneOf(route).promised--;
    this.#held.drop();
  }

  begin(claims: readonly Claim[]): void {
    for (const claim of claims) this.#enqueue(claim);
    this.#pump();
  }

  withdraw(deliveryId: string): void {
    for (const lane of this.#lanes.values()) {
      const index = lane.queue.findIndex((claim) => claim.deliveryId === deliveryId);
      if (index < 0) continue;
      const [claim] = lane.queue.splice(index, 1);
      this.#held.drop();
      this.#held.letGo(claim!);
      lane.dueAtMs = Math.min(lane.dueAtMs, this.#nowMs);
      this.#place(lane);
      void this.#running.track(this.#options.store.release([claim!]));
    }
  }

  /** Somebody asked for it: due now, whatever quiet the receiver asked for. */
  hasten(tenantId: string, webhookId: string): void {
    const route = this.#options.store.route(tenantId, webhookId);
    if (!route) return;
    this.#laneOf(route).quietUntilMs = 0;
    this.wake(tenantId, webhookId, this.#options.clock.now());
  }

  wake(tenantId: string, webhookId: string, dueAt: Date): void {
    const route = this.#options.store.route(tenantId, webhookId);
    if (!route) return;
    const lane = this.#laneOf(route);
    lane.dueAtMs = Math.min(lane.dueAtMs, dueAt.getTime());
    this.#place(lane);
    this.#pump();
  }

  get hasRoomForTest(): boolean {
    return this.#tests < this.testsMax;
  }

  get testsMax(): number {
    return Math.max(1, Math.floor(this.#options.concurrency * TESTS_SHARE));
  }

  async deliverNow(claim: Claim): Promise<void> {
    const route = this.#options.store.route(claim.tenantId, claim.webhookId);
    if (!route) return this.#options.store.release([claim]);
    this.#tests++;
    const ended = () => void this.#tests--;
    await this.#running.track(deliver(claim, route, this.#tools(ended)));
  }

  /** The lanes of a tenant follow its webhooks; what a paused or deleted one had taken goes back to the table. */
  webhooksChanged(tenantId: string): void {
    for (const lane of this.#lanes.values()) {
      if (lane.route.tenantId !== tenantId) continue;
      const route = this.#options.store.route(tenantId, lane.route.webhookId);
      if (route) lane.follow(route);
      else lane.follow({ ...lane.route, state: "DISABLED" });
      if (!lane.isActive) this.#release(lane);
      this.#place(lane);
      if (!route && lane.inFlight + lane.promised === 0) this.#lanes.delete(lane.route.webhookId);
    }
    this.#pump();
  }

  /** Gives back what was not begun and waits for what is in flight, at most `drainMs`; the rest ends as TIMEOUT. */
  async stop(drainMs: number): Promise<void> {
    this.#isStopping = true;
    this.#alarm.stop();
    for (const lane of this.#lanes.values()) this.#release(lane);
    const done = new AbortController();
    const allEnded = this.#running.whenIdle().then(() => done.abort());
    await this.#options.clock.wait(drainMs, done.signal);
    this.#options.sender.abort();
    // Cut attempts are recorded at once; a database that takes nothing any more must not hold the stop up.
    await Promise.race([allEnded, this.#options.clock.wait(RECORD_CUT_MS)]);
  }

  get #nowMs(): number {
    return this.#options.clock.now().getTime();
  }

  #laneOf(route: Route): Lane {
    let lane = this.#lanes.get(route.webhookId);
    if (!lane) this.#lanes.set(route.webhookId, (lane = new Lane(route)));
    return lane;
  }

  #enqueue(claim: Claim): void {
    const lane = this.#lanes.get(claim.webhookId);
    if (lane) lane.promised--;
    if (!lane || !lane.isActive || this.#isStopping) {
      this.#held.drop();
      return void this.#running.track(this.#options.store.release([claim]));
    }
    lane.queue.push(claim);
    this.#held.keep(claim);
    this.#place(lane);
  }

  /** Puts a lane where it belongs by what it has to do next. */
  #place(lane: Lane): void {
    const nowMs = this.#nowMs;
    const isHungry = lane.canClaim(nowMs);
    this.#slots.place(lane, lane.canBegin(nowMs));
    if (isHungry) this.#hungry.add(lane);
    else this.#hungry.delete(lane);
    const isSleeping =
      lane.isActive && !isHungry && lane.wakesAtMs > nowMs && lane.wakesAtMs < Infinity;
    if (isSleeping) this.#sleeping.add(lane);
    else this.#sleeping.delete(lane);
    if (isSleeping) this.#alarm.setFor(lane.wakesAtMs);
  }

  #pump(): void {
    if (this.#isStopping) return;
    for (let lane = this.#slots.next(); lane; lane = this.#slots.next()) this.#begin(lane);
    const requests = this.#isClaiming ? [] : this.#claimRequests();
    if (requests.length > 0) void this.#running.track(this.#claim(requests));
  }

  #begin(lane: Lane): void {
    const claim = lane.queue.shift()!;
    this.#held.letGo(claim);
    const age =
      LEASE_MARGIN_MS + lane.route.timeoutMs - (claim.endsAt - this.#options.clock.leaseMs());
    if (age > CLAIM_FRESH_MS) {
      this.#held.drop();
      lane.dueAtMs = Math.min(lane.dueAtMs, this.#nowMs);
      this.#place(lane);
      return void this.#running.track(this.#options.store.release([claim]));
    }
    const slot = this.#slots.take(lane);
    this.#place(lane);
    const ended = (outcome: Outcome) => this.#ended(slot, outcome);
    void this.#running.track(deliver(claim, lane.route, this.#tools(ended))).then((fact) => {
      if (fact?.dueAt) this.wake(claim.tenantId, claim.webhookId, fact.dueAt);
    });
  }

  #ended(slot: Slot, outcome: Outcome): void {
    const { lane } = slot;
    this.#slots.free(slot);
    this.#held.drop();
    lane.learn(outcome, this.#nowMs);
    if (lane.isFailing || lane.quietUntilMs > this.#nowMs) this.#release(lane);
    this.#place(lane);
    this.#pump();
  }

  #tools(ended: (outcome: Outcome) => void): DeliverTools {
    const { sender } = this.#options;
    return {
      ...this.#options,
      async send(claim, route) {
        const outcome = await sender.send(claim, route);
        ended(outcome);
        return outcome;
      },
    };
  }

  async #claim(requests: readonly ClaimRequest[]): Promise<void> {
    this.#isClaiming = true;
    try {
      this.#claimed(requests, await this.#options.store.claimDue(requests));
    } catch (error) {
      this.#options.report(error);
      this.#claimed(requests, { claims: [], lost: [], nextDueAt: new Map() });
      await this.#options.clock.wait(RETRY_CLAIM_MS);
    } finally {
      this.#isClaiming = false;
    }
    this.#pump();
  }

  #claimRequests(): ClaimRequest[] {
    const requests: ClaimRequest[] = [];
    let left = CLAIM_STEP;
    let leftForFailing = this.#slots.freeForFailing;
    for (const lane of this.#hungry) {
      if (left <= 0) break;
      const room = this.#held.roomFor(lane);
      if (room <= 0) continue;
      if (lane.isCareful && leftForFailing-- <= 0) continue;
      const most = Math.min(lane.room, left, room);
      lane.promised += most;
      this.#held.take(most);
      left -= most;
      requests.push({ tenantId: lane.route.tenantId, webhookId: lane.route.webhookId, most });
      this.#hungry.delete(lane);
    }
    return requests;
  }

  #claimed(requests: readonly ClaimRequest[], { claims, nextDueAt, lost }: Claimed): void {
    for (const fact of lost) this.#options.announce(fact);
    const got = Map.groupBy(claims, (claim) => claim.webhookId);
    for (const { webhookId, most } of requests) {
      const lane = this.#lanes.get(webhookId);
      const missed = most - (got.get(webhookId)?.length ?? 0);
      this.#held.drop(missed);
      if (!lane) continue;
      lane.promised -= missed;
      const next = nextDueAt.get(webhookId);
      if (next !== undefined) lane.dueAtMs = next?.getTime() ?? Infinity;
      this.#place(lane);
    }
    for (const claim of claims) this.#enqueue(claim);
  }

  #release(lane: Lane): void {
    const claims = lane.queue.splice(0);
    if (claims.length === 0) return;
    this.#held.drop(claims.length);
    for (const claim of claims) this.#held.letGo(claim);
    lane.dueAtMs = Math.min(lane.dueAtMs, this.#nowMs);
    void this.#running.track(this.#options.store.release(claims));
  }

  #awake(): void {
    // A copy: placing a lane can put it to sleep again.
    for (const lane of Array.from(this.#sleeping)) this.#place(lane);
    this.#pump();
  }
}
