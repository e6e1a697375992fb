import type { JsonObject } from "../src/domain/catalog/entry.ts";
import { shapeOf } from "../src/domain/catalog/shape-of.ts";
import { compilePredicate } from "../src/domain/filter.ts";
import { payloadProblems } from "../src/domain/payload.ts";
import { parseSelection } from "../src/domain/selection-text.ts";
import { select } from "../src/domain/selection.ts";
import { Child } from "./child.ts";
import type { Benchmark, BenchOptions, Figure } from "./figure.ts";
import { fieldsOf, FILTER, orderOf, SCHEMA } from "./order.ts";
import type { Publisher, Shape } from "./publisher.ts";
import type { Receiver } from "./receiver.ts";
import { Service } from "./service.ts";
import { TAIL } from "./shape.ts";
import { median } from "./stats.ts";
import { IN_FLIGHT, runBatches, SETTINGS, type Parts } from "./throughput.ts";

/** Two types of one schema: what is sent whole, and what is filtered and selected. */
const [WHOLE, SHAPED] = ["order_sent_whole", "order_cut_short"] as const;
const ROUND = 12_000;
const WARM_UP = 8000;
const SIZES_KB = [1, 8] as const;
/** Calls are cheap, so that each round times them this often, for so long each. */
const SLICES = 5;
const SLICE_MS = 20;
const CALL_WARM_UP_MS = 300;
/** Of each size, so that no call meets what the one before it left in the processor's caches. */
const PAYLOADS = 64;

export const catalog: Benchmark = {
  about:
    "checks, filters and selections of a type of one's own: each call, and deliveries per second",
  async run(options) {
    const figures = calls(options);
    await using receiver = new Child<Receiver>("receiver.ts");
    await using publisher = new Child<Publisher>("publisher.ts");
    const port = await receiver.ask("listen", undefined);
    const parts = { receiver, publisher, port };
    for (const one of CASES) figures.push(...(await beside(options, parts, one)));
    return figures;
  },
};

interface Case {
  readonly webhooks: number;
  /** Different ones, in turn. */
  readonly selections: number;
  readonly kb: number;
  /** What has no budget is the worst that can be asked for: each webhook of many has a body of its own. */
  readonly budget?: Figure["budget"];
}

const budget = { least: 0.85 };
const CASES: readonly Case[] = [
  { webhooks: 16, selections: 1, kb: 1, budget },
  { webhooks: 16, selections: 1, kb: 8, budget },
  { webhooks: 1, selections: 1, kb: 1, budget },
  { webhooks: 16, selections: 16, kb: 1 },
  { webhooks: 16, selections: 16, kb: 8 },
];

/** Microseconds of a call, beside those that parse the payload. */
function calls({ rounds, note }: BenchOptions): Figure[] {
  const measured = SIZES_KB.flatMap((kb) =>
    Object.entries(callsOf(kb)).map(([name, call]) => ({
      name: `${name}, ${kb} KB`,
      call,
      times: [] as number[],
    })),
  );
  for (const { call } of measured) timeCalls(call, CALL_WARM_UP_MS);
  for (let slice = 0; slice < rounds * SLICES; slice++)
    for (const { call, times } of measured) times.push(timeCalls(call, SLICE_MS));
  const figures = measured.map(({ name, times }) => ({ name, value: median(times), unit: "µs" }));
  for (const { name, value } of figures) note(`${name}: ${value.toFixed(2)} µs`);
  return figures;
}

/** Each answers whether it did what it is measured for: what nobody looks at might not be done at all. */
type Call = (number: number) => boolean;

function callsOf(kb: number): Readonly<Record<string, Call>> {
  const texts = Array.from({ length: PAYLOADS }, (_, number) =>
    JSON.stringify(orderOf(kb * 1024, number)),
  );
  const payloads = texts.map((text) => JSON.parse(text) as JsonObject);
  const passes = compilePredicate(FILTER);
  const parsed = parseSelection(fieldsOf(0), shapeOf(SCHEMA));
  if (!("selection" in parsed)) throw new Error(parsed.problems.join());
  const { selection } = parsed;
  const at = (number: number) => payloads[number % PAYLOADS]!;
  return {
    "to parse the payload, for scale": (number) =>
      typeof JSON.parse(texts[number % PAYLOADS]!) === "object",
    "to check the payload": (number) =>
      payloadProblems({ schema: SCHEMA }, at(number)).length === 0,
    "a filter of three conditions": (number) => passes(at(number)),
    "a selection of ten fields": (number) =>
      JSON.stringify(select(selection, at(number))).length > 200,
  };
}

function timeCalls(call: Call, forMs: number): number {
  const startMs = performance.now();
  let count = 0;
  let good = 0;
  let tookMs = 0;
  while (tookMs < forMs) {
    for (const end = count + PAYLOADS; count < end; count++) good += Number(call(count));
    tookMs = performance.now() - startMs;
  }
  if (good !== count) throw new Error(`${count - good} of ${count} calls did not what they should`);
  return (tookMs / count) * 1000;
}

