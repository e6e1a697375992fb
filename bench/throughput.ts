import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";
import type { Benchmark, BenchOptions, Figure } from "./figure.ts";
import type { Limit } from "./limit.ts";
import type { Publisher, Shape } from "./publisher.ts";
import type { Receiver } from "./receiver.ts";
import { KEY, makeFolder, SECRET, Service } from "./service.ts";
import { shapeOf } from "./shape.ts";
import { median } from "./stats.ts";

/** The type whose sample leaves the most room below 1 KB. */
export const TYPE = "customer_created";
export const IN_FLIGHT = 64;
/** Events of a batch; fewer where a call would write too much. */
const batchOf = (webhooks: number) => Math.min(100, 4000 / webhooks);
/** Batches that are published and not delivered yet. */
const AHEAD = 4;
/** Deliveries of a round, and of the warm-up. */
const ROUND = 24_000;
const WARM_UP = 8000;
const SINGLES = 6000;
const SINGLES_AT_ONCE = 64;
const COUNT_STATEMENTS = new URL("count-statements.ts", import.meta.url).href;

export interface Load {
  readonly shape: Shape;
  readonly webhooks: number;
  readonly deliveries: number;
}

/** Half of the places belong to one origin. */
export const SETTINGS = { HOOKWIRE_CONCURRENCY: String(2 * IN_FLIGHT) };

export const throughput: Benchmark = {
  about: "sustained deliveries per second, beside the yardstick and an empty mutation",
  async run(options) {
    await using receiver = new Child<Receiver>("receiver.ts");
    await using publisher = new Child<Publisher>("publisher.ts");
    const port = await receiver.ask("listen", undefined);
    const parts = { receiver, publisher, port };
    const figures: Figure[] = [];
    figures.push(...(await beside(options, parts)));
    figures.push(...(await statements(parts)));
    figures.push(...(await singles(options, parts)));
    for (const webhooks of [1, 10, 100])
      for (const kb of [1, 8]) {
        options.note(`fan-out ${webhooks}, ${kb} KB`);
        figures.push(await fanOut(parts, webhooks, kb));
      }
    return figures;
  },
};

export interface Parts {
  readonly receiver: Child<Receiver>;
  readonly publisher: Child<Publisher>;
  readonly port: number;
}

/** The service and the yardstick in turn, on the same receiver. */
async function beside({ rounds, note }: BenchOptions, parts: Parts): Promise<Figure[]> {
  await using limit = new Child<Limit>("limit.ts");
  await using service = await Service.start({ env: SETTINGS });
  const folder = makeFolder();
  await limit.ask("open", join(folder, "limit.db"));
  const webhooks = 16;
  await makeWebhooks(service, parts, webhooks);
  const shape = await shapeOf(service, TYPE, 1024);
  const load = { shape, webhooks, deliveries: WARM_UP };
  await runLimit(limit, parts, load);
  await runBatches(service, parts, load);
  const limits: number[] = [];
  const ours: number[] = [];
  const cpu: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const full = { ...load, deliveries: ROUND };
    limits.push(await runLimit(limit, parts, full));
    const cpuBefore = service.cpuMs;
    ours.push(await runBatches(service, parts, full));
    cpu.push(((service.cpuMs - cpuBefore) / ROUND) * 1000);
    note(`round ${round}: ${ours.at(-1)!.toFixed(0)}/s, yardstick ${limits.at(-1)!.toFixed(0)}/s`);
  }
  rmSync(folder, { recursive: true });
  const ratios = ours.map((rate, round) => rate / limits[round]!);
  return [
    {
      name: "batches of 100, 16 webhooks, 1 KB: of the yardstick",
      value: median(ratios),
      unit: "ratio",
      budget: { least: 0.6 },
    },
    { name: "batches of 100, 16 webhooks, 1 KB", value: median(ours), unit: "deliveries/s" },
    { name: "the yardstick", value: median(limits), unit: "deliveries/s" },
    { name: "processor time of the service", value: median(cpu), unit: "µs/delivery" },
    { name: "peak memory", value: service.memory.peak, unit: "MiB" },
  ];
}

/** One event per mutation, and the same mutation that asks for nothing, in turn. */
async function singles({ rounds, note }: BenchOptions, parts: Parts): Promise<Figure[]> {
  await using service = await Service.start({ env: SETTINGS });
  const { publisher, receiver } = parts;
  await makeWebhooks(service, parts, 1);
  const shape = await shapeOf(service, TYPE, 1024);
  const url = service.url;
  await publisher.ask("connect", { url, key: KEY, connections: SINGLES_AT_ONCE });
  const run = async (go: boolean, count: number) => {
    await receiver.ask("begin", { secret: SECRET });
    const startMs = performance.now();
    await publisher.ask("singles", { shape, count, atOnce: SINGLES_AT_ONCE, go });
    if (go) check(await receiver.ask("until", count), count);
    return count / ((performance.now() - startMs) / 1000);
  };
  await run(true, SINGLES);
  await run(false, SINGLES);
  const empty: number[] = [];
  const full: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    empty.push(await run(false, SINGLES));
    full.push(await run(true, SINGLES));
    note(`round ${round}: ${full.at(-1)!.toFixed(0)}/s, empty ${empty.at(-1)!.toFixed(0)}/s`);
  }
  return [
    {
      name: "one event per mutation, 1 webhook: of an empty mutation",
      value: median(full.map((rate, round) => rate / empty[round]!)),
      unit: "ratio",
      budget: { least: 0.6 },
    },
    { name: "one event per mutation, 1 webhook", value: median(full), unit: "deliveries/s" },
    { name: "empty mutation", value: median(empty), unit: "mutations/s" },
  ];
}

