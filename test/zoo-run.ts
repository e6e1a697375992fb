import { readdirSync, readFileSync } from "node:fs";
import type { LogLine } from "./app.ts";
import { DeliverPublishMany } from "./deliver-documents.ts";
import { graphql } from "./generated/gql.ts";
import type { CreateWebhookInput, ZooWebhookQuery } from "./generated/graphql.ts";
import { makeFolder, startProcess, type Ended, type Process } from "./process.ts";
import { http } from "./receiver.ts";
import { AUTHORITY, deadlineOf, type Animal } from "./zoo-servers.ts";
import { openZoo, ZOO, type Zoo } from "./zoo.ts";

const ZooOpen = graphql(`
  query ZooOpen($type: String!) {
    deliveries(first: 1, filter: { statuses: [PENDING, RETRYING], eventTypes: [$type] }) {
      nodes {
        id
      }
    }
  }
`);

const ZooWebhook = graphql(`
  query ZooWebhook($id: ID!, $after: String) {
    webhook(by: { id: $id }) {
      deliveries(first: 100, after: $after) {
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          status
          finishedAt
          attempts {
            nodes {
              outcome
              message
              responseStatus
              startedAt
              durationMs
            }
          }
        }
      }
    }
  }
`);

type Page = NonNullable<NonNullable<ZooWebhookQuery["webhook"]>["deliveries"]>;
export type Delivery = Page["nodes"][number];

const ROUNDS = 4;
/** What each animal gets at once in each round. One that hangs is served one by one: that takes two deadlines. */
const BURST = { type: "payment_received", size: 2 };
/** Of these the next one is published when the healthy receivers have the one before. */
const STREAM = { type: "customer_created", warmUp: 60, alone: 40, least: 20, lookEvery: 5 };

/** Milliseconds from the call of the API to the receipt. */
export type Latencies = Readonly<Record<"byAddress" | "byName", number[]>>;

export interface Seen {
  readonly animals: ReadonlyMap<Animal, readonly Delivery[]>;
  readonly healthy: readonly (readonly Delivery[])[];
  /** Events for each animal, and those of the stream: in all, and since the animals are there. */
  readonly bursts: number;
  readonly streamed: number;
  readonly streamedBeside: number;
  /** Taken in turn with those beside, so that both meet the same machine. */
  readonly alone: Latencies;
  readonly beside: Latencies;
  /** After the first round with everything in it, and after the last. */
  readonly warm: Footprint;
  readonly last: Footprint;
  readonly ended: Ended;
  readonly stopMs: number;
  readonly log: readonly LogLine[];
}

/** The whole zoo beside two healthy receivers, at the program as an operator runs it. */
export async function watchZoo(): Promise<Seen> {
  await using zoo = await openZoo();
  await using byAddress = await startHealthy("keep-alive");
  // Each request looks its name up anew, beside those that get no answer.
  await using byName = await startHealthy("close");
  zoo.names.tell("healthy.zoo.test", { addresses: ["127.0.0.1"] });
  using folder = makeFolder();
  await using service = await startProcess(folder.path, {
    HOOKWIRE_DNS_SERVERS: zoo.names.address,
    HOOKWIRE_RETRY_DELAYS: "",
    NODE_EXTRA_CA_CERTS: AUTHORITY,
  });
  const healthy = [byAddress.url, byName.url.replace("127.0.0.1", "healthy.zoo.test")];
  // What fails is seen as further attempts, and holds up nothing.
  const retryDelays = Array<string>(20).fill("PT0.1S");
  const input = { eventTypes: [STREAM.type], retryDelays };
  const ids = await Promise.all(healthy.map((url) => house(service, url, input)));
  const stream = new Stream(service, { byAddress, byName }, await sample(service, STREAM.type));
  await stream.run(STREAM.warmUp);
  const streamedAlone = stream.count;
  const webhooks = await houseAnimals(service, zoo);
  const burst = await startBursts(service);
  const round = async () => {
    await burst();
    return stream.run(Infinity, () => isQuiet(service));
  };
  await round();
  const warm = footprintOf(service);
  const alone: Latencies[] = [];
  const beside: Latencies[] = [];
  while (beside.length < ROUNDS) {
    alone.push(await stream.run(STREAM.alone));
    beside.push(await round());
  }
  const last = footprintOf(service);
  const animals = new Map<Animal, readonly Delivery[]>();
  for (const [animal, id] of webhooks) animals.set(animal, await deliveriesOf(service, id));
  const healthyDeliveries = await Promise.all(ids.map((id) => deliveriesOf(service, id)));

  await burst();
  const stopAt = performance.now();
  const ended = await service.kill("SIGTERM");
  return {
    animals,
    healthy: healthyDeliveries,
    bursts: BURST.size * (1 + ROUNDS),
    streamed: stream.count,
    streamedBeside: stream.count - streamedAlone,
    alone: together(alone),
    beside: together(beside),
    warm,
    last,
    ended,
    stopMs: performance.now() - stopAt,
    log: service.log,
  };
}

