import { rmSync } from "node:fs";
import { writeCursor } from "../src/domain/cursor.ts";
import { Child } from "./child.ts";
import type { Benchmark, BenchOptions, Figure } from "./figure.ts";
import { listsOf, type Middle } from "./lists.ts";
import type { Publisher } from "./publisher.ts";
import type { Receiver } from "./receiver.ts";
import { seed, type SeedWebhooks } from "./seed.ts";
import { KEY, makeFolder, Service } from "./service.ts";
import { shapeOf } from "./shape.ts";
import { median, percentile } from "./stats.ts";
import { IN_FLIGHT, runBatches, SETTINGS, TYPE, type Parts } from "./throughput.ts";

const STORED = 1_000_000;
/** Types of what is stored, and those that only the paused and the rare webhook want. */
const TYPES = [TYPE, "customer_updated", "payment_received", "site_published"] as const;
const [PAUSED_TYPE, RARE_TYPE] = ["customer_updated", "confirm_email_address"] as const;
const WEBHOOKS = 16;
const ROUND = 24_000;
const WARM_UP = 8000;
/** Of each list. */
const LIST_CALLS = 30;
const LIST_WARM_UP = 5;
/** A list that is slow is called less often. */
const LIST_PATIENCE_MS = 2000;
const LIST_MS = 20;
const CHANGES = 10_000;

export const growth: Benchmark = {
  about: "an empty database and one with 1,000,000 stored deliveries",
  async run(options) {
    await using receiver = new Child<Receiver>("receiver.ts");
    await using publisher = new Child<Publisher>("publisher.ts");
    const port = await receiver.ask("listen", undefined);
    const folders = { empty: makeFolder(), large: makeFolder() };
    try {
      const made = await make(options, folders, port);
      const restarts = await restart(options, folders);
      await using empty = await Service.start({ env: SETTINGS, folder: folders.empty });
      await using large = await Service.start({ env: SETTINGS, folder: folders.large });
      const both = { empty, large };
      return [
        ...made.figures,
        ...restarts,
        ...(await load(options, both, { receiver, publisher, port })),
        ...(await lists(options, large, made.webhooks)),
        ...(await catchUp(options, both, made.webhooks)),
      ];
    } finally {
      for (const folder of Object.values(folders)) rmSync(folder, { recursive: true });
    }
  },
};

type Two<T> = Readonly<Record<"empty" | "large", T>>;

/** The same webhooks in both databases, and a month of deliveries in one. */
async function make(
  { note }: BenchOptions,
  folders: Two<string>,
  port: number,
): Promise<{ readonly figures: Figure[]; readonly webhooks: SeedWebhooks }> {
  await using empty = await Service.start({ folder: folders.empty });
  await makeWebhooks(empty, port);
  await empty.stop();
  await using large = await Service.start({ folder: folders.large });
  const webhooks = await makeWebhooks(large, port);
  const { payload } = await shapeOf(large, TYPE, 1024);
  await large.stop();
  const startMs = performance.now();
  const stored = { deliveries: STORED, webhooks, types: TYPES, payload: `${payload}}` };
  seed({ file: large.database, ...stored });
  note(`${STORED} deliveries stored in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
  const size = large.databaseBytes / STORED;
  return {
    figures: [
      { name: "size of the database, 16 webhooks, 1 KB", value: size, unit: "bytes/delivery" },
    ],
    webhooks,
  };
}

async function makeWebhooks(service: Service, port: number): Promise<SeedWebhooks> {
  const webhook = (path: string, type: string) =>
    service.makeWebhook({
      url: `http://127.0.0.1:${port}/ok/${path}`,
      type,
      settings: { maxInFlight: IN_FLIGHT },
    });
  const active: string[] = [];
  for (let number = 0; number < WEBHOOKS; number++)
    active.push(await webhook(String(number), TYPE));
  const paused = [await webhook("paused/1", PAUSED_TYPE), await webhook("paused/2", PAUSED_TYPE)];
  for (const id of paused)
    await service.run(
      "mutation ($id: ID!) { pauseWebhook(input: { webhook: { id: $id } }) { __typename } }",
      { id },
    );
  return { active, paused, rare: await webhook("rare", RARE_TYPE) };
}

