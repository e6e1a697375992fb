import type { Sender } from "../src/delivery/sender.ts";
import { SLOW_MS } from "../src/delivery/slots.ts";
import type { Claim } from "../src/domain/delivery.ts";
import { isStrain, type Outcome } from "../src/domain/outcome.ts";
import type { Route } from "../src/domain/route.ts";
import type { ClaimRequest } from "../src/domain/store.ts";
import type { Clock } from "../src/domain/tools.ts";
import type { LeaseWatch } from "./engine-random-table.ts";
import { status } from "./world.ts";

export type Answer = Partial<Outcome> & Pick<Outcome, "kind">;

export const ok = status(200);
/** What receivers answer, if they do. */
export const ANSWERS: readonly Answer[] = [
  ok,
  ok,
  status(503),
  status(503, 3000),
  status(429, 10_000),
  status(400),
  status(410),
  { kind: "CONNECT" },
  { kind: "TIMEOUT" },
  { kind: "INTERNAL" },
];

/** So many in a row bring the highest limit of a run, 10, down to 1. */
const CAREFUL_STRAINS = 3;
const REST_MAX_MS = 1000;
const GONE_MS = 300_000;

type Lease = Pick<Claim, "webhookId" | "deliveryId" | "number">;

interface Flight {
  readonly webhookId: string;
  readonly deliveryId: string;
  readonly origin: string;
  readonly isCareful: boolean;
  /** Lease clock. */
  readonly begunMs: number;
  readonly endsMs: number;
  readonly answer: (answer: Answer) => void;
}

/** What a receiver answered and was sent so far, as far as something follows from it. */
interface Seen {
  strains: number;
  /** Lease clock. */
  begunMs: number;
  /** In a second. */
  rate: number;
  quietUntilMs: number;
  /** It may rest up to here, after strain. */
  restsUntilMs: number;
}

/** All receivers, and what the engine must never do to them: whatever it did is told in `broken`. */
export class Bounds implements Sender, LeaseWatch {
  readonly broken: string[] = [];
  readonly flights = new Set<Flight>();
  readonly #webhooks: ReadonlyMap<string, Route>;
  readonly #clock: Clock;
  readonly #concurrency: number;
  /** Webhooks of the leases in the engine's hands. */
  readonly #held = new Map<string, string>();
  readonly #seen = new Map<string, Seen>();
  /** What everybody answers at once; without it attempts are open until somebody answers them. */
  atOnce: Answer | undefined;
  sent = 0;
  asks = 0;

  constructor(clock: Clock, webhooks: ReadonlyMap<string, Route>, concurrency: number) {
    this.#clock = clock;
    this.#webhooks = webhooks;
    this.#concurrency = concurrency;
  }

