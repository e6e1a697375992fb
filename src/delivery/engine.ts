import { CLAIM_FRESH_MS, LEASE_MARGIN_MS, type Claim } from "../domain/delivery.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { Route } from "../domain/route.ts";
import type { ClaimRequest, Claimed, Lanes, Store } from "../domain/store.ts";
import { Agenda } from "./agenda.ts";
import { Alarm } from "./alarm.ts";
import { deliver, untilKept, type DeliverTools } from "./deliver.ts";
import { Held } from "./held.ts";
import { Lane, type Moment } from "./lane.ts";
import { Running } from "./running.ts";
import type { Sender } from "./sender.ts";
import { Slots, type Slot } from "./slots.ts";

const RETRY_CLAIM_MS = 1000;
const RECORD_CUT_MS = 1000;

export interface EngineOptions extends Omit<DeliverTools, "send" | "store" | "signal"> {
  readonly store: Store & { routes(tenantId: string): Iterable<Route> };
  readonly sender: Sender;
  /** Attempts in flight in this process. */
  readonly concurrency: number;
  /** Processes that send at the moment, this one included. */
  readonly senders: () => number;
}

/**
 * Claims what is due, sends it lane by lane, and sleeps until something is due again. How a delivery gets here:
 *
 * - **Local first.** `publish` keeps it: inside the transaction the store asks `reserve` for a place in its lane, and
 *   after the commit `begin` puts it into the lane's queue. Nothing is read back from the table.
 * - **Over the table.** Without a place it is born unclaimed and `wake` says that something is due; so does the agenda
 *   when a retry's time comes. The lane is hungry then, and `claim` asks the store for leases, many lanes at once.
 *
 * From the queue the slots take lanes in turn, `deliver` sends and records, and what comes back moves the lane's limit.
 */