/** From start to ready, before anything else is stored, in turn. */
async function restart({ rounds }: BenchOptions, folders: Two<string>): Promise<Figure[]> {
  const readyMs = async (folder: string) => {
    await using service = await Service.start({ folder });
    await service.stop();
    return service.readyMs;
  };
  await readyMs(folders.large);
  const empty: number[] = [];
  const large: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    empty.push(await readyMs(folders.empty));
    large.push(await readyMs(folders.large));
  }
  return [
    { name: "start to ready, empty", value: median(empty), unit: "ms" },
    { name: "start to ready, 1,000,000 stored", value: median(large), unit: "ms" },
  ];
}

/** The same load on both, in turn. */
async function load(
  { rounds, note }: BenchOptions,
  { empty, large }: Two<Service>,
  parts: Parts,
): Promise<Figure[]> {
  const shape = await shapeOf(large, TYPE, 1024);
  const run = (service: Service, deliveries: number) =>
    runBatches(service, parts, { shape, webhooks: WEBHOOKS, deliveries });
  await run(empty, WARM_UP);
  await run(large, WARM_UP);
  const rates = { empty: [] as number[], large: [] as number[] };
  const cpu = { empty: [] as number[], large: [] as number[] };
  const measure = async (name: "empty" | "large") => {
    const service = { empty, large }[name];
    const beforeMs = service.cpuMs;
    rates[name].push(await run(service, ROUND));
    cpu[name].push(((service.cpuMs - beforeMs) / ROUND) * 1000);
  };
  for (let round = 1; round <= rounds; round++) {
    // Who goes first changes, so that neither always finds the quieter machine.
    const order = round % 2 === 0 ? (["large", "empty"] as const) : (["empty", "large"] as const);
    for (const name of order) await measure(name);
    const [one, other] = [rates.large, rates.empty].map((all) => all.at(-1)!.toFixed(0));
    note(`round ${round}: ${one}/s with ${STORED} stored, ${other}/s on an empty database`);
  }
  return [
    {
      name: "1,000,000 stored: deliveries/s of an empty database's",
      value: median(rates.large.map((rate, round) => rate / rates.empty[round]!)),
      unit: "ratio",
      budget: { least: 0.85 },
    },
    { name: "1,000,000 stored", value: median(rates.large), unit: "deliveries/s" },
    { name: "empty", value: median(rates.empty), unit: "deliveries/s" },
    { name: "processor time, 1,000,000 stored", value: median(cpu.large), unit: "µs/delivery" },
    { name: "processor time, empty", value: median(cpu.empty), unit: "µs/delivery" },
    { name: "peak memory, 1,000,000 stored", value: large.memory.peak, unit: "MiB" },
  ];
}

/** A page half way back. */
async function findMiddle(service: Service): Promise<Middle> {
  const to = new Date(Date.now() - 14.5 * 86_400_000).toISOString();
  const { deliveries } = await service.run<{
    deliveries: { nodes: { id: string; eventId: string }[]; pageInfo: { endCursor: string } };
  }>(
    "query ($filter: DeliveryFilter) { deliveries(first: 1, filter: $filter) { nodes { id eventId } pageInfo { endCursor } } }",
    { filter: { createdAt: { to } } },
  );
  const [{ id, eventId }] = deliveries.nodes as [{ id: string; eventId: string }];
  return { after: deliveries.pageInfo.endCursor, deliveryId: id, eventId };
}