  /** A part of the places, at least one. */
  share(part: number): number {
    return Math.max(1, Math.floor(this.#concurrency * part));
  }

  expect(isKept: boolean, what: string): void {
    if (!isKept) this.broken.push(what);
  }

  take({ deliveryId, number, webhookId }: Lease): void {
    this.#held.set(`${deliveryId} ${number}`, webhookId);
    const { size } = this.#held;
    this.expect(size <= 4 * this.#concurrency, `${size} leases held`);
  }

  drop({ deliveryId, number }: Lease): void {
    this.#held.delete(`${deliveryId} ${number}`);
  }

  /** Leases are going to be taken: an origin's share is looked at here, since a webhook may change to another later. */
  asked(requests: readonly Pick<ClaimRequest, "webhookId" | "most">[]): void {
    this.asks++;
    const held = [...this.#held.values()].map((webhookId) => ({ webhookId, most: 1 }));
    const origins = Map.groupBy(
      [...held, ...requests],
      ({ webhookId }) => this.#webhooks.get(webhookId)?.origin,
    );
    for (const { webhookId } of requests) {
      const { origin } = this.#webhooks.get(webhookId)!;
      const count = origins.get(origin)!.reduce((sum, { most }) => sum + most, 0);
      this.expect(count <= 2 * this.#concurrency, `${count} leases for ${origin}`);
    }
  }

  /** Resumed, or somebody asked for it: it need not be left in peace. */
  hasten(webhookId: string): void {
    Object.assign(this.#seen.get(webhookId) ?? {}, { quietUntilMs: 0 });
  }

  send(claim: Claim, route: Route): Promise<Outcome> {
    const { webhookId, deliveryId } = claim;
    const seen = this.#seen.get(webhookId) ?? unseen(route);
    this.#seen.set(webhookId, seen);
    this.sent++;
    const begunMs = this.#clock.leaseMs();
    return new Promise((resolve) => {
      const flight: Flight = {
        webhookId,
        deliveryId,
        origin: route.origin,
        isCareful: seen.strains >= CAREFUL_STRAINS,
        begunMs,
        endsMs: begunMs + route.timeoutMs,
        answer: (answer) => {
          this.flights.delete(flight);
          this.drop(claim);
          resolve(this.#heard(seen, answer));
        },
      };
      this.#checkClaim(claim, route);
      this.#checkPace(flight, seen);
      this.flights.add(flight);
      this.#checkPlaces(flight);
      Object.assign(seen, { begunMs, rate: rateOf(route) });
      if (this.atOnce) flight.answer(this.atOnce);
    });
  }

  abort(): void {
    for (const flight of this.flights) flight.answer({ kind: "TIMEOUT" });
  }

  async close(): Promise<void> {}

  /** What has a lease and could begin does not wait for anything else to happen. */
  checkIdle(): void {
    if (this.flights.size >= this.#concurrency) return;
    for (const webhookId of new Set(this.#held.values()))
      this.expect(!this.#couldBegin(webhookId), `${webhookId} could begin and did not`);
  }

  #couldBegin(webhookId: string): boolean {
    const { origin, state } = this.#webhooks.get(webhookId) ?? {};
    const seen = this.#seen.get(webhookId);
    const isFree =
      this.#count((flight) => flight.webhookId === webhookId) === 0 &&
      this.#count((flight) => flight.origin === origin) < this.share(1 / 2);
    if (state !== "ACTIVE" || !isFree || !seen || seen.strains > 0) return false;
    const pacedUntilMs = seen.begunMs + 1000 / seen.rate;
    const nowMs = this.#clock.leaseMs();
    return nowMs >= Math.max(seen.quietUntilMs, seen.restsUntilMs, pacedUntilMs + 1);
  }

  #checkClaim({ deliveryId, number, webhookId, endsAt }: Claim, { timeoutMs }: Route): void {
    const isTwice = this.#count((flight) => flight.deliveryId === deliveryId) > 0;
    this.expect(!isTwice, `${deliveryId} is in flight twice`);
    const isHeld = this.#held.has(`${deliveryId} ${number}`);
    this.expect(isHeld, `${deliveryId} was sent without a lease`);
    const isFresh = endsAt > this.#clock.leaseMs() + timeoutMs;
    this.expect(isFresh, `${deliveryId} may be in flight for longer than its lease`);
    const { state } = this.#webhooks.get(webhookId) ?? {};
    this.expect(state === "ACTIVE", `${webhookId} was sent to, and is ${state ?? "deleted"}`);
  }

  #checkPace({ webhookId, begunMs }: Flight, seen: Seen): void {
    const rate = Math.max(seen.rate, rateOf(this.#webhooks.get(webhookId)));
    const gapMs = begunMs - seen.begunMs;
    this.expect(gapMs >= 1000 / rate - 1, `${webhookId} was sent to after ${gapMs} ms`);
    this.expect(begunMs >= seen.quietUntilMs, `${webhookId} had asked for quiet`);
  }

  /** With the new one. What was begun before a limit was lowered may still be in flight, but nothing new beside it. */
  #checkPlaces({ webhookId, origin, isCareful, begunMs }: Flight): void {
    const most = isCareful ? 1 : (this.#webhooks.get(webhookId)?.maxInFlight ?? 0);
    const counts = [
      [webhookId, this.#count((flight) => flight.webhookId === webhookId), most],
      [origin, this.#count((flight) => flight.origin === origin), this.share(1 / 2)],
      ["failing", this.#count((flight) => flight.isCareful), this.share(1 / 4)],
      ["quick", this.#count((one) => begunMs - one.begunMs < SLOW_MS), this.#concurrency],
      ["all", this.flights.size, 2 * this.#concurrency],
    ] as const;
    for (const [name, count, bound] of counts)
      this.expect(count <= bound, `${name}: ${count} in flight, where ${bound} may be`);
  }

  #count(isMeant: (flight: Flight) => boolean): number {
    return [...this.flights].filter(isMeant).length;
  }

  #heard(seen: Seen, answer: Answer): Outcome {
    const rest = { startedAt: this.#clock.now(), tookMs: 5, timings: {}, requestHeaders: [] };
    const outcome = { message: "As told", ...rest, ...answer };
    // The engine hears of it in its turn, after what was answered before.
    queueMicrotask(() => {
      const nowMs = this.#clock.leaseMs();
      if (outcome.kind === "SUCCEEDED") seen.strains = 0;
      else if (isStrain(outcome))
        Object.assign(seen, { strains: seen.strains + 1, restsUntilMs: nowMs + REST_MAX_MS });
      const quietMs = outcome.response?.status === 410 ? GONE_MS : (outcome.retryAfterMs ?? 0);
      seen.quietUntilMs = Math.max(seen.quietUntilMs, nowMs + quietMs);
    });
    return outcome;
  }
}

function rateOf(route: Route | undefined): number {
  return route?.rateLimitPerSecond ?? Infinity;
}

function unseen({ isFailing }: Route): Seen {
  const strains = isFailing ? CAREFUL_STRAINS : 0;
  return { strains, begunMs: 0, rate: Infinity, quietUntilMs: 0, restsUntilMs: 0 };
}
