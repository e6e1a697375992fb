import type { EngineOptions } from "../src/delivery/engine.ts";
import { LEASE_MARGIN_MS, lose, type Claim, type DeliveryState } from "../src/domain/delivery.ts";
import type { AttemptRecorded } from "../src/domain/fact.ts";
import type { Route } from "../src/domain/route.ts";
import type { ClaimRequest, Claimed, Lanes, Recording } from "../src/domain/store.ts";
import type { Clock } from "../src/domain/tools.ts";

export const DISK_ERROR = new Error("disk I/O error");

/** A delivery in the table, with the lease that was last taken on it. */
export interface Row {
  claim: Claim;
  state: DeliveryState;
  dueAt: Date | null;
  isClaimed: boolean;
}

/** Hears of leases: those that are asked for, were taken, and are on their way back. */
export interface LeaseWatch {
  asked(requests: readonly ClaimRequest[]): void;
  take(claim: Claim): void;
  drop(claim: Claim): void;
}

type EngineStore = Pick<
  EngineOptions["store"],
  "route" | "routes" | "claimDue" | "record" | "release"
>;

/** The engine's side of the store. Changes wait in their order until they are committed or refused. */
export class Table implements EngineStore {
  readonly #webhooks: ReadonlyMap<string, Route>;
  readonly rows = new Map<string, Row>();
  readonly #clock: Clock;
  readonly #turns: { readonly commit: () => void; readonly refuse: () => void }[] = [];
  readonly #waiting = new Map<string, Row[]>();
  readonly #watch: LeaseWatch;
  #lastId = 0;
  /** Leases that ended by themselves. */
  lost = 0;

  constructor(clock: Clock, webhooks: ReadonlyMap<string, Route>, watch: LeaseWatch) {
    this.#clock = clock;
    this.#webhooks = webhooks;
    this.#watch = watch;
  }

  route(_tenantId: string, webhookId: string): Route | undefined {
    return this.#webhooks.get(webhookId);
  }

