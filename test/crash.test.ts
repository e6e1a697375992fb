import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { eventually } from "./app.ts";
import { graphql } from "./generated/gql.ts";
import type { PublishEventInput } from "./generated/graphql.ts";
import { makeFolder, OPEN, Process, startProcess, startReceiver } from "./process.ts";

const CrashPublish = graphql(`
  mutation CrashPublish($events: [PublishEventInput!]!) {
    publishEvents(input: { events: $events }) {
      __typename
      ... on PublishEventsPayload {
        results {
          __typename
          ... on PublishEventPayload {
            eventId
          }
        }
      }
    }
  }
`);

const CrashWaiting = graphql(`
  query CrashWaiting {
    deliveries(first: 1, filter: { statuses: [PENDING, RETRYING, HELD] }) {
      nodes {
        id
      }
    }
  }
`);

const CrashDeliveries = graphql(`
  query CrashDeliveries($after: String) {
    deliveries(first: 100, after: $after) {
      pageInfo {
        endCursor
        hasNextPage
      }
      nodes {
        eventId
        status
        attemptCount
        attempts(first: 20) {
          nodes {
            number
            outcome
          }
        }
      }
    }
  }
`);

const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? 3);
const PATHS = ["/a", "/b"];
const MAX_IN_FLIGHT = 10;
const ROUND_RECEIPTS = 60;

/** Publishes one batch after the other, each under keys of its own, until the service is killed under it. */
class Publisher {
  readonly accepted: string[] = [];
  readonly #name: string;
  readonly #payload: unknown;
  readonly #size: number;
  #batches = 0;
  /** Sent, and nobody knows whether it was accepted. */
  #unanswered: PublishEventInput[] | undefined;

  constructor(name: string, size: number, payload: unknown) {
    this.#name = name;
    this.#size = size;
    this.#payload = payload;
  }

