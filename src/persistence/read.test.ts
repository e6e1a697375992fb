import BetterSqlite, { type Database as Handle } from "better-sqlite3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUILT_IN_CATALOG } from "../domain/catalog/catalog.ts";
import { ATTEMPT_TRIGGERS, type Delivery, type StoredStatus } from "../domain/delivery.ts";
import { createIds } from "../domain/id.ts";
import type { OutcomeKind } from "../domain/outcome.ts";
import { Reader, type DeliveryFilter, type EventFilter } from "./read.ts";
import { openDatabase, type SqliteDatabase } from "./sqlite/open.ts";
import { createStatements } from "./sqlite/statements.ts";

const TENANT = "ten_1";
const HOUR = 3_600_000;
const START = Date.parse("2026-06-01T12:00:00Z");
const [active, paused, deleted, busy] = [
  "wh_active",
  "wh_paused",
  "wh_deleted",
  "wh_busy",
] as const;
const TYPES = ["customer_created", "payment_received", "site_published"];
const STATUSES: StoredStatus[] = ["PENDING", "RETRYING", "SUCCEEDED", "FAILED", "CANCELLED"];
const OUTCOMES: (OutcomeKind | null)[] = ["SUCCEEDED", "TLS", "TIMEOUT", null];
const COUNT = 700;

let database: SqliteDatabase;
let reader: Reader;
const stored: Delivery[] = [];

beforeAll(async () => {
  database = await openDatabase(":memory:");
  reader = new Reader(
    database.orm,
    () => new Date(START),
    () => Promise.resolve(BUILT_IN_CATALOG),
  );
  const { writer } = database;
  addWebhook(writer, { id: active });
  addWebhook(writer, { id: paused, state: "PAUSED" });
  addWebhook(writer, { id: deleted, deletedAt: START });
  // As if it had far more than can be looked at.
  addWebhook(writer, { id: busy, deliveryCount: 1_000_000 });
  addWebhook(writer, { id: "wh_theirs", tenantId: "ten_2" });
  addDeliveries(writer);
});

afterAll(() => database.close());

function addWebhook(db: Handle, given: object): void {
  const row = {
    tenantId: TENANT,
    state: "ACTIVE",
    deletedAt: null,
    deliveryCount: 0,
    ...given,
  };
  db.prepare(
    `insert into webhook (id, tenant_id, name, url, event_types, integration, format, headers, signature, state,
       active_since, created_at, updated_at, deleted_at, health, consecutive_failures, failures_since_success, delivery_count)
     values (@id, @tenantId, '', '', '[]', '', 'ENVELOPE', '[]', 'HMAC_SHA256', @state, 0, 0, 0, @deletedAt, 'HEALTHY', 0, 0,
       @deliveryCount)`,
  ).run(row);
}

/** An hour apart, with every status, outcome, type and webhook beside every other. */
function addDeliveries(db: Handle): void {
  const sql = createStatements(db);
  let now = new Date(START);
  const newId = createIds(() => now);
  const turn = <T>(values: readonly T[], number: number) => values[number % values.length]!;
  for (let number = 0; number < COUNT; number++) {
    now = new Date(START + number * HOUR);
    const isTheirs = number % 50 === 0;
    const status = turn(STATUSES, number);
    const delivery: Delivery = {
      id: newId("dlv"),
      tenantId: isTheirs ? "ten_2" : TENANT,
      eventId: `evt_${number % 90}`,
      eventType: turn(TYPES, Math.floor(number / 7)),
      webhookId: isTheirs
        ? "wh_theirs"
        : turn([active, paused, deleted, busy], Math.floor(number / 3)),
      webhookName: "",
      format: "ENVELOPE",
      shape: null,
      isTest: number % 11 === 0,
      status,
      trigger: ATTEMPT_TRIGGERS[0],
      attempts: 1,
      failures: 0,
      losses: 0,
      createdAt: now,
      dueAt: status === "PENDING" || status === "RETRYING" ? now : null,
      succeededAt: null,
      finishedAt: null,
      lastOutcome: turn(OUTCOMES, Math.floor(number / 2)),
      lastAttemptId: null,
      claimOwner: null,
      claimNumber: 0,
      claimEndsAt: null,
    };
    sql.addDeliveries([delivery]);
    if (!isTheirs) stored.unshift(delivery);
  }
}

