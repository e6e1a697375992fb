import { Engine, type EngineOptions } from "../src/delivery/engine.ts";
import type { Route } from "../src/domain/route.ts";
import { ANSWERS, Bounds, ok } from "./engine-random-bounds.ts";
import { DISK_ERROR, Table, type Row } from "./engine-random-table.ts";
import { route } from "./lanes.ts";
import { HandClock } from "./world.ts";

const TENANTS = ["ten_1", "ten_2", "ten_3"];
const ORIGINS = ["https://a.example", "https://b.example", "https://c.example"];
const RATES = [null, null, null, 1, 2, 5, 50];
const LIMITS = [1, 2, 5, 10];
const DELAYS_MS = [100, 5000, 30_000, 60_000];
/** The longest that anything waits when its receiver works: quiet after a 410, then a retry, and a wall clock put back. */
const LONGEST_WAIT_S = 300 + 60 + 60;

/** Chance that comes out the same for the same seed (mulberry32). */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** 1 to `most`. */
  upTo(most: number): number {
    return 1 + Math.floor(this.next() * most);
  }

  pick<T>(all: readonly T[]): T {
    return all[this.upTo(all.length) - 1]!;
  }
}

/** Whoever asked for the change was told. */
const refused = () => {};
/** Everything that has no timer left happens. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** One random run: what happens to the engine, and what must be true after it. */
export class Run {
  readonly dice: Dice;
  readonly clock = new HandClock();
  readonly webhooks = new Map<string, Route>();
  readonly bounds: Bounds;
  readonly table: Table;
  readonly engine: Engine;
  readonly concurrency: number;
  timers = 0;
  #isDiskBad = false;
  #webhookCount = 0;
  #resumes = 0;

  constructor(seed: number, EngineClass: typeof Engine) {
    this.dice = new Dice(seed);
    this.concurrency = this.dice.pick([1, 2, 4, 5, 8, 16]);
    this.bounds = new Bounds(this.clock, this.webhooks, this.concurrency);
    this.table = new Table(this.clock, this.webhooks, this.bounds);
    const { now, leaseMs, wait } = this.clock;
    this.engine = new EngineClass({
      clock: { now, leaseMs, wait: (...span) => (this.timers++, wait(...span)) },
      store: this.table as Partial<EngineOptions["store"]> as EngineOptions["store"],
      sender: this.bounds,
      concurrency: this.concurrency,
      newId: () => "att_1",
      announce() {},
      report: (error) => this.bounds.expect(error === DISK_ERROR, String(error)),
      senders: () => 1,
      random: () => 0,
    });
  }

