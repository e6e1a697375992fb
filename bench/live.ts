import { setTimeout as wait } from "node:timers/promises";
import { Child } from "./child.ts";
import type { Benchmark, BenchOptions, Figure } from "./figure.ts";
import type { Publisher, Shape } from "./publisher.ts";
import type { Receiver } from "./receiver.ts";
import { KEY, SECRET, Service } from "./service.ts";
import { shapeOf } from "./shape.ts";
import { median, spreadOf, type Spread } from "./stats.ts";
import type { Got, Subscribers } from "./subscriber.ts";
import { check, IN_FLIGHT, runBatches, SETTINGS, TYPE, type Parts } from "./throughput.ts";

/** Of the load, and of one delivery for each event. */
const WEBHOOKS = 16;
const SINGLE_TYPE = "customer_updated";
const CROWD = 2000;
const CROWDS = [1, 100, CROWD] as const;
const PER_SECOND = 5;
const SECONDS = 8;
const P99_MS = 1000;
const ROUND = 12_800;
const WARM_UP = 8000;
const LEAST_RATIO = 0.7;
/** Updates of 2 MB and more, within the time after which a client that answers no ping is closed. */
const STALLED = { subscribers: 3, deliveries: 3200, bytes: 2_000_000 };
/** How long a service has to be at rest before its memory is read. */
const REST_MS = 2000;

interface Stage extends Parts {
  readonly service: Service;
  readonly subscribers: Child<Subscribers>;
  /** For one webhook. */
  readonly single: Shape;
  /** For all others. */
  readonly shape: Shape;
}

export const live: Benchmark = {
  about: "1, 100 and 2,000 subscribers of one tenant: what they get, when, and what they cost",
  async run(options) {
    await using receiver = new Child<Receiver>("receiver.ts");
    await using publisher = new Child<Publisher>("publisher.ts");
    await using subscribers = new Child<Subscribers>("subscriber.ts");
    await using service = await Service.start({ env: SETTINGS });
    const port = await receiver.ask("listen", undefined);
    for (let number = 0; number <= WEBHOOKS; number++)
      await service.makeWebhook({
        url: `http://127.0.0.1:${port}/ok/${number}`,
        type: number === 0 ? SINGLE_TYPE : TYPE,
        settings: { maxInFlight: IN_FLIGHT },
      });
    const single = await shapeOf(service, SINGLE_TYPE, 1024);
    const shape = await shapeOf(service, TYPE, 1024);
    const stage = { receiver, publisher, subscribers, port, service, single, shape };
    const memory = await weigh(subscribers);
    await runBatches(service, stage, { shape, webhooks: WEBHOOKS, deliveries: WARM_UP });
    const stalled = await stall(options, stage);
    return [
      ...(await crowds(options, stage)),
      memory,
      stalled,
      ...(await underLoad(options, stage)),
    ];
  },
};

/** What the crowd adds to a service that has nothing to tell it. */
async function weigh(subscribers: Child<Subscribers>): Promise<Figure> {
  await using service = await Service.start({ env: SETTINGS });
  const open = async (count: number) => {
    await subscribers.ask("open", { url: service.url, key: KEY, count });
    await wait(REST_MS);
    return service.memory.now;
  };
  const first = await open(1);
  const all = await open(CROWD - 1);
  await subscribers.ask("leave", undefined);
  const value = ((all - first) * 1024) / (CROWD - 1);
  return { name: "memory for each subscriber", value, unit: "KiB" };
}

/** One reads nothing while the others do. */
async function stall({ note }: BenchOptions, stage: Stage): Promise<Figure> {
  const { subscribers, service, shape } = stage;
  await open(stage, STALLED.subscribers);
  await subscribers.ask("stall", undefined);
  const { deliveries } = STALLED;
  const startMs = performance.now();
  await runBatches(service, stage, { shape, webhooks: WEBHOOKS, deliveries });
  const others = await subscribers.ask("until", { count: 2 * deliveries, except: 1 });
  const stalledMs = performance.now() - startMs;
  await subscribers.ask("readOn", undefined);
  const got = await subscribers.ask("until", { count: 2 * deliveries, except: 0 });
  const readMs = performance.now() - startMs - stalledMs;
  checkUpdates(got, deliveries);
  await subscribers.ask("leave", undefined);
  if (others.counts[0] !== 0 || others.bytes < STALLED.bytes)
    throw new Error(`It read ${others.counts[0]} of ${others.bytes} bytes while it was stalled`);
  note(`${others.bytes} bytes passed a stalled subscriber in ${stalledMs.toFixed(0)} ms`);
  return {
    name: "a subscriber that stalled has everything it missed after",
    value: readMs,
    unit: "ms",
  };
}

/** More and more subscribers, at a rate at which there is time to tell all of them. */
async function crowds({ rounds, note }: BenchOptions, stage: Stage): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const count of CROWDS) {
    const startMs = performance.now();
    await open(stage, count);
    const openMs = performance.now() - startMs;
    const all: Paced[] = [];
    for (let round = 1; round <= (count === CROWD ? rounds : 1); round++) {
      const paced = await pace(stage, count);
      const p99 = [paced.created, paced.attempted].map((times) => times.p99.toFixed(1));
      note(`${count} subscribers: p99 ${p99.join(", ")} ms, ${paced.cpuUs.toFixed(0)} µs/message`);
      all.push(paced);
    }
    await stage.subscribers.ask("leave", undefined);
    figures.push(...pacedFigures(count, all));
    if (count === CROWD)
      figures.push({ name: `${CROWD} subscribers follow after`, value: openMs, unit: "ms" });
  }
  return figures;
}