/** As the API shows it. */
function statusOf({ status, isTest, webhookId }: Delivery): string {
  if (isTest || !["PENDING", "RETRYING"].includes(status)) return status;
  return webhookId === paused ? "HELD" : webhookId === deleted ? "CANCELLED" : status;
}

function passes(filter: DeliveryFilter, delivery: Delivery): boolean {
  const { ids, eventIds, webhooks, eventTypes, statuses, lastOutcomes, createdAt, isTest } = filter;
  const isIn = (values: readonly unknown[] | null | undefined, value: unknown) =>
    !values || values.includes(value);
  return (
    isIn(ids, delivery.id) &&
    isIn(eventIds, delivery.eventId) &&
    isIn(
      webhooks?.map((ref) => "id" in ref && ref.id),
      delivery.webhookId,
    ) &&
    isIn(eventTypes, delivery.eventType) &&
    isIn(statuses, statusOf(delivery)) &&
    isIn(lastOutcomes, delivery.lastOutcome) &&
    (createdAt?.from ?? delivery.createdAt) <= delivery.createdAt &&
    !(createdAt?.to && delivery.createdAt >= createdAt.to) &&
    (isTest == null || delivery.isTest === isTest)
  );
}

const CHOICES: { readonly [K in keyof DeliveryFilter]: readonly DeliveryFilter[K][] } = {
  eventIds: [["evt_3"], ["evt_3", "evt_4", "evt_5", "evt_5"]],
  webhooks: [
    [{ id: active }],
    [{ id: paused }, { id: busy }],
    [{ id: busy }],
    [{ id: deleted }, { id: active }, { id: "wh_none" }],
    [{ id: "wh_theirs" }],
    [],
  ],
  eventTypes: [["site_published"], [...TYPES.slice(1), "payment_received"], ["nope"], []],
  statuses: [
    ...STATUSES.map((status) => [status]),
    ["HELD"],
    ["HELD", "PENDING", "CANCELLED", "PENDING"],
    [...STATUSES, "HELD"],
    [],
  ],
  lastOutcomes: [["TLS"], ["TLS", "TIMEOUT", "DNS"], ["SUCCEEDED", "TLS"], []],
  createdAt: [
    { from: new Date(START + 100 * HOUR), to: new Date(START + 400 * HOUR) },
    { to: new Date(START + 90 * HOUR) },
    { from: new Date(Date.UTC(20_000, 0)) },
  ],
  isTest: [true, false],
};

/** Each choice alone, and with each choice of another field. */
function filters(): DeliveryFilter[] {
  const single = Object.entries(CHOICES).flatMap(([field, values]) =>
    values.map((value) => ({ field, filter: { [field]: value } })),
  );
  const pairs = single.flatMap((one) =>
    single
      .filter((other) => other.field > one.field)
      .map((other) => ({ ...one.filter, ...other.filter })),
  );
  return [{}, ...single.map(({ filter }) => filter), ...pairs];
}

test("a list holds exactly what passes its filter, newest first, page after page, and counts it", async () => {
  for (const filter of filters()) {
    const expected = stored.filter((delivery) => passes(filter, delivery)).map(({ id }) => id);
    const found: string[] = [];
    for (let after: string | null = null, pages = 0; pages <= COUNT / 60; pages++) {
      const page = await reader.deliveries(TENANT, filter, { first: 60, after });
      if (pages === 0)
        expect(await page.count(), JSON.stringify(filter)).toEqual({
          value: expected.length,
          exact: true,
        });
      found.push(...page.nodes.map(({ id }) => id));
      if (!page.hasNextPage) break;
      after = page.cursorOf(page.nodes.at(-1)!);
    }
    expect(found, JSON.stringify(filter)).toEqual(expected);
  }
});

test("a list of more values than are read one by one holds the same", async () => {
  const none = Array.from({ length: 600 }, (_, number) => `nope_${number}`);
  const filter = { eventTypes: [...none, ...TYPES] };
  const page = await reader.deliveries(TENANT, filter, { first: 100 });
  expect(page.nodes.map(({ id }) => id)).toEqual(stored.slice(0, 100).map(({ id }) => id));
  expect(await page.count()).toEqual({ value: stored.length, exact: true });
});