/** Pages of 50 on the large database, one after the other. */
async function lists(
  { note }: BenchOptions,
  service: Service,
  webhooks: SeedWebhooks,
): Promise<Figure[]> {
  const all = listsOf(webhooks, TYPES[1], await findMiddle(service));
  const times = all.map((): number[] => []);
  for (let call = 0; call < LIST_WARM_UP + LIST_CALLS; call++)
    for (const [index, { query, variables }] of all.entries()) {
      const spentMs = times[index]!.reduce((sum, time) => sum + time, 0);
      if (spentMs > LIST_PATIENCE_MS) continue;
      const startMs = performance.now();
      await service.run(query, variables);
      if (call >= LIST_WARM_UP) times[index]!.push(performance.now() - startMs);
    }
  note(`${all.length} lists, ${LIST_CALLS} calls each, fewer of slow ones`);
  return all.map(({ name, hasBudget }, index) => ({
    name: `${name}: p95`,
    value: percentile(times[index]!, 95),
    unit: "ms",
    ...(hasBudget && { budget: { most: LIST_MS } }),
  }));
}

/** Time until a subscriber that was away is told that it has caught up. */
async function catchUp(
  { rounds }: BenchOptions,
  { empty, large }: Two<Service>,
  { rare }: SeedWebhooks,
): Promise<Figure[]> {
  const away = { empty: [] as number[], large: [] as number[] };
  const last: number[] = [];
  const few: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const name of ["empty", "large"] as const) {
      const service = { empty, large }[name];
      const after = await cursorBefore(service, CHANGES);
      away[name].push(await untilCaughtUp(service, { start: { after } }, CHANGES));
    }
    last.push(await untilCaughtUp(large, { start: { last: 100 } }, 100));
    const filter = { webhooks: [{ id: rare }] };
    few.push(await untilCaughtUp(large, { start: { last: 100 }, filter }));
  }
  const ms = (name: string, values: number[]) => ({ name, value: median(values), unit: "ms" });
  return [
    ms("a subscriber catches up on 10,000 changes, empty", away.empty),
    ms("a subscriber catches up on 10,000 changes, 1,000,000 stored", away.large),
    ms("a subscriber gets the last 100 changes", last),
    ms("a subscriber gets the last 100 changes of a webhook with few", few),
  ];
}

async function cursorBefore(service: Service, changes: number): Promise<string> {
  const { deliveries } = await service.run<{ deliveries: { streamCursor: string } }>(
    "{ deliveries(first: 1) { streamCursor } }",
  );
  const text = Buffer.from(deliveries.streamCursor, "base64url").toString();
  const [, tenantId, position] = JSON.parse(text) as [string, string, number];
  return writeCursor("deliveries", tenantId, position - changes);
}

const UPDATES = `subscription ($start: StreamStart!, $filter: DeliveryUpdateFilter) {
  deliveryUpdates(start: $start, filter: $filter) { __typename
    ... on StreamMessage { cursor at } ... on StreamCaughtUp { replayed }
    ... on DeliveryUpdate { change deliveryId webhookId eventId eventType status attemptCount nextAttemptAt } } }`;

/** In milliseconds; `expected` messages of history, or whatever there are. */
async function untilCaughtUp(
  service: Service,
  variables: object,
  expected?: number,
): Promise<number> {
  const startMs = performance.now();
  const left = new AbortController();
  const response = await fetch(`${service.url}/graphql`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${KEY}`,
      "content-type": "application/json",
      accept: "text/event-stream",
    },
    body: JSON.stringify({ query: UPDATES, variables }),
    signal: left.signal,
  });
  let rest = "";
  let updates = 0;
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split("\n\n");
    rest = events.pop()!;
    updates += events.filter((event) => event.includes('"DeliveryUpdate"')).length;
    if (!events.some((event) => event.includes('"StreamCaughtUp"'))) continue;
    const tookMs = performance.now() - startMs;
    left.abort();
    if (expected !== undefined && updates !== expected)
      throw new Error(`${updates} of ${expected} changes came`);
    return tookMs;
  }
  throw new Error(`The stream ended after ${updates} changes: ${rest}`);
}