/** What SQLite is asked for each delivery. A run of its own, since counting slows it down. */
async function statements(parts: Parts): Promise<Figure[]> {
  const folder = makeFolder();
  const file = join(folder, "statements.json");
  await using service = await Service.start({
    env: { ...SETTINGS, BENCH_STATEMENTS: file },
    nodeArgs: ["--import", COUNT_STATEMENTS],
  });
  const webhooks = 16;
  await makeWebhooks(service, parts, webhooks);
  const shape = await shapeOf(service, TYPE, 1024);
  await runBatches(service, parts, { shape, webhooks, deliveries: ROUND });
  await service.settled();
  await service.stop();
  const counts = JSON.parse(readFileSync(file, "utf8")) as Record<string, number>;
  rmSync(folder, { recursive: true });
  const { commit = NaN, "begin immediate": _, ...others } = counts;
  const sum = Object.values(others).reduce((total, count) => total + count, 0);
  return [
    { name: "batches of 100, 16 webhooks: statements", value: sum / ROUND, unit: "/delivery" },
    { name: "batches of 100, 16 webhooks: commits", value: commit / ROUND, unit: "/delivery" },
  ];
}

async function fanOut(parts: Parts, webhooks: number, kb: number): Promise<Figure> {
  await using service = await Service.start({ env: SETTINGS });
  await makeWebhooks(service, parts, webhooks);
  const shape = await shapeOf(service, TYPE, kb * 1024);
  await runBatches(service, parts, { shape, webhooks, deliveries: WARM_UP });
  const rate = await runBatches(service, parts, { shape, webhooks, deliveries: WARM_UP });
  return {
    name: `batches of ${batchOf(webhooks)}, ${webhooks} webhook${webhooks > 1 ? "s" : ""}, ${kb} KB`,
    value: rate,
    unit: "deliveries/s",
  };
}

async function makeWebhooks(service: Service, { port }: Parts, count: number): Promise<void> {
  const settings = { maxInFlight: IN_FLIGHT };
  for (let number = 0; number < count; number++)
    await service.makeWebhook({
      url: `http://127.0.0.1:${port}/ok/${number}`,
      type: TYPE,
      settings,
    });
}

/** Deliveries per second, from the first batch to the last receipt. */
export async function runBatches(
  service: Service,
  { publisher, receiver }: Parts,
  { shape, webhooks, deliveries }: Load,
): Promise<number> {
  await publisher.ask("connect", { url: service.url, key: KEY, connections: AHEAD });
  await receiver.ask("begin", { secret: SECRET });
  const startMs = performance.now();
  const batch = batchOf(webhooks);
  const perBatch = webhooks * batch;
  const batches = Math.ceil(deliveries / perBatch);
  for (let published = 1; published <= batches; published++) {
    await publisher.ask("batch", { shape, count: batch });
    await receiver.ask("until", (published - AHEAD) * perBatch);
  }
  const all = batches * perBatch;
  check(await receiver.ask("until", all), all);
  return all / ((performance.now() - startMs) / 1000);
}

async function runLimit(
  limit: Child<Limit>,
  { receiver, port }: Parts,
  { shape, webhooks, deliveries }: Load,
): Promise<number> {
  await receiver.ask("begin", { secret: SECRET });
  const batch = batchOf(webhooks);
  const batches = Math.ceil(deliveries / webhooks / batch);
  const ms = await limit.ask("run", {
    url: `http://127.0.0.1:${port}/ok`,
    secret: SECRET,
    type: shape.type,
    payload: `${shape.payload}}`,
    webhooks,
    batch,
    batches,
    inFlight: IN_FLIGHT,
  });
  const all = batches * webhooks * batch;
  check(await receiver.ask("receipts", undefined), all);
  return all / (ms / 1000);
}

/** A benchmark whose deliveries are lost or unsigned has measured nothing. */
export function check(
  { distinct, unsigned }: { readonly distinct: number; readonly unsigned: number },
  expected: number,
): void {
  if (distinct !== expected || unsigned > 0)
    throw new Error(`${distinct} of ${expected} deliveries came, ${unsigned} without a signature`);
}
