import BetterSqlite from "better-sqlite3";
import { Child } from "./child.ts";
import type { Benchmark, BenchOptions, Figure } from "./figure.ts";
import type { Publisher, Shape } from "./publisher.ts";
import type { Receiver } from "./receiver.ts";
import { KEY, SECRET, Service } from "./service.ts";
import { shapeOf } from "./shape.ts";
import { median, spreadOf } from "./stats.ts";
import { check, type Parts } from "./throughput.ts";

/** What only the healthy one wants, what only the bad ones want, and what all want. */
const [OWN, BAD, SHARED] = ["customer_created", "customer_updated", "payment_failed"] as const;
/** Deliveries that wait for each bad one before anything is measured, and events of a batch. */
const WAITING = 4000;
const BATCH = 100;
/** Each comes back a second after it failed, 20 times. */
const SETTINGS = { HOOKWIRE_RETRY_DELAYS: Array<string>(20).fill("PT1S").join(",") };
const PER_SECOND = 200;
const SECONDS = 8;
const WARM_UP_S = 4;
const CONNECTIONS = 64;
/** Until what a pause or a resume stirs up has settled. */
const SETTLE_MS = 2000;
/** No receiver listens there, and no connection is ever made from there. */
const CLOSED_PORT = 2;
/** What bad receivers may add. */
const FACTOR = 1.2;
const MARGIN_MS = 5;

export const isolation: Benchmark = {
  about: "a healthy receiver at 200 events/s beside ones that hang, drip, refuse and answer 503",
  async run(options) {
    await using receiver = new Child<Receiver>("receiver.ts");
    await using publisher = new Child<Publisher>("publisher.ts");
    const port = await receiver.ask("listen", undefined);
    await using service = await Service.start({ env: SETTINGS });
    await publisher.ask("connect", { url: service.url, key: KEY, connections: CONNECTIONS });
    const parts = { receiver, publisher, port };
    await service.makeWebhook({
      url: `http://127.0.0.1:${port}/ok/healthy`,
      type: OWN,
      settings: { eventTypes: [OWN, SHARED] },
    });
    using bad = await makeBad(service, parts);
    await settle();
    const figures = await measure(options, service, parts, bad);
    bad.check();
    return [...figures, { name: "peak memory", value: service.memory.peak, unit: "MiB" }];
  },
};

/** An origin each: 127.0.0.1 is the healthy one's. */
async function makeBad(service: Service, { publisher, port }: Parts): Promise<BadOnes> {
  const urls = [
    `http://127.0.0.2:${port}/hang`,
    `http://127.0.0.3:${port}/drip`,
    `http://127.0.0.4:${port}/503`,
    `http://127.0.0.5:${CLOSED_PORT}/refused`,
  ];
  const ids: string[] = [];
  for (const url of urls) {
    const settings = { eventTypes: [BAD, SHARED] };
    ids.push(await service.makeWebhook({ url, type: BAD, settings }));
  }
  const shape = await shapeOf(service, BAD, 1024);
  for (let count = 0; count < WAITING; count += BATCH)
    await publisher.ask("batch", { shape, count: BATCH });
  return new BadOnes(service, ids);
}

class BadOnes implements Disposable {
  readonly #service: Service;
  readonly #ids: readonly string[];
  readonly #db: BetterSqlite.Database;

  constructor(service: Service, ids: readonly string[]) {
    this.#service = service;
    this.#ids = ids;
    this.#db = new BetterSqlite(service.database, { readonly: true });
  }

  /** Recorded so far, by all. */
  get attempts(): number {
    return this.#rows().reduce((sum, row) => sum + row.attempts, 0);
  }

  /** A bad one that is not tried, or that has nothing left, disturbs nobody. */
  check(): void {
    const rows = this.#rows().filter(({ attempts, waiting }) => attempts > 0 && waiting > 0);
    if (rows.length !== this.#ids.length) throw new Error("A bad receiver was not busy");
  }

  async pause(): Promise<void> {
    await this.#each("pauseWebhook");
  }

  async resume(): Promise<void> {
    await this.#each("resumeWebhook");
  }

  async #each(mutation: string): Promise<void> {
    for (const id of this.#ids)
      await this.#service.run(
        `mutation ($id: ID!) { ${mutation}(input: { webhook: { id: $id } }) { __typename } }`,
        { id },
      );
    await settle();
  }

  #rows(): { readonly attempts: number; readonly waiting: number }[] {
    return this.#db
      .prepare<[string], { attempts: number; waiting: number }>(
        `select sum(attempts) as attempts, sum(due_at is not null) as waiting from delivery
         where webhook_id in (select value from json_each(?)) group by webhook_id`,
      )
      .all(JSON.stringify(this.#ids));
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}

/** Alone is while the bad ones are paused: the same process and the same rows, and nobody else's attempts. */
async function measure(
  { rounds, note }: BenchOptions,
  service: Service,
  parts: Parts,
  bad: BadOnes,
): Promise<Figure[]> {
  const own = await shapeOf(service, OWN, 1024);
  const shared = await shapeOf(service, SHARED, 1024);
  const alone = async () => {
    await bad.pause();
    const p99 = await p99Of(parts, own);
    await bad.resume();
    return p99;
  };
  for (const shape of [own, shared]) await p99Of(parts, shape, WARM_UP_S);
  const p99s = { alone: [] as number[], own: [] as number[], shared: [] as number[] };
  const badPerSecond: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    // Who goes first changes, so that neither always finds the quieter machine.
    if (round % 2 === 1) p99s.alone.push(await alone());
    const before = bad.attempts;
    p99s.own.push(await p99Of(parts, own));
    badPerSecond.push((bad.attempts - before) / SECONDS);
    p99s.shared.push(await p99Of(parts, shared));
    if (round % 2 === 0) p99s.alone.push(await alone());
    const [one, two, three] = Object.values(p99s).map((all) => all.at(-1)!.toFixed(1));
    note(`round ${round}: p99 ${one} ms alone, ${two} ms beside bad ones, ${three} ms shared`);
  }
  const over = (beside: readonly number[]) =>
    median(
      beside.map((p99, round) => {
        const base = p99s.alone[round]!;
        return p99 - Math.max(base * FACTOR, base + MARGIN_MS);
      }),
    );
  const p99 = (name: string, values: readonly number[]) => ({
    name: `publish to receipt, 200 events/s, ${name}: p99`,
    value: median(values),
    unit: "ms",
  });
  const excess = (name: string, values: readonly number[]) => ({
    name: `${name}: p99 above the larger of 1.2 times and 5 ms more`,
    value: over(values),
    unit: "ms",
    budget: { most: 0 },
  });
  return [
    p99("no bad receivers", p99s.alone),
    p99("beside bad receivers", p99s.own),
    excess("beside bad receivers", p99s.own),
    p99("the same events to bad receivers", p99s.shared),
    excess("the same events to bad receivers", p99s.shared),
    {
      name: "attempts at bad receivers meanwhile",
      value: median(badPerSecond),
      unit: "attempts/s",
    },
  ];
}

/** From when each publish was due to its receipt by the healthy one. */
async function p99Of(
  { receiver, publisher }: Parts,
  shape: Shape,
  seconds = SECONDS,
): Promise<number> {
  await receiver.ask("begin", { secret: SECRET, isTimed: true });
  await publisher.ask("openLoop", { shape, perSecond: PER_SECOND, seconds });
  const count = PER_SECOND * seconds;
  const receipts = await receiver.ask("until", count);
  check(receipts, count);
  return spreadOf(receipts.latenciesMs).p99;
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
