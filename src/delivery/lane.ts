import type { Claim } from "../domain/delivery.ts";
import { isStrain, type Outcome } from "../domain/outcome.ts";
import type { Route } from "../domain/route.ts";

/** A receiver that asks for quiet is left alone for this long at most. */
const QUIET_MAX_MS = 5 * 60_000;
const GONE = 410;
/** A lane at 1 rests after each further failure, twice as long each time, so that dead receivers cost the others nothing. */
const REST_MIN_MS = 50;
const REST_MAX_MS = 1000;
/** A lane with a rate holds leases for this long ahead: those that wait for longer would be given back. */
const RATE_AHEAD_S = 5;

/** Now, by the wall clock and by the lease clock. */
export interface Moment {
  readonly wallMs: number;
  readonly leaseMs: number;
}

/** What is waiting and in flight for one webhook. Its limit moves with what the receiver answers, from 1 on. */
export class Lane {
  route: Route;
  /** Attempts that may be in flight: halved by strain, doubled by a success, between 1 and `maxInFlight`. */
  limit = 1;
  /** The last answer was strain: the lane shares the few places kept for such ones. */
  isFailing: boolean;
  inFlight = 0;
  /** Leases that count as held for it: promised, waiting for their turn or in flight. */
  held = 0;
  /** Those in flight that are slow to be answered. */
  slow = 0;
  /** Places promised to deliveries that are not committed yet, or asked for from the table. */
  promised = 0;
  readonly queue: Claim[] = [];
  /** When something in the table is due, wall clock; 0 while nobody has looked. */
  dueAtMs = 0;
  /** A claim for it is under way. */
  isAsking = false;
  /** No new attempt before this, lease clock, which no step prolongs: the receiver asked for quiet, or the lane rests. */
  quietUntilMs = 0;
  /** No new attempt before this, lease clock: the webhook has a rate. */
  pacedUntilMs = 0;
  #restMs = REST_MIN_MS;

  constructor(route: Route) {
    this.route = route;
    this.isFailing = route.isFailing;
  }

  /** At 1 after a failure. */
  get isCareful(): boolean {
    return this.isFailing && this.limit === 1;
  }

  get isActive(): boolean {
    return this.route.state === "ACTIVE";
  }

  /** Leases that it may still take: one ahead for each attempt in flight, so that none waits for a commit. */
  get room(): number {
    const most = this.isFailing ? this.limit : 2 * this.limit;
    const rate = this.route.rateLimitPerSecond ?? Infinity;
    return Math.min(most, rate * RATE_AHEAD_S) - this.inFlight - this.queue.length - this.promised;
  }

  isQuiet({ leaseMs }: Moment): boolean {
    return this.quietUntilMs > leaseMs;
  }

  canBegin(now: Moment): boolean {
    const isWaiting = this.queue.length > 0 && this.inFlight < this.limit;
    const isPaced = this.pacedUntilMs > now.leaseMs;
    return this.isActive && isWaiting && !isPaced && !this.isQuiet(now);
  }

  /** An attempt begins: with a rate, the next one may only after its share of a second. */
  begin({ leaseMs }: Moment): void {
    const { rateLimitPerSecond: rate } = this.route;
    if (rate !== null) this.pacedUntilMs = leaseMs + 1000 / rate;
  }

  canClaim(now: Moment): boolean {
    return this.isActive && !this.isAsking && this.room > 0 && this.dueInMs(now) <= 0;
  }

  /** Whether a new delivery may go ahead without a detour over the table: nothing there is due before it. */
  canReserve(now: Moment, senders = 1): boolean {
    // Others send too: of the limit each may take its share without asking the table, of a rate nothing.
    const { rateLimitPerSecond: rate, maxInFlight } = this.route;
    const held = this.inFlight + this.queue.length + this.promised;
    if (senders > 1 && (rate !== null || held >= Math.floor(maxInFlight / senders))) return false;
    const isClear = !this.isAsking && this.dueAtMs > now.wallMs && !this.isQuiet(now);
    return this.isActive && isClear && this.room > 0 && !this.isCareful;
  }