  /** Webhooks, with some deliveries from before. */
  start(): void {
    for (let count = this.dice.pick([3, 8, 20, 40]); count > 0; count--) this.#addAnyWebhook();
    const backlog = Array.from({ length: this.dice.upTo(80) }, () => this.#anyWebhook());
    void this.table.publish(backlog, { reserve: () => false, giveBack() {} });
    this.table.commit();
    this.engine.start(TENANTS);
  }

  /** Something happens: what, is told by chance and weight. */
  async step(): Promise<void> {
    const steps: readonly (readonly [number, () => unknown])[] = [
      [22, () => this.#publish()],
      [28, () => this.#answerSome()],
      [12, () => this.pass(this.dice.pick([1, 10, 50, 200, 1000, 5000, 21_000]))],
      [20, () => this.table.commit(this.dice.upTo(6), this.#verb)],
      [3, () => this.#update({ origin: this.dice.pick(ORIGINS) })],
      [2, () => this.#update({ maxInFlight: this.dice.pick(LIMITS) })],
      [2, () => this.#update({ rateLimitPerSecond: this.dice.pick(RATES) })],
      [2, () => this.#update({ state: "PAUSED" })],
      [3, () => this.#resume(this.#anyWebhook())],
      [0.5, () => this.#delete(this.#anyWebhook())],
      [2, () => this.#hasten(this.#anyWebhook())],
      [2, () => this.#cancel()],
      [1, () => this.clock.step(this.dice.pick([-3000, -500, 500, 60_000]))],
      [1, () => (this.#isDiskBad = !this.#isDiskBad)],
    ];
    let left = this.dice.next() * steps.reduce((sum, [weight]) => sum + weight, 0);
    await steps.find(([weight]) => (left -= weight) < 0)![1]();
    await settled();
    this.bounds.checkIdle();
  }

  /** Time passes up to each deadline of an attempt in turn. */
  async pass(ms: number): Promise<void> {
    const { clock, bounds } = this;
    const untilMs = clock.leaseMs() + ms;
    while (clock.leaseMs() < untilMs) {
      const nextMs = Math.min(untilMs, ...Array.from(bounds.flights, ({ endsMs }) => endsMs));
      clock.pass(nextMs - clock.leaseMs());
      for (const flight of bounds.flights)
        if (flight.endsMs <= nextMs) flight.answer({ kind: "TIMEOUT" });
      await settled();
    }
  }

  /** Receivers and disk work again: what waits for active webhooks arrives, as time passes. */
  async drain(): Promise<void> {
    this.#isDiskBad = false;
    this.bounds.atOnce = ok;
    for (const flight of this.bounds.flights) flight.answer(ok);
    await this.#commitAll();
    const most = Math.max(0, ...[...this.webhooks.keys()].map((id) => this.#waiting(id)));
    // Here a second passes at once, and a webhook with a rate gets one delivery in it.
    let leftS = LONGEST_WAIT_S + most;
    for (; leftS > 0 && this.#stuck.length > 0; leftS--) {
      this.clock.pass(1000);
      await this.#commitAll();
    }
    this.bounds.expect(leftS > 0, `not delivered: ${this.#stuck.join(", ")}`);
    this.bounds.atOnce = undefined;
  }

  /** Nothing that was counted is left: all leases and all places can be had again. */
  async proveRoom(): Promise<void> {
    // What the disk had refused is tried again by then.
    await this.pass(5000);
    await this.#commitAll();
    for (const id of this.webhooks.keys()) if (this.dice.next() < 0.5) this.#resume(id);
    for (let successes = 0; successes < 4; successes++) {
      await this.drain();
      this.#keep([...this.webhooks.keys()]);
    }
    await this.drain();
    for (const made of this.webhooks.values()) if (made.state === "ACTIVE") this.#proveLeases(made);
    await this.#provePlaces(this.concurrency);
    await this.#provePlaces(this.bounds.share(1 / 4), { isFailing: true });
    for (const origin of ORIGINS) await this.#provePlaces(this.bounds.share(1 / 2), { origin });
  }

  async proveIdle(): Promise<void> {
    const { bounds } = this;
    for (let minute = 0; minute < 10; minute++) await this.pass(60_000);
    const [timers, asks] = [this.timers, bounds.asks];
    for (let minute = 0; minute < 60; minute++) await this.pass(60_000);
    bounds.expect(this.timers - timers <= 60, `${this.timers - timers} timers in an idle hour`);
    bounds.expect(bounds.asks === asks, `${bounds.asks - asks} claims in an idle hour`);
    const claimed = [...this.table.rows.values()].filter(({ isClaimed }) => isClaimed);
    bounds.expect(claimed.length === 0, `${claimed.length} leases left`);
  }

  /** A webhook that works and has nothing in flight: as many leases as it has room for. */
  #proveLeases(made: Route): void {
    const rate = made.rateLimitPerSecond ?? Infinity;
    const room = Math.min(2 * made.maxInFlight, 5 * rate, 2 * this.concurrency);
    let got = 0;
    while (got <= room && this.engine.reserve(made)) got++;
    for (let given = 0; given < got; given++) this.engine.giveBack(made);
    this.bounds.expect(got === room, `${made.webhookId} got ${got} leases of ${room}`);
  }

  /** Of new webhooks with one delivery each, so many are in flight at once. */
  async #provePlaces(count: number, changes: Partial<Route> = {}): Promise<void> {
    const made = Array.from({ length: count + 1 }, () => this.#addWebhook(changes));
    this.#keep(made);
    await this.#commitAll();
    const { size } = this.bounds.flights;
    this.bounds.expect(size === count, `${size} places of ${count}, ${JSON.stringify(changes)}`);
    await this.drain();
  }

  get #verb(): "commit" | "refuse" {
    return this.#isDiskBad && this.dice.next() < 0.3 ? "refuse" : "commit";
  }

  get #stuck(): string[] {
    const ids = [...this.webhooks.keys()].filter((id) => this.#waiting(id) > 0);
    return ids.filter((id) => this.webhooks.get(id)!.state === "ACTIVE");
  }

  #waiting(webhookId: string): number {
    return this.table.waiting(webhookId).length;
  }

  #anyWebhook(): string {
    return `wh_${this.dice.upTo(this.#webhookCount)}`;
  }

  async #commitAll(): Promise<void> {
    do await settled();
    while (this.table.commit());
  }

  #addWebhook(changes: Partial<Route>): string {
    const id = `wh_${++this.#webhookCount}`;
    const timing = { retryDelaysMs: DELAYS_MS, timeoutMs: this.dice.pick([1500, 15_000]) };
    this.webhooks.set(id, route(id, { ...timing, ...changes }));
    return id;
  }

  #addAnyWebhook(): void {
    const { dice } = this;
    this.#addWebhook({
      tenantId: dice.pick(TENANTS),
      maxInFlight: dice.pick(LIMITS),
      rateLimitPerSecond: dice.pick(RATES),
      isFailing: dice.next() < 0.3,
      ...(dice.next() < 0.5 && { origin: dice.pick(ORIGINS) }),
    });
  }

  #publish(): void {
    const targets = Array.from({ length: this.dice.upTo(4) }, () => this.#anyWebhook());
    this.#keep(Array.from({ length: this.dice.upTo(3) }, () => targets).flat());
  }

  /** As the command does it. */
  #keep(webhookIds: readonly string[]): void {
    const { engine, clock } = this;
    const begin = (rows: readonly Row[]) => {
      engine.begin(rows.filter(({ isClaimed }) => isClaimed).map(({ claim }) => claim));
      for (const { claim, isClaimed } of rows)
        if (!isClaimed) engine.wake(claim.tenantId, claim.webhookId, clock.now());
    };
    void this.table.publish(webhookIds, engine).then(begin, refused);
  }

  #answerSome(): void {
    for (let count = this.dice.upTo(4); count > 0 && this.bounds.flights.size > 0; count--) {
      const flight = this.dice.pick([...this.bounds.flights]);
      const answer = this.dice.next() < 0.5 ? ok : this.dice.pick(ANSWERS);
      flight.answer(answer);
      // As upkeep does.
      if (answer.response?.status === 410) this.#update({ state: "PAUSED" }, flight.webhookId);
    }
  }

  #update(changes: Partial<Route>, webhookId = this.#anyWebhook()): void {
    const run = () => {
      const made = this.webhooks.get(webhookId);
      if (!made) return;
      this.webhooks.set(webhookId, { ...made, ...changes });
      if (changes.activeSinceMs) this.bounds.hasten(webhookId);
      this.engine.webhooksChanged(made.tenantId);
    };
    void this.table.enqueue(run).catch(refused);
  }

  #resume(webhookId: string): void {
    if (this.webhooks.get(webhookId)?.state !== "PAUSED") return;
    this.#update({ state: "ACTIVE", activeSinceMs: ++this.#resumes }, webhookId);
  }

  #delete(webhookId: string): void {
    const run = () => {
      const made = this.webhooks.get(webhookId);
      if (this.webhooks.delete(webhookId)) this.engine.webhooksChanged(made!.tenantId);
    };
    void this.table.enqueue(run).catch(refused);
  }

  #hasten(webhookId: string): void {
    this.bounds.hasten(webhookId);
    this.engine.hasten("", webhookId);
  }

  #cancel(): void {
    const waiting = [...this.table.rows.values()].filter(({ dueAt }) => dueAt);
    if (waiting.length === 0) return;
    const row = this.dice.pick(waiting);
    const { tenantId, deliveryId } = row.claim;
    this.engine.withdraw(tenantId, deliveryId);
    const cancelled = this.table.enqueue(() => (row.dueAt = null));
    void cancelled.then(() => this.engine.withdraw(tenantId, deliveryId), refused);
  }
}