  async publishUntilKilled(service: Process): Promise<void> {
    try {
      for (;;) await this.publish(service);
    } catch (error) {
      // `fetch` fails when its server is killed, and so does reading an answer that was cut.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async repeatUnanswered(service: Process): Promise<void> {
    if (this.#unanswered) await this.publish(service);
  }

  async publish(service: Process): Promise<void> {
    this.#unanswered ??= this.#nextBatch();
    const { publishEvents } = await service.run(CrashPublish, { events: this.#unanswered });
    if (publishEvents?.__typename !== "PublishEventsPayload")
      throw new Error(JSON.stringify(publishEvents));
    for (const result of publishEvents.results) {
      if (result.__typename !== "PublishEventPayload") throw new Error(JSON.stringify(result));
      this.accepted.push(result.eventId);
    }
    this.#unanswered = undefined;
  }

  #nextBatch(): PublishEventInput[] {
    const batch = ++this.#batches;
    return Array.from({ length: this.#size }, (_, index) => ({
      type: "payment_received",
      payload: this.#payload,
      idempotencyKey: `${this.#name}-${batch}-${index}`,
    }));
  }
}

test(
  `kill -9 while publishing and delivering, ${ROUNDS} times: every accepted event arrives and every attempt is known`,
  async () => {
    using folder = makeFolder();
    await using receiver = await startReceiver();
    let service = await startProcess(folder.path);
    // No retries: an attempt that was lost and counted would end its delivery as FAILED.
    for (const path of PATHS)
      await service.makeWebhook({
        url: receiver.url + path,
        maxInFlight: MAX_IN_FLIGHT,
        retryDelays: [],
      });
    const { payload } = await service.event();
    const publishers = [1, 1, 2, 5].map((size, index) => new Publisher(`p${index}`, size, payload));

    for (let round = 1; round <= ROUNDS; round++) {
      await Promise.all(publishers.map((publisher) => publisher.repeatUnanswered(service)));
      const publishing = publishers.map((publisher) => publisher.publishUntilKilled(service));
      const begun = receiver.received;
      await eventually(async () => receiver.received >= begun + ROUND_RECEIPTS);
      receiver.isHolding = true;
      await eventually(async () => receiver.held >= 4);
      await service.kill("SIGKILL");
      await Promise.all(publishing);
      receiver.letGo();
      service = await startProcess(folder.path);
    }
    await Promise.all(publishers.map((publisher) => publisher.repeatUnanswered(service)));
    await eventually(async () => (await service.run(CrashWaiting)).deliveries?.nodes.length === 0);

    const accepted = publishers.flatMap((publisher) => publisher.accepted);
    expect(new Set(accepted).size).toBe(accepted.length);
    const lost = accepted.flatMap((id) => PATHS.filter((path) => receiver.count(path, id) === 0));
    expect(lost).toEqual([]);
    expect(receiver.counts.size).toBe(accepted.length * PATHS.length);

    const deliveries = await allDeliveries(service);
    expect(deliveries).toHaveLength(accepted.length * PATHS.length);
    let interrupted = 0;
    for (const { status, attemptCount, attempts } of deliveries) {
      const nodes = attempts?.nodes ?? [];
      expect(nodes.map(({ number }) => number)).toEqual(nodes.map((_, index) => index + 1));
      expect(nodes.map(({ outcome }) => outcome)).toEqual([
        ...nodes.slice(1).map(() => "INTERNAL"),
        "SUCCEEDED",
      ]);
      expect({ status, attemptCount }).toEqual({ status: "SUCCEEDED", attemptCount: nodes.length });
      interrupted += nodes.length - 1;
    }
    const duplicates = receiver.received - receiver.counts.size;
    process.stdout.write(
      `${ROUNDS} rounds: ${accepted.length} events accepted, lost 0, duplicates ${duplicates}, attempts interrupted ${interrupted}\n`,
    );
    expect(interrupted).toBeGreaterThanOrEqual(4 * ROUNDS);
    // What was held was received, and was sent again: no more than was leased when the process died.
    expect(duplicates).toBeGreaterThanOrEqual(4 * ROUNDS);
    expect(duplicates).toBeLessThanOrEqual(interrupted);
    expect(interrupted).toBeLessThanOrEqual(ROUNDS * PATHS.length * 2 * MAX_IN_FLIGHT);

    expect(await service.kill("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
    isSound(folder.database);
  },
  15_000 + 15_000 * ROUNDS,
);

test("a process that is killed in the middle of a start leaves nothing that the next one stumbles over", async () => {
  using folder = makeFolder();
  for (const made of ["", ".key"]) {
    await using killed = new Process(folder.path, { env: OPEN });
    await eventually(async () => existsSync(folder.database + made));
    await killed.kill("SIGKILL");
  }
  await using service = await startProcess(folder.path);
  await service.makeWebhook({ url: "http://127.0.0.1:9/a", paused: true });
  await service.publish();
  await service.kill("SIGTERM");
  isSound(folder.database);
});

async function allDeliveries(service: Process) {
  const found = [];
  for (let after: string | null | undefined; ;) {
    const { deliveries } = await service.run(CrashDeliveries, { after });
    if (!deliveries) throw new Error("deliveries could not be read");
    found.push(...deliveries.nodes);
    if (!deliveries.pageInfo.hasNextPage) return found;
    after = deliveries.pageInfo.endCursor;
  }
}

/** The file itself: whole, nothing leased, and a log whose positions have no gaps. */
function isSound(file: string): void {
  using db = new DatabaseSync(file);
  const value = (sql: string) => Object.values(db.prepare(sql).get() ?? {})[0];
  expect(value("pragma integrity_check")).toBe("ok");
  expect(value("select count(*) from delivery where claim_owner is not null")).toBe(0);
  expect(value("select max(position) - min(position) + 1 - count(*) from log")).toBe(0);
  expect(value("select min(position) from log")).toBe(1);
}
