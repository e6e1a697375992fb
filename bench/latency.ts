import { Child } from "./child.ts";
import type { Benchmark, Figure } from "./figure.ts";
import type { Publisher, Shape } from "./publisher.ts";
import type { Receiver } from "./receiver.ts";
import { KEY, SECRET, Service } from "./service.ts";
import { shapeOf } from "./shape.ts";
import { median, spreadOf, type Spread } from "./stats.ts";
import type { Got, Subscribers } from "./subscriber.ts";
import { check, IN_FLIGHT, SETTINGS, TYPE } from "./throughput.ts";

/** Events per second. */
const RATES = [50, 200, 1000] as const;
const BUDGET_RATE = 200;
const SECONDS = 10;
const WARM_UP = { perSecond: 400, seconds: 5 };
const CONNECTIONS = 64;

const LEGS = {
  accept: { name: "due to accepted" },
  receipt: { name: "due to receipt", p99: 25 },
  update: { name: "receipt to the subscriber's message", p99: 50 },
} as const;
type Leg = keyof typeof LEGS;
type Legs = Readonly<Record<Leg, Spread>>;

export const latency: Benchmark = {
  about: "accept, receipt and the subscriber's message at a constant rate, open loop",
  async run({ rounds, note }) {
    await using receiver = new Child<Receiver>("receiver.ts");
    await using publisher = new Child<Publisher>("publisher.ts");
    await using subscriber = new Child<Subscribers>("subscriber.ts");
    await using service = await Service.start({ env: SETTINGS });
    const port = await receiver.ask("listen", undefined);
    const settings = { maxInFlight: IN_FLIGHT };
    await service.makeWebhook({ url: `http://127.0.0.1:${port}/ok/1`, type: TYPE, settings });
    const shape = await shapeOf(service, TYPE, 1024);
    const { url } = service;
    await publisher.ask("connect", { url, key: KEY, connections: CONNECTIONS });
    await subscriber.ask("open", { url, key: KEY, count: 1 });
    const parts = { receiver, publisher, subscriber, shape };
    await runLoop(parts, WARM_UP);
    const measured = new Map(RATES.map((rate) => [rate, [] as Legs[]]));
    for (let round = 1; round <= rounds; round++)
      for (const [perSecond, all] of measured) {
        const legs = await runLoop(parts, { perSecond, seconds: SECONDS });
        all.push(legs);
        const p99 = (["accept", "receipt", "update"] as const).map((leg) =>
          legs[leg].p99.toFixed(1),
        );
        note(`round ${round}, ${perSecond}/s: p99 ${p99.join(", ")} ms`);
      }
    return [...measured].flatMap(([rate, all]) => figuresOf(rate, all));
  },
};

async function runLoop(
  {
    receiver,
    publisher,
    subscriber,
    shape,
  }: {
    readonly receiver: Child<Receiver>;
    readonly publisher: Child<Publisher>;
    readonly subscriber: Child<Subscribers>;
    readonly shape: Shape;
  },
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<Legs> {
  const count = perSecond * seconds;
  await receiver.ask("begin", { secret: SECRET, isTimed: true });
  await subscriber.ask("begin", { isTimed: true });
  const accepted = await publisher.ask("openLoop", { shape, perSecond, seconds });
  const receipts = await receiver.ask("until", count);
  check(receipts, count);
  // One that it was created, and one of its attempt.
  const got = await subscriber.ask("until", { count: 2 * count, except: 0 });
  return {
    accept: spreadOf(accepted),
    receipt: spreadOf(receipts.latenciesMs),
    update: spreadOf(sinceReceipt(got, receipts.receivedAt, count)),
  };
}

/** The subscriber has to have been told of each attempt. */
function sinceReceipt(
  { updates, arrivals }: Got,
  receivedAt: ReadonlyMap<string, number>,
  expected: number,
): number[] {
  const told = updates.flatMap(({ change, eventId }, index) =>
    change === "ATTEMPTED" ? [arrivals[index]![0]! - receivedAt.get(eventId)!] : [],
  );
  if (told.length !== expected || told.some(Number.isNaN))
    throw new Error(`The subscriber was told of ${told.length} of ${expected} attempts`);
  return told;
}

/** Medians of the rounds, and the highest of all. */
function figuresOf(perSecond: number, all: readonly Legs[]): Figure[] {
  return (Object.keys(LEGS) as Leg[]).flatMap((leg) => {
    const { name, ...limit } = LEGS[leg];
    return (["p50", "p95", "p99", "max"] as const).map((part) => {
      const values = all.map((legs) => legs[leg][part]);
      const isBudget = part === "p99" && perSecond === BUDGET_RATE && "p99" in limit;
      return {
        name: `${perSecond}/s, ${name}: ${part}`,
        value: part === "max" ? Math.max(...values) : median(values),
        unit: "ms",
        ...(isBudget && { budget: { most: limit.p99 } }),
      };
    });
  });
}