function together(parts: readonly Latencies[]): Latencies {
  return {
    byAddress: parts.flatMap(({ byAddress }) => byAddress),
    byName: parts.flatMap(({ byName }) => byName),
  };
}

async function startBursts(service: Process) {
  const event = { type: BURST.type, payload: await sample(service, BURST.type) };
  const events = Array.from({ length: BURST.size }, () => event);
  return () => service.run(DeliverPublishMany, { input: { events } });
}

class Stream {
  count = 0;
  readonly #service: Process;
  readonly #receivers: Readonly<Record<keyof Latencies, Healthy>>;
  readonly #payload: unknown;

  constructor(service: Process, receivers: Record<keyof Latencies, Healthy>, payload: unknown) {
    this.#service = service;
    this.#receivers = receivers;
    this.#payload = payload;
  }

  async run(most: number, isOver?: () => Promise<boolean>): Promise<Latencies> {
    const latencies: Latencies = { byAddress: [], byName: [] };
    const { byAddress, byName } = this.#receivers;
    for (let count = 1; count <= most; count++) {
      this.count++;
      const startMs = performance.now();
      const { eventId } = await this.#service.publish({
        type: STREAM.type,
        payload: this.#payload,
      });
      latencies.byAddress.push((await byAddress.got(eventId)) - startMs);
      latencies.byName.push((await byName.got(eventId)) - startMs);
      const isTime = count >= STREAM.least && count % STREAM.lookEvery === 0;
      if (isOver && isTime && (await isOver())) break;
    }
    return latencies;
  }
}

/** A receiver that does everything right. */
interface Healthy extends AsyncDisposable {
  readonly url: string;
  /** When it got the event. */
  got(eventId: string): Promise<number>;
}

async function startHealthy(connection: "close" | "keep-alive"): Promise<Healthy> {
  const receipts = new Map<string, PromiseWithResolvers<number>>();
  const receiptOf = (eventId: string) => {
    const receipt = receipts.get(eventId) ?? Promise.withResolvers<number>();
    receipts.set(eventId, receipt);
    return receipt;
  };
  const receiver = await http((request, response) => {
    receiptOf(String(request.headers["webhook-id"])).resolve(performance.now());
    response.writeHead(200, { connection }).end();
  });
  return Object.assign(receiver, { got: (eventId: string) => receiptOf(eventId).promise });
}

async function house(service: Process, url: string, input: Partial<CreateWebhookInput>) {
  return (await service.makeWebhook({ ...input, url })).id;
}

async function houseAnimals(service: Process, zoo: Zoo): Promise<Map<Animal, string>> {
  const webhooks = new Map<Animal, string>();
  for (const animal of ZOO) {
    const eventTypes = [BURST.type, ...(animal.isBusy ? [STREAM.type] : [])];
    const timeout = `PT${deadlineOf(animal) / 1000}S`;
    webhooks.set(animal, await house(service, zoo.urls.get(animal) ?? "", { eventTypes, timeout }));
  }
  return webhooks;
}

async function sample(service: Process, type: string): Promise<unknown> {
  return (await service.event({ type })).payload;
}

/** All animals have had what was published for them. */
async function isQuiet(service: Process): Promise<boolean> {
  const { deliveries } = await service.run(ZooOpen, { type: BURST.type });
  return deliveries?.nodes.length === 0;
}

async function deliveriesOf(service: Process, id: string): Promise<Delivery[]> {
  const all: Delivery[] = [];
  for (let after: string | null = null, hasMore = true; hasMore;) {
    const answer: ZooWebhookQuery = await service.run(ZooWebhook, { id, after });
    const page = answer.webhook?.deliveries;
    if (!page) throw new Error(`There is no webhook ${id}`);
    all.push(...page.nodes);
    hasMore = page.pageInfo.hasNextPage;
    after = page.pageInfo.endCursor;
  }
  return all;
}

/** What the kernel counts for the process; memory in MB. */
export interface Footprint {
  readonly memory: number;
  /** The most so far. */
  readonly peak: number;
  readonly descriptors: number;
}

function footprintOf({ pid }: Process): Footprint {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mb = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
  return {
    memory: mb("VmRSS"),
    peak: mb("VmHWM"),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}
