import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { createClock } from "../src/clock.ts";
import { LogEntry } from "../src/domain/log-entry.ts";
import type { StreamStart as Start } from "../src/domain/stream.ts";
import { Pages, type LogReader } from "../src/live/pages.ts";
import { LogStream } from "../src/live/stream.ts";
import { Tail } from "../src/live/tail.ts";
import { Turnstile } from "../src/live/turnstile.ts";
import { startApp, type App } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import { graphql } from "./generated/gql.ts";
import type { StreamStart } from "./generated/graphql.ts";
import { next } from "./watch-steps.ts";

const CoreStreamCursor = graphql(`
  query CoreStreamCursor {
    deliveries {
      streamCursor
    }
  }
`);

const ROWS = 30_000;
/** Pages of the log, as large as a stream may read them at once. */
const PAGES = ROWS / 500;
const filter = { eventTypes: ["payment_failed"] };

/** A long history that nobody has seen: rows of another event type than the filter's. */
async function addHistory(app: App): Promise<void> {
  await app.stop();
  using db = new DatabaseSync(`${app.folder}/hookwire.db`);
  db.prepare(
    `insert into log (tenant_id, position, at, change, event_type, is_test, status, attempts)
     with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)
     select t.id, t.folded_position + i, ? + i, 'CREATED', 'payment_received', 0, 'PENDING', 0 from tenant t, n`,
  ).run(ROWS, Date.now() - ROWS);
  db.prepare("update tenant set folded_position = folded_position + ?").run(ROWS);
  db.close();
  await app.start();
}

/** Turns of the event loop from now on. */
function countTurns(): { readonly turns: number } & Disposable {
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    get turns() {
      return turns;
    },
    [Symbol.dispose]: () => void (isOver = true),
  };
}

test("a stream that finds nothing in a long history lets others go on after each page", async () => {
  await using app = await startApp();
  const { deliveries } = await app.run(CoreStreamCursor);
  if (!deliveries) throw new Error("No answer");
  const starts: StreamStart[] = [{ last: 1 }, { after: deliveries.streamCursor }];
  await addHistory(app);
  for (const start of starts)
    for (const over of ["socket", "sse"] as const) {
      using counted = countTurns();
      const variables = { filter, start };
      const { deliveryUpdates } = await next(
        over === "sse"
          ? app.sse(DeliveryUpdates, variables)
          : app.subscribe(DeliveryUpdates, variables),
      );
      expect(deliveryUpdates).toMatchObject({ __typename: "StreamCaughtUp", replayed: 0 });
      expect(counted.turns, `${JSON.stringify(start)} ${over}`).toBeGreaterThan(PAGES / 2);
    }
});

function liveOf(log: LogReader) {
  const clock = createClock();
  return { clock, tail: new Tail(clock), pages: new Pages(log), turnstile: new Turnstile() };
}

test("a filter that has to read lets others go on after each entry", async () => {
  const entries = Array.from({ length: 400 }, (_, i) => entryAt(i + 1));
  const stream = new LogStream(
    {
      ...liveOf({
        after: async (_tenant, position, most) => entries.slice(position, position + most),
        before: async () => [],
      }),
      position: () => entries.length,
    },
    { tenantId: "ten_1", start: { after: 0 }, matches: async () => false },
  );
  using counted = countTurns();
  expect(await stream.next()).toMatchObject({ value: { type: "CAUGHT_UP", replayed: 0 } });
  expect(counted.turns).toBeGreaterThan(entries.length / 2);
  await stream.return();
});

test.each<[string, Start]>([
  ["the last that match", { last: 1 }],
  ["what came after a cursor", { after: 0 }],
])("a client that leaves while its stream looks for %s stops the reading", async (_what, start) => {
  let reads = 0;
  const page = (from: number, most: number, step: 1 | -1) => {
    reads++;
    const positions = Array.from({ length: most }, (_, i) => from + step * (i + 1));
    return positions.filter((position) => position > 0 && position <= ROWS).map(entryAt);
  };
  const stream = new LogStream(
    {
      ...liveOf({
        after: async (_tenant, position, most) => page(position, most, 1),
        before: async (_tenant, position, most) => page(position, most, -1),
      }),
      position: () => ROWS,
    },
    { tenantId: "ten_1", start, matches: () => false },
  );
  const told = stream.next();
  await eventuallyAtOnce(() => reads > 1);
  await stream.return();
  const atLeave = reads;
  expect(await told).toEqual({ done: true, value: undefined });
  expect(reads).toBeLessThanOrEqual(atLeave + 1);
  expect(reads).toBeLessThan(10);
});

/** Looks in each turn of the event loop: what is waited for is over too soon for a timer. */
async function eventuallyAtOnce(look: () => boolean): Promise<void> {
  while (!look()) await new Promise<void>((resolve) => setImmediate(resolve));
}

function entryAt(position: number): LogEntry {
  return Object.assign(new LogEntry(), {
    tenantId: "ten_1",
    position,
    at: new Date(),
    change: "CREATED",
  });
}