  routes(tenantId: string): Route[] {
    return [...this.#webhooks.values()].filter((route) => route.tenantId === tenantId);
  }

  /** What waits for a webhook. What ended never waits again. */
  waiting(webhookId: string): readonly Row[] {
    const waiting = (this.#waiting.get(webhookId) ?? []).filter(({ dueAt }) => dueAt);
    this.#waiting.set(webhookId, waiting);
    return waiting;
  }

  /** `undo` stands for a rollback. */
  enqueue<T>(run: () => T, undo = () => {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const refuse = () => {
        undo();
        reject(DISK_ERROR);
      };
      this.#turns.push({ commit: () => resolve(run()), refuse });
    });
  }

  /** The oldest changes, in one go; false when there was none. */
  commit(most = Infinity, verb: "commit" | "refuse" = "commit"): boolean {
    const turns = this.#turns.splice(0, most);
    for (const turn of turns) turn[verb]();
    return turns.length > 0;
  }

  /** A delivery to each webhook, in one commit: with a lease where the engine has a place for it. */
  publish(
    webhookIds: readonly string[],
    lanes: Pick<Lanes, "reserve" | "giveBack">,
  ): Promise<Row[]> {
    const found = () => webhookIds.flatMap((id) => this.#webhooks.get(id) ?? []);
    const bear = () => found().map((route) => this.#bear(route, lanes));
    const undo = () => {
      for (const { route, row } of bear()) {
        if (row.isClaimed) lanes.giveBack(route);
        this.#watch.drop(row.claim);
      }
    };
    const run = () => {
      const rows = bear().map(({ row }) => row);
      for (const row of rows) this.#add(row);
      // As it was born: a change of the same commit may lease it.
      return rows.map((row) => ({ ...row }));
    };
    return this.enqueue(run, undo);
  }

  claimDue(requests: readonly ClaimRequest[]): Promise<Claimed> {
    this.#watch.asked(requests);
    return this.enqueue(() => {
      const claims: Claim[] = [];
      const lost: AttemptRecorded[] = [];
      const nextDueAt = new Map<string, Date | null>();
      for (const { webhookId, most } of requests) {
        const route = this.#webhooks.get(webhookId);
        if (!route) continue;
        const due = this.#due(webhookId).slice(0, most);
        for (const row of due)
          if (row.isClaimed) lost.push(this.#lose(row, route));
          else claims.push(this.#claim(row, route));
        const mayHaveMore = due.length === most;
        nextDueAt.set(webhookId, mayHaveMore ? this.#clock.now() : this.#nextDueAt(webhookId));
      }
      return { claims, nextDueAt, lost };
    });
  }

  release(claims: readonly Claim[]): Promise<void> {
    for (const claim of claims) this.#watch.drop(claim);
    return this.enqueue(() => claims.forEach((claim) => this.#free(claim)));
  }

  record({ claim, settled }: Recording): Promise<AttemptRecorded> {
    return this.enqueue(() => {
      const isCurrent = this.#free(claim);
      const row = this.rows.get(claim.deliveryId)!;
      // Cancelled meanwhile, it waits no more.
      if (isCurrent && row.dueAt) Object.assign(row, { state: settled, dueAt: settled.dueAt });
      return { dueAt: row.dueAt } as AttemptRecorded;
    });
  }

  #bear(route: Route, lanes: Pick<Lanes, "reserve">): { route: Route; row: Row } {
    const { tenantId, webhookId, timeoutMs } = route;
    const isClaimed = route.state === "ACTIVE" && lanes.reserve(route);
    const endsAt = this.#clock.leaseMs() + timeoutMs + LEASE_MARGIN_MS;
    const deliveryId = `dlv_${this.#lastId++}`;
    const claim = { ...CLAIM, tenantId, webhookId, deliveryId, number: 1, endsAt, state: STATE };
    if (isClaimed) this.#watch.take(claim);
    return { route, row: { claim, state: STATE, dueAt: this.#clock.now(), isClaimed } };
  }

  #add(row: Row): void {
    const { webhookId, deliveryId } = row.claim;
    this.rows.set(deliveryId, row);
    const waiting = this.#waiting.get(webhookId);
    if (waiting) waiting.push(row);
    else this.#waiting.set(webhookId, [row]);
  }

  #due(webhookId: string): Row[] {
    const isFree = ({ isClaimed, claim }: Row) =>
      !isClaimed || claim.endsAt <= this.#clock.leaseMs();
    return this.waiting(webhookId)
      .filter((row) => row.dueAt! <= this.#clock.now() && isFree(row))
      .toSorted((a, b) => a.dueAt!.getTime() - b.dueAt!.getTime());
  }

  #nextDueAt(webhookId: string): Date | null {
    const aheadMs = this.#clock.now().getTime() - this.#clock.leaseMs();
    const due = this.waiting(webhookId).map(({ dueAt, isClaimed, claim }) =>
      Math.max(dueAt!.getTime(), isClaimed ? claim.endsAt + aheadMs : 0),
    );
    return due.length > 0 ? new Date(Math.min(...due)) : null;
  }

  #claim(row: Row, { timeoutMs }: Route): Claim {
    const endsAt = this.#clock.leaseMs() + timeoutMs + LEASE_MARGIN_MS;
    const claim = { ...row.claim, number: row.claim.number + 1, endsAt, state: row.state };
    Object.assign(row, { claim, isClaimed: true });
    this.#watch.take(claim);
    return claim;
  }

  #lose(row: Row, { retryDelaysMs: delaysMs }: Route): AttemptRecorded {
    const state = { ...row.state, ...lose(row.state, { delaysMs, now: this.#clock.now() }) };
    Object.assign(row, { state, dueAt: state.dueAt, isClaimed: false });
    this.lost++;
    return { dueAt: state.dueAt } as AttemptRecorded;
  }

  /** Ends a lease; false when it was no longer the current one. */
  #free({ deliveryId, number }: Claim): boolean {
    const row = this.rows.get(deliveryId)!;
    const isCurrent = row.isClaimed && row.claim.number === number;
    if (isCurrent) row.isClaimed = false;
    return isCurrent;
  }
}

const STATE: DeliveryState = {
  status: "PENDING",
  trigger: "AUTOMATIC",
  attempts: 0,
  failures: 0,
  losses: 0,
  isTest: false,
  succeededAt: null,
};
const CLAIM = { eventId: "evt_1", eventType: "test", body: "{}", owner: "this-process" };