  /** After how long something in the table may be claimed; Infinity for never. */
  dueInMs({ wallMs, leaseMs }: Moment): number {
    return Math.max(this.dueAtMs - wallMs, this.quietUntilMs - leaseMs);
  }

  /** After how long it has to be looked at again without anything else happening; Infinity for never. */
  wakesInMs(now: Moment): number {
    const paceMs = this.queue.length > 0 ? this.pacedUntilMs - now.leaseMs : 0;
    const dueMs = this.dueInMs(now);
    return Math.min(paceMs > 0 ? paceMs : Infinity, dueMs > 0 ? dueMs : Infinity);
  }

  /** A claim goes out for `most` leases. What becomes due from here on is seen by the next one. */
  ask(most: number): void {
    this.isAsking = true;
    this.dueAtMs = Infinity;
    this.promised += most;
  }

  /** It came back with `missed` fewer, and with when something is due next. */
  answered(missed: number, nextDueAt: Date | null | undefined): void {
    this.isAsking = false;
    this.promised -= missed;
    this.dueAtMs = Math.min(this.dueAtMs, nextDueAt?.getTime() ?? Infinity);
  }

  learn(outcome: Outcome, { leaseMs }: Moment): void {
    const status = outcome.response?.status;
    if (outcome.kind === "SUCCEEDED") {
      this.isFailing = false;
      this.limit = Math.min(this.route.maxInFlight, this.limit * 2);
      this.#restMs = REST_MIN_MS;
    } else if (isStrain(outcome)) {
      this.isFailing = true;
      this.limit = Math.max(1, Math.floor(this.limit / 2));
      if (this.limit === 1) this.#rest(leaseMs);
    }
    if ((status === 429 || status === 503) && outcome.retryAfterMs)
      this.#quiet(leaseMs + Math.min(outcome.retryAfterMs, QUIET_MAX_MS));
    // It will be paused as soon as the log is folded; until then it is left alone.
    if (status === GONE) this.#quiet(leaseMs + QUIET_MAX_MS);
  }

  #rest(leaseMs: number): void {
    // What was in flight together fails together: that is one failure more, and not many.
    if (this.quietUntilMs > leaseMs) return;
    this.#quiet(leaseMs + this.#restMs);
    this.#restMs = Math.min(REST_MAX_MS, this.#restMs * 2);
  }

  #quiet(untilMs: number): void {
    this.quietUntilMs = Math.max(this.quietUntilMs, untilMs);
  }

  follow(route: Route): void {
    if (route.activeSinceMs !== this.route.activeSinceMs) {
      this.dueAtMs = 0;
      this.quietUntilMs = 0;
      this.#restMs = REST_MIN_MS;
    }
    this.route = route;
    this.limit = Math.min(this.limit, route.maxInFlight);
  }
}

/** Lanes in turn: tenants one after the other, and the lanes of each one after the other. */
export class Turns {
  readonly #tenants = new Map<string, Set<Lane>>();

  set(lane: Lane, isIn: boolean): void {
    const { tenantId } = lane.route;
    const lanes = this.#tenants.get(tenantId);
    if (isIn && lanes) lanes.add(lane);
    else if (isIn) this.#tenants.set(tenantId, new Set([lane]));
    else if (lanes?.delete(lane) && lanes.size === 0) this.#tenants.delete(tenantId);
  }

  /** Lanes in all. */
  get size(): number {
    return [...this.#tenants.values()].reduce((sum, lanes) => sum + lanes.size, 0);
  }

  /** The next one; it and its tenant go to the end. */
  take(): Lane | undefined {
    for (const [tenantId, lanes] of this.#tenants)
      for (const lane of lanes) {
        lanes.delete(lane);
        lanes.add(lane);
        this.#tenants.delete(tenantId);
        this.#tenants.set(tenantId, lanes);
        return lane;
      }
    return undefined;
  }
}