/** What SQLite reads for a list and its count, as MikroORM asks. */
async function plansOf(list: () => Promise<{ count(): Promise<unknown> }>): Promise<string[]> {
  const asked: string[] = [];
  const prototype = BetterSqlite.prototype as { prepare: (this: Handle, sql: string) => unknown };
  const { prepare } = prototype;
  prototype.prepare = function (sql) {
    asked.push(sql);
    return prepare.call(this, sql);
  };
  try {
    await (await list()).count();
  } finally {
    prototype.prepare = prepare;
  }
  // What is read by the ids that were found costs nothing.
  const searches = asked.filter(
    (sql) => /from `(delivery|event)`/.test(sql) && !/`id` in \(|1 = 0/.test(sql),
  );
  const plans = searches.flatMap((sql) =>
    database.writer.prepare<[], { detail: string }>(`explain query plan ${sql}`).all(),
  );
  return plans.map(({ detail }) => detail).filter((detail) => / [de]0 /.test(detail));
}

const RANGE = { from: new Date(START), to: new Date(START + HOUR) };
test.each<[string, DeliveryFilter, string]>([
  ["of an event", { eventIds: ["evt_3"] }, "delivery_event (event_id=?"],
  ["of two events", { eventIds: ["evt_3", "evt_4"] }, "delivery_event (event_id=?"],
  [
    "failed of an event",
    { eventIds: ["evt_3"], statuses: ["FAILED"] },
    "delivery_event (event_id=?",
  ],
  ["that are tests", { isTest: true }, "delivery_tests (tenant_id=?"],
  [
    "that are successful tests",
    { isTest: true, statuses: ["SUCCEEDED"] },
    "delivery_tests (tenant_id=?",
  ],
  [
    "whose last outcome is TLS",
    { lastOutcomes: ["TLS"] },
    "delivery_outcome (tenant_id=? AND last_outcome=?",
  ],
  [
    "of two outcomes",
    { lastOutcomes: ["TLS", "DNS"] },
    "delivery_outcome (tenant_id=? AND last_outcome=?",
  ],
  [
    "of a time",
    { createdAt: RANGE },
    "delivery_tenant_id_id_index (tenant_id=? AND id>? AND id<?)",
  ],
  ["of a status", { statuses: ["PENDING"] }, "delivery_status (tenant_id=? AND status=?"],
  [
    "of all that waits",
    { statuses: ["PENDING", "RETRYING", "HELD"] },
    "delivery_status (tenant_id=? AND status=?",
  ],
  [
    "of a status, of a webhook with many",
    { statuses: ["FAILED"], webhooks: [{ id: busy }] },
    "delivery_status (tenant_id=? AND status=?",
  ],
  [
    "of webhooks",
    { webhooks: [{ id: busy }, { id: active }] },
    "delivery_webhook_id_id_index (webhook_id=?",
  ],
  [
    "of a type, of a webhook with few",
    { eventTypes: [TYPES[0]!], webhooks: [{ id: active }] },
    "delivery_webhook_id_id_index (webhook_id=?",
  ],
  [
    "of two types",
    { eventTypes: ["a", "b"] },
    "delivery_tenant_id_event_type_id_index (tenant_id=? AND event_type=?",
  ],
])("deliveries %s are found without looking at others", async (_what, filter, expected) => {
  const plans = await plansOf(() => reader.deliveries(TENANT, filter, { first: 50 }));
  expect(plans.length).toBeGreaterThan(1);
  for (const plan of plans) expect(plan).toContain(`INDEX ${expected}`);
});

test.each<[string, EventFilter, string]>([
  ["that are tests", { isTest: true }, "event_tests (tenant_id=?"],
  ["of a time", { publishedAt: RANGE }, "event_tenant_id_id_index (tenant_id=? AND id>? AND id<?)"],
  [
    "of two types",
    { types: ["a", "b"] },
    "event_tenant_id_type_name_id_index (tenant_id=? AND type_name=?",
  ],
])("events %s are found without looking at others", async (_what, filter, expected) => {
  const plans = await plansOf(() => reader.events(TENANT, filter, { first: 50 }));
  expect(plans.length).toBeGreaterThan(1);
  for (const plan of plans) expect(plan).toContain(`INDEX ${expected}`);
});
