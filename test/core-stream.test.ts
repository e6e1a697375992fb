import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { createClock } from "../src/clock.ts";
import { LogEntry } from "../src/domain/log-entry.ts";
import type { StreamStart as Start } from "../src/domain/stream.ts";
import type { LogFilter } from "../src/domain/stream.ts";
import { Pages, type LogReader } from "../src/live/pages.ts";
import { LogStream, type LogSearch } from "../src/live/stream.ts";
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
/** Pieces of the log, as large as a stream may search at once. */
const PIECES = ROWS / 5000;
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
  db.exec("insert or replace into log_position select id, folded_position from tenant");
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

test("a stream that finds nothing in a long history lets others go on after each piece", async () => {
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
      expect(counted.turns, `${JSON.stringify(start)} ${over}`).toBeGreaterThanOrEqual(PIECES);
    }
});

/** One entry of the filter's type far back in the history. */
async function addRare(app: App): Promise<number> {
  await addHistory(app);
  await app.stop();
  using db = new DatabaseSync(`${app.folder}/hookwire.db`);
  const { position } = db.prepare("select max(position) - 20000 as position from log").get() as {
    position: number;
  };
  db.prepare(
    "update log set event_type = 'payment_failed', webhook_id = '', delivery_id = ?, event_id = '' where position = ?",
  ).run(RARE, position);
  db.close();
  await app.start();
  return position;
}

const RARE = "dlv_rare";

test.each(["last", "after"] as const)(
  "a stream with a filter finds the one change that it is about in a long history, by %s",
  async (by) => {
    await using app = await startApp();
    const { deliveries } = await app.run(CoreStreamCursor);
    await addRare(app);
    const start = by === "last" ? { last: 5 } : { after: deliveries!.streamCursor };
    for (const wanted of [filter, { deliveryIds: [RARE] }, { ...filter, isTest: false }]) {
      const updates = app.sse(DeliveryUpdates, { filter: wanted, start });
      const told = await next(updates);
      expect(told.deliveryUpdates).toMatchObject({ deliveryId: RARE });
      const { deliveryUpdates } = await next(updates);
      expect(deliveryUpdates).toMatchObject({ __typename: "StreamCaughtUp", replayed: 1 });
    }
    const none = app.sse(DeliveryUpdates, { filter: { ...filter, isTest: true }, start });
    expect((await next(none)).deliveryUpdates).toMatchObject({ replayed: 0 });
  },
);

test("a stream with a filter is told what retention removed, and goes on behind it", async () => {
  await using app = await startApp();
  const { deliveries } = await app.run(CoreStreamCursor);
  const position = await addRare(app);
  await app.stop();
  using db = new DatabaseSync(`${app.folder}/hookwire.db`);
  db.prepare("delete from log where position < ?").run(position - 7000);
  db.close();
  await app.start();
  const start = { after: deliveries!.streamCursor };
  const updates = app.sse(DeliveryUpdates, { filter, start });
  const types = [await next(updates), await next(updates), await next(updates)];
  expect(types.map(({ deliveryUpdates }) => deliveryUpdates.__typename)).toEqual([
    "StreamGap",
    "DeliveryUpdate",
    "StreamCaughtUp",
  ]);
});

function liveOf(log: LogReader & Partial<LogSearch>) {
  const clock = createClock();
  const search = { first: async () => 1, passing: async () => [], ...log };
  const parts = { tail: new Tail(clock), pages: new Pages(log), turnstile: new Turnstile() };
  return { clock, log: search, ...parts };
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
    { tenantId: "ten_1", start: { after: 0 }, filter: {}, matches: async () => false },
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
    { tenantId: "ten_1", start, filter: {}, matches: () => false },
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

/** A log of which a search finds nothing. */
function nothingIn(first: () => number | undefined, end: number) {
  const unread = () => Promise.reject(new Error("read entry by entry"));
  return {
    ...liveOf({ after: unread, before: unread, first: async () => first() }),
    position: () => end,
  };
}
const rare: LogFilter = { webhookId: ["wh_rare"] };

test("a filter that finds nothing for long gives a cursor that moves on", async () => {
  let nowMs = 0;
  const clock = { ...createClock(), leaseMs: () => (nowMs += 31_000) };
  const live = { ...nothingIn(() => 1, 12_000), clock };
  const stream = new LogStream(live, { tenantId: "ten_1", start: { after: 0 }, filter: rare });
  expect(await stream.next()).toMatchObject({ value: { type: "PROGRESS", position: 5000 } });
  expect(await stream.next()).toMatchObject({ value: { type: "PROGRESS", position: 10_000 } });
  expect(await stream.next()).toMatchObject({ value: { type: "CAUGHT_UP", position: 12_000 } });
  await stream.return();
});

test.each([
  ["while it was being searched", () => 9000, 8999],
  ["to the end", () => undefined, 12_000],
])("a log that retention cut %s is told as a gap", async (_when, first, position) => {
  const live = nothingIn(first, 12_000);
  const stream = new LogStream(live, { tenantId: "ten_1", start: { after: 0 }, filter: rare });
  expect(await stream.next()).toMatchObject({ value: { type: "GAP", position } });
  await stream.return();
});