export class Engine implements Lanes {
  readonly #options: EngineOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #slots: Slots;
  readonly #agenda: Agenda;
  readonly #aside: Alarm;
  readonly #running: Running;
  readonly #over = new AbortController();
  readonly #held: Held;
  #isClaiming = false;
  #isStopping = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#slots = new Slots(options.concurrency);
    this.#held = new Held(options.concurrency);
    // What fails was no outcome: its lease ends by itself, and the delivery is due again.
    this.#running = new Running(options.report);
    this.#agenda = new Agenda(options.clock, (due) => {
      for (const lane of due) this.#place(lane);
      this.#pump();
    });
    this.#aside = new Alarm(options.clock, () => this.#pump());
  }

  /** Looks at all webhooks of these tenants: what waited from before is due now. */
  start(tenantIds: readonly string[]): void {
    for (const tenantId of tenantIds)
      for (const route of this.#options.store.routes(tenantId)) this.#place(this.#laneOf(route));
    this.#pump();
  }

  reserve(route: Route): boolean {
    const lane = this.#laneOf(route);
    const isFree = lane.canReserve(this.#now, this.#options.senders());
    if (this.#isStopping || !isFree || this.#held.roomFor(lane) <= 0) return false;
    lane.promised++;
    this.#held.take(lane);
    return true;
  }

  giveBack(route: Route): void {
    const lane = this.#laneOf(route);
    lane.promised--;
    this.#held.drop(lane);
  }

  begin(claims: readonly Claim[]): void {
    for (const claim of claims) this.#enqueue(claim);
    this.#pump();
  }

  withdraw(tenantId: string, deliveryId: string): void {
    for (const lane of this.#lanes.values()) {
      if (lane.route.tenantId !== tenantId) continue;
      const index = lane.queue.findIndex((claim) => claim.deliveryId === deliveryId);
      if (index >= 0) this.#release(lane, lane.queue.splice(index, 1));
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

  async deliverNow(claim: Claim): Promise<void> {
    const route = this.#options.store.route(claim.tenantId, claim.webhookId);
    if (!route) return this.#giveUp([claim]);
    await this.#running.track(
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
      this.#held.follow(lane, route ?? { ...lane.route, state: "DISABLED" });
      if (!lane.isActive) this.#release(lane);
      this.#place(lane);
      this.#forgetIfGone(lane);
    }
    this.#pump();
  }

  /** Gives back what was not begun and waits for what is in flight, at most `drainMs`; the rest ends as TIMEOUT. */
  async stop(drainMs: number): Promise<void> {
    this.#isStopping = true;
    this.#agenda.stop();
    this.#aside.stop();
    for (const lane of this.#lanes.values()) this.#release(lane);
    const done = new AbortController();
    const allEnded = this.#running.whenIdle().then(() => done.abort());
    await this.#options.clock.wait(drainMs, done.signal);
    this.#options.sender.abort();
    // Cut attempts are recorded at once; a database that takes nothing any more must not hold the stop up.
    await Promise.race([allEnded, this.#options.clock.wait(RECORD_CUT_MS)]);
    this.#over.abort();
  }

  get #now(): Moment {
    const { clock } = this.#options;
    return { wallMs: clock.now().getTime(), leaseMs: clock.leaseMs() };
  }

  #laneOf(route: Route): Lane {
    let lane = this.#lanes.get(route.webhookId);
    if (!lane) this.#lanes.set(route.webhookId, (lane = new Lane(route)));
    return lane;
  }

  #enqueue(claim: Claim): void {
    const lane = this.#lanes.get(claim.webhookId);
    if (!lane) return this.#giveUp([claim]);
    lane.promised--;
    if (!lane.isActive || lane.isQuiet(this.#now) || this.#isStopping) {
      this.#held.drop(lane);
      this.#putBack(lane, [claim]);
      return this.#forgetIfGone(lane);
    }
    lane.queue.push(claim);
    this.#held.keep(claim);
    this.#place(lane);
  }

  /** Puts a lane where it belongs by what it has to do next. */
  #place(lane: Lane): void {
    const now = this.#now;
    this.#slots.place(lane, lane.canBegin(now));
    this.#agenda.place(lane, now);
  }

  #pump(): void {
    if (this.#isStopping) return;
    const { leaseMs } = this.#now;
    for (const lane of this.#slots.stepAside(leaseMs)) this.#place(lane);
    for (let lane = this.#slots.next(); lane; lane = this.#slots.next()) this.#begin(lane);
    this.#aside.setIn(this.#slots.nextAsideMs - leaseMs);
    if (this.#isClaiming) return;
    const requests = this.#agenda.ask(this.#held, this.#slots.freeForFailing);
    if (requests.length > 0) void this.#running.track(this.#claim(requests));
  }

  #begin(lane: Lane): void {
    const now = this.#now;
    const claim = lane.queue.shift()!;
    this.#held.letGo(claim);
    const age = LEASE_MARGIN_MS + lane.route.timeoutMs - (claim.endsAt - now.leaseMs);
    if (age > CLAIM_FRESH_MS) {
      this.#held.drop(lane);
      return this.#putBack(lane, [claim]);
    }
    lane.begin(now);
    const slot = this.#slots.take(lane, now.leaseMs);
    this.#place(lane);
    const ended = (outcome: Outcome) => this.#ended(slot, outcome);
    void this.#running.track(deliver(claim, lane.route, this.#tools(ended))).then((fact) => {
      if (fact?.dueAt) this.wake(claim.tenantId, claim.webhookId, fact.dueAt);
    });
  }

  #ended(slot: Slot, outcome: Outcome): void {
    const { lane } = slot;
    this.#slots.free(slot);
    this.#held.drop(lane);
    lane.learn(outcome, this.#now);
    if (lane.isFailing || lane.isQuiet(this.#now)) this.#release(lane);
    this.#place(lane);
    this.#forgetIfGone(lane);
    this.#pump();
  }

  #tools(ended: (outcome: Outcome) => void): DeliverTools {
    const { sender, clock } = this.#options;
    return {
      ...this.#options,
      signal: this.#over.signal,
      async send(claim, route) {
        const outcome = await sender.send(claim, route, clock.now());
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
      const again = new Map(
        requests.map(({ webhookId }) => [webhookId, this.#options.clock.now()]),
      );
      this.#claimed(requests, { claims: [], lost: [], nextDueAt: again });
      await this.#options.clock.wait(RETRY_CLAIM_MS);
    } finally {
      this.#isClaiming = false;
    }
    this.#pump();
  }

  #claimed(requests: readonly ClaimRequest[], { claims, nextDueAt, lost }: Claimed): void {
    for (const fact of lost) this.#options.announce(fact);
    const got = Map.groupBy(claims, (claim) => claim.webhookId);
    for (const { webhookId, most } of requests) {
      const lane = this.#lanes.get(webhookId);
      const missed = most - (got.get(webhookId)?.length ?? 0);
      if (!lane) continue;
      this.#held.drop(lane, missed);
      lane.answered(missed, nextDueAt.get(webhookId));
      this.#place(lane);
      this.#forgetIfGone(lane);
    }
    for (const claim of claims) this.#enqueue(claim);
  }

  /** What a lane has not begun goes back to the table. */
  #release(lane: Lane, claims = lane.queue.splice(0)): void {
    if (claims.length === 0) return;
    this.#held.drop(lane, claims.length);
    for (const claim of claims) this.#held.letGo(claim);
    this.#putBack(lane, claims);
  }

  #putBack(lane: Lane, claims: readonly Claim[]): void {
    lane.dueAtMs = Math.min(lane.dueAtMs, this.#now.wallMs);
    this.#giveUp(claims);
    this.#place(lane);
  }

  /** Until it is kept, or a lease that nobody began would end and read as a lost attempt. */
  #giveUp(claims: readonly Claim[]): void {
    const { store, clock, report } = this.#options;
    const tools = { clock, report, signal: this.#over.signal };
    const kept = this.#running.track(untilKept(() => store.release(claims), tools));
    // Whoever looked meanwhile saw a lease.
    void kept.then(() => {
      for (const { tenantId, webhookId } of claims) this.wake(tenantId, webhookId, clock.now());
    });
  }

  #forgetIfGone({ route, inFlight, promised, queue }: Lane): void {
    const isIdle = inFlight + promised + queue.length === 0;
    if (isIdle && !this.#options.store.route(route.tenantId, route.webhookId))
      this.#lanes.delete(route.webhookId);
  }
}
