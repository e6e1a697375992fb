import { rmSync } from "node:fs";
import { Child } from "./child.ts";
import type { Benchmark, BenchOptions, Figure } from "./figure.ts";
import { copyOf, fill, isDead } from "./fill.ts";
import type { Publisher } from "./publisher.ts";
import type { Arrival, Receiver } from "./receiver.ts";
import { SECRET, Service } from "./service.ts";
import { median, nowMs } from "./stats.ts";
import { check } from "./throughput.ts";

const WEBHOOKS = 1000;
const EVENTS = 100;
const LIVE = Array.from({ length: WEBHOOKS }, (_, number) => number).filter((n) => !isDead(n));
const ALL = LIVE.length * EVENTS;
/** Nothing at all comes for so long while dead receivers hold everything up. */
const GIVE_UP_MS = 120_000;

export const backlog: Benchmark = {
  about: "100,000 deliveries due at start on 1,000 webhooks, 30 % of them hanging",
  async run(options) {
    await using receiver = new Child<Receiver>("receiver.ts");
    await using publisher = new Child<Publisher>("publisher.ts");
    const port = await receiver.ask("listen", undefined);
    const startMs = performance.now();
    const filled = await fill({ webhooks: WEBHOOKS, events: EVENTS }, { publisher, port });
    options.note(`filled in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
    try {
      return await measure(options, filled, receiver);
    } finally {
      rmSync(filled, { recursive: true });
    }
  },
};

/**
 * Without the dead ones the same live ones drain the same file, in which the dead ones stay paused: so the work is the
 * same in both, and all that differs is that dead receivers are tried.
 */
async function measure(
  { rounds, note }: BenchOptions,
  filled: string,
  receiver: Child<Receiver>,
): Promise<Figure[]> {
  const alone: Drained[] = [];
  const beside: Drained[] = [];
  for (let round = 1; round <= rounds; round++) {
    // Who goes first changes, so that neither always finds the quieter machine.
    for (const withDead of round % 2 === 0 ? [true, false] : [false, true]) {
      const drained = await drain(copyOf(filled, withDead), receiver);
      (withDead ? beside : alone).push(drained);
      note(`round ${round}, ${withDead ? "with" : "without"} dead ones: ${inWords(drained)}`);
    }
  }
  const middle = (of: (drained: Drained) => number, all = beside) => median(all.map(of));
  const perSecond = ({ drainedMs }: Drained) => ALL / (drainedMs / 1000);
  return [
    {
      name: "ready to the first attempt",
      value: middle((drained) => drained.firstMs),
      unit: "ms",
      budget: { most: 2000 },
    },
    {
      name: "700 live webhooks drained: of the rate without dead ones",
      value: median(beside.map((each, round) => perSecond(each) / perSecond(alone[round]!))),
      unit: "ratio",
      budget: { least: 0.8 },
    },
    { name: "drained beside 300 dead ones", value: middle(perSecond), unit: "deliveries/s" },
    { name: "drained without dead ones", value: middle(perSecond, alone), unit: "deliveries/s" },
    {
      name: "ready until each live webhook had its first",
      value: middle((drained) => drained.allBegunMs),
      unit: "ms",
    },
    {
      name: "half delivered: to the least served live webhook",
      value: middle((drained) => drained.least),
      unit: `of ${EVENTS}`,
    },
    {
      name: "half delivered: to the most served live webhook",
      value: middle((drained) => drained.most),
      unit: `of ${EVENTS}`,
    },
    {
      name: "peak memory",
      value: Math.max(...beside.map(({ peakMiB }) => peakMiB)),
      unit: "MiB",
      budget: { most: 400 },
    },
  ];
}

/** How a backlog went, timed from when the service was ready. */
interface Drained {
  /** Until the first attempt anywhere. */
  readonly firstMs: number;
  /** Until each live webhook had its first, and its last. */
  readonly allBegunMs: number;
  readonly drainedMs: number;
  /** What the live webhooks had when half of all was delivered. */
  readonly least: number;
  readonly most: number;
  readonly peakMiB: number;
}

async function drain(folder: string, receiver: Child<Receiver>): Promise<Drained> {
  try {
    await receiver.ask("begin", { secret: SECRET, isListed: true });
    await using service = await Service.start({ folder });
    const readyMs = nowMs();
    let receipts = await receiver.ask("until", ALL);
    while (receipts.distinct < ALL && nowMs() - readyMs < GIVE_UP_MS)
      receipts = await receiver.ask("until", ALL);
    check(receipts, ALL);
    const again = receipts.received["ok"]! - ALL;
    if (again > 0) throw new Error(`${again} deliveries came more than once`);
    const peakMiB = service.memory.peak;
    return { ...follow(await receiver.ask("arrivals", undefined), readyMs), peakMiB };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The first attempts may be under way before the service says that it is ready. */
function follow(arrivals: readonly Arrival[], readyMs: number): Omit<Drained, "peakMiB"> {
  const counts = new Map<string, number>();
  const half = new Map<string, number>();
  let allBegunMs = NaN;
  let drainedMs = NaN;
  let delivered = 0;
  for (const { path, atMs } of arrivals) {
    if (!path.startsWith("/ok/")) continue;
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    if (count === 1 && counts.size === LIVE.length) allBegunMs = atMs - readyMs;
    if (++delivered <= ALL / 2) half.set(path, count);
    drainedMs = atMs - readyMs;
  }
  const halves = LIVE.map((number) => half.get(`/ok/${number}`) ?? 0);
  return {
    firstMs: Math.max(0, arrivals[0]!.atMs - readyMs),
    allBegunMs: Math.max(0, allBegunMs),
    drainedMs,
    least: Math.min(...halves),
    most: Math.max(...halves),
  };
}

function inWords({ firstMs, allBegunMs, drainedMs, least, most, peakMiB }: Drained): string {
  const [first, begun] = [firstMs, allBegunMs].map((ms) => ms.toFixed(0));
  const rate = (ALL / (drainedMs / 1000)).toFixed(0);
  return `first after ${first} ms, each begun after ${begun} ms, ${rate}/s, ${least} to ${most} at half, ${peakMiB.toFixed(0)} MiB`;
}