interface Paced {
  /** From the time that the update itself says. */
  readonly created: Spread;
  /** From the receiver's receipt. */
  readonly attempted: Spread;
  readonly cpuUs: number;
}

async function pace(stage: Stage, subscribers: number): Promise<Paced> {
  const { receiver, publisher, service } = stage;
  const count = PER_SECOND * SECONDS;
  await publisher.ask("connect", { url: service.url, key: KEY, connections: 4 });
  await receiver.ask("begin", { secret: SECRET, isTimed: true });
  await stage.subscribers.ask("begin", { isTimed: true });
  const cpuMs = service.cpuMs;
  const loop = { shape: stage.single, perSecond: PER_SECOND, seconds: SECONDS };
  await publisher.ask("openLoop", loop);
  const receipts = await receiver.ask("until", count);
  check(receipts, count);
  const got = await stage.subscribers.ask("until", { count: 2 * count, except: 0 });
  checkUpdates(got, count);
  const since = (change: string, start: (eventId: string, at: string) => number) =>
    spreadOf(
      got.updates.flatMap((update, index) => {
        if (update.change !== change) return [];
        const startMs = start(update.eventId, update.at);
        return got.arrivals[index]!.map((atMs) => atMs - startMs);
      }),
    );
  return {
    created: since("CREATED", (_eventId, at) => Date.parse(at)),
    attempted: since("ATTEMPTED", (eventId) => receipts.receivedAt.get(eventId)!),
    cpuUs: ((service.cpuMs - cpuMs) * 1000) / (2 * count * subscribers),
  };
}

function pacedFigures(count: number, all: readonly Paced[]): Figure[] {
  const at = `${count} subscriber${count > 1 ? "s" : ""}, ${PER_SECOND} deliveries/s`;
  const legs = { created: "published to message", attempted: "receipt to message" } as const;
  const figures = (Object.keys(legs) as (keyof typeof legs)[]).flatMap((leg) =>
    (["p50", "p99"] as const).map((part) => ({
      name: `${at}, ${legs[leg]}: ${part}`,
      value: median(all.map((paced) => paced[leg][part])),
      unit: "ms",
      ...(count === CROWD && part === "p99" && { budget: { most: P99_MS } }),
    })),
  );
  const cpuUs = median(all.map((paced) => paced.cpuUs));
  return [...figures, { name: `${at}: processor time`, value: cpuUs, unit: "µs/message" }];
}

/** The same load without and with the crowd, in turn. */
async function underLoad({ rounds, note }: BenchOptions, stage: Stage): Promise<Figure[]> {
  const { service, shape, subscribers } = stage;
  const load = { shape, webhooks: WEBHOOKS, deliveries: ROUND };
  const alone: number[] = [];
  const watched: number[] = [];
  const messages: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    alone.push(await runBatches(service, stage, load));
    // The last attempts are recorded after the last receipt: who comes in between begins with another update.
    await service.settled();
    await open(stage, CROWD);
    const startMs = performance.now();
    watched.push(await runBatches(service, stage, load));
    const { counts } = await subscribers.ask("got", undefined);
    const told = counts.reduce((sum, count) => sum + count, 0);
    messages.push(told / ((performance.now() - startMs) / 1000));
    await subscribers.ask("leave", undefined);
    const [one, other] = [watched, alone].map((rates) => rates.at(-1)!.toFixed(0));
    note(
      `round ${round}: ${one}/s watched, ${other}/s alone, ${messages.at(-1)!.toFixed(0)} told/s`,
    );
  }
  return [
    {
      name: `full load, ${CROWD} subscribers: deliveries/s of none`,
      value: median(watched.map((rate, round) => rate / alone[round]!)),
      unit: "ratio",
      budget: { least: LEAST_RATIO },
    },
    { name: "full load, no subscriber", value: median(alone), unit: "deliveries/s" },
    { name: `full load, ${CROWD} subscribers`, value: median(watched), unit: "deliveries/s" },
    { name: `full load, ${CROWD} subscribers, told`, value: median(messages), unit: "messages/s" },
    { name: "peak memory", value: service.memory.peak, unit: "MiB" },
  ];
}

async function open({ subscribers, service }: Stage, count: number): Promise<void> {
  await subscribers.ask("open", { url: service.url, key: KEY, count });
  await subscribers.ask("begin", { isTimed: false });
}

/** Everyone has every update once; that all have the same, in order, is checked as they come. */
function checkUpdates({ updates, counts }: Got, deliveries: number): void {
  const told = new Set(updates.map(({ change, deliveryId }) => `${change} ${deliveryId}`));
  const of = (change: string) => updates.filter((update) => update.change === change).length;
  const isWhole = of("CREATED") === deliveries && of("ATTEMPTED") === deliveries;
  if (!isWhole || told.size !== 2 * deliveries || updates.length !== 2 * deliveries)
    throw new Error(`${updates.length} updates of ${deliveries} deliveries came`);
  const least = Math.min(...counts);
  if (least < 2 * deliveries) throw new Error(`A subscriber has ${least} of ${2 * deliveries}`);
}
