import { CLAIM_FRESH_MS, LEASE_MARGIN_MS, type Claim } from "../domain/delivery.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { Route } from "../domain/route.ts";
import type { ClaimRequest, Claimed, Lanes, Store } from "../domain/store.ts";
import { deliver, type DeliverTools } from "./deliver.ts";
import { Lane } from "./lane.ts";
import type { Sender } from "./sender.ts";
import { Slots, type Slot } from "./slots.ts";

/** Leases held in memory, for each attempt that may be in flight. The rest of a backlog stays in the table. */
const HELD_PER_SLOT = 4;
const HELD_BYTES = 64 * 1024 * 1024;
/** Leases taken in one transaction. */
const CLAIM_STEP = 200;
const RETRY_CLAIM_MS = 1000;
const RECORD_CUT_MS = 1000;
/** A timer is never set further than this, so that a step of the wall clock is noticed. */
const LONGEST_SLEEP_MS = 60_000;

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
  readonly #running = new Set<Promise<unknown>>();
  #held = 0;
  #heldBytes = 0;
  #isClaiming = false;
  #isStopping = false;
  #alarm = new AbortController();
  #alarmAtMs = Infinity;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#slots = new Slots(options.concurrency);
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
    if (this.#isStopping || !isFree || lane.isFailing || !this.#hasRoom) return false;
    lane.promised++;
    this.#held++;
    return true;
  }

  giveBack(route: Route): void {
    this.#laneOf(route).promised--;
    this.#held--;
  }

  begin(claims: readonly Claim[]): void {
    for (const claim of claims) this.#enqueue(claim);
    this.#pump();
  }

  wake(tenantId: string, webhookId: string, dueAt: Date): void {
    const route = this.#options.store.route(tenantId, webhookId);
    if (!route) return;
    const lane = this.#laneOf(route);
    lane.dueAtMs = Math.min(lane.dueAtMs, dueAt.getTime());
    this.#place(lane);
    this.#pump();
  }

  async deliverNow(claim: Claim): Promise<void> {
    const route = this.#options.store.route(claim.tenantId, claim.webhookId);
    if (!route) return this.#options.store.release([claim]);
    await this.#track(
      deliver(
        claim,
        route,
        this.#tools(() => {}),
      ),
    );
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
    this.#alarm.abort();
    for (const lane of this.#lanes.values()) this.#release(lane);
    const done = new AbortController();
    const allEnded = this.whenIdle().then(() => done.abort());
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

  get #hasRoom(): boolean {
    return this.#held < this.#options.concurrency * HELD_PER_SLOT && this.#heldBytes < HELD_BYTES;
  }

  #enqueue(claim: Claim): void {
    const lane = this.#lanes.get(claim.webhookId);
    if (lane) lane.promised--;
    if (!lane || !lane.isActive || this.#isStopping) {
      this.#held--;
      return void this.#track(this.#options.store.release([claim]));
    }
    lane.queue.push(claim);
    this.#heldBytes += claim.body.length;
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
    if (isSleeping && lane.wakesAtMs < this.#alarmAtMs) this.#sleepUntil(lane.wakesAtMs);
  }

  #pump(): void {
    if (this.#isStopping) return;
    for (let lane = this.#slots.next(); lane; lane = this.#slots.next()) this.#begin(lane);
    const requests = this.#isClaiming ? [] : this.#claimRequests();
    if (requests.length > 0) void this.#track(this.#claim(requests));
  }

  #begin(lane: Lane): void {
    const claim = lane.queue.shift()!;
    this.#heldBytes -= claim.body.length;
    const age =
      LEASE_MARGIN_MS + lane.route.timeoutMs - (claim.endsAt - this.#options.clock.leaseMs());
    if (age > CLAIM_FRESH_MS) {
      this.#held--;
      lane.dueAtMs = Math.min(lane.dueAtMs, this.#nowMs);
      this.#place(lane);
      return void this.#track(this.#options.store.release([claim]));
    }
    const slot = this.#slots.take(lane);
    this.#place(lane);
    const ended = (outcome: Outcome) => this.#ended(slot, outcome);
    void this.#track(deliver(claim, lane.route, this.#tools(ended))).then((fact) => {
      if (fact?.dueAt) this.wake(claim.tenantId, claim.webhookId, fact.dueAt);
    });
  }

  #ended(slot: Slot, outcome: Outcome): void {
    const { lane } = slot;
    this.#slots.free(slot);
    this.#held--;
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
      if (left <= 0 || !this.#hasRoom) break;
      if (lane.isFailing && leftForFailing-- <= 0) continue;
      const most = Math.min(lane.room, left);
      lane.promised += most;
      this.#held += most;
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
      this.#held -= missed;
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
    this.#held -= claims.length;
    for (const claim of claims) this.#heldBytes -= claim.body.length;
    lane.dueAtMs = Math.min(lane.dueAtMs, this.#nowMs);
    void this.#track(this.#options.store.release(claims));
  }

  #sleepUntil(atMs: number): void {
    this.#alarm.abort();
    this.#alarm = new AbortController();
    this.#alarmAtMs = atMs;
    const { signal } = this.#alarm;
    const sleepMs = Math.min(Math.max(atMs - this.#nowMs, 1), LONGEST_SLEEP_MS);
    void this.#options.clock.wait(sleepMs, signal).then(() => signal.aborted || this.#awake());
  }

  #awake(): void {
    this.#alarmAtMs = Infinity;
    // A copy: placing a lane can put it to sleep again.
    for (const lane of Array.from(this.#sleeping)) this.#place(lane);
    this.#pump();
  }

  /** Counts as running until it ends. What fails was no outcome: the lease ends by itself, and the delivery is due again. */
  async #track<T>(work: Promise<T>): Promise<T | undefined> {
    const tracked = work.catch((error: unknown) => this.#options.report(error));
    this.#running.add(tracked);
    try {
      return (await tracked) as T | undefined;
    } finally {
      this.#running.delete(tracked);
    }
  }

  /** Resolves when nothing is in flight, claimed or recorded. */
  async whenIdle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