/** The same payloads, checked alike, in turn: whole to webhooks that want all, and to those that filter and select. */
async function beside(
  { rounds, note }: BenchOptions,
  parts: Parts,
  one: Case,
): Promise<readonly Figure[]> {
  await using service = await Service.start({ env: SETTINGS });
  await registerTypes(service);
  await makeWebhooks(service, parts, one);
  const { webhooks, kb } = one;
  const run = async (type: string, deliveries: number): Promise<Turn> => {
    const cpuBefore = service.cpuMs;
    const rate = await runBatches(service, parts, {
      shape: publishedAs(type, kb),
      webhooks,
      deliveries,
    });
    return { rate, cpuMs: service.cpuMs - cpuBefore };
  };
  await run(WHOLE, WARM_UP);
  await run(SHAPED, WARM_UP);
  await checkShaped(service);
  const turns: { readonly whole: Turn; readonly shaped: Turn }[] = [];
  const name = nameOf(one);
  for (let round = 1; round <= rounds; round++) {
    const turn = { whole: await run(WHOLE, ROUND), shaped: await run(SHAPED, ROUND) };
    turns.push(turn);
    note(
      `${name}, round ${round}: ${turn.shaped.rate.toFixed(0)}/s, whole ${turn.whole.rate.toFixed(0)}/s`,
    );
  }
  return [
    {
      name: `${name}: of whole and unfiltered`,
      value: median(turns.map(({ shaped, whole }) => shaped.rate / whole.rate)),
      unit: "ratio",
      ...(one.budget && { budget: one.budget }),
    },
    {
      name: `${name}: processor time, of whole and unfiltered`,
      value: median(turns.map(({ shaped, whole }) => shaped.cpuMs / whole.cpuMs)),
      unit: "ratio",
    },
    { name, value: median(turns.map(({ shaped }) => shaped.rate)), unit: "deliveries/s" },
  ];
}

interface Turn {
  /** Deliveries per second. */
  readonly rate: number;
  /** Of the service. */
  readonly cpuMs: number;
}

async function makeWebhooks(service: Service, { port }: Parts, one: Case): Promise<void> {
  for (let number = 0; number < one.webhooks; number++) {
    const settings = { maxInFlight: IN_FLIGHT };
    const url = (type: string) => `http://127.0.0.1:${port}/ok/${type}/${number}`;
    const fields = fieldsOf(number % one.selections);
    const shaping = { filter: FILTER, select: [{ eventType: SHAPED, fields }] };
    await service.makeWebhook({ url: url(WHOLE), type: WHOLE, settings });
    await service.makeWebhook({
      url: url(SHAPED),
      type: SHAPED,
      settings: { ...settings, ...shaping },
    });
  }
}

function nameOf({ webhooks, selections, kb }: Case): string {
  if (webhooks === 1) return `1 webhook with a filter and a selection, ${kb} KB`;
  const what = selections === 1 ? "one selection" : `${selections} selections`;
  return `${webhooks} webhooks with filters and ${what}, ${kb} KB`;
}

function publishedAs(type: string, kb: number): Shape {
  return { type, payload: JSON.stringify(orderOf(kb * 1024 - TAIL)).slice(0, -1) };
}

async function registerTypes(service: Service): Promise<void> {
  const types = [WHOLE, SHAPED].map((name) => ({
    name,
    title: name,
    description: "An order of the benchmark.",
    category: "Benchmark",
    schema: SCHEMA,
    samplePayload: orderOf(1024),
  }));
  const { registerEventTypes: answered } = await service.run<{
    registerEventTypes: { message?: string };
  }>(
    `mutation ($input: RegisterEventTypesInput!) { registerEventTypes(input: $input) {
      ... on UserError { message } } }`,
    { input: { types } },
  );
  if (answered.message !== undefined) throw new Error(answered.message);
}

/** What was sent whole would be measured for nothing. */
async function checkShaped(service: Service): Promise<void> {
  const { deliveries } = await service.run<{
    deliveries: {
      nodes: { attempts: { nodes: { requestBody: { json: { data: object } } }[] } }[];
    };
  }>(
    `query ($types: [String!]) { deliveries(first: 1, filter: { eventTypes: $types, statuses: [SUCCEEDED] }) { nodes {
      attempts(first: 1) { nodes { requestBody { json } } } } } }`,
    { types: [SHAPED] },
  );
  const { data } = deliveries.nodes[0]!.attempts.nodes[0]!.requestBody.json;
  if (Object.keys(data).length !== 8 || "note" in data)
    throw new Error(`It was not selected: ${JSON.stringify(data)}`);
}
