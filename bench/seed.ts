import { closeSync, fsyncSync, openSync } from "node:fs";
import BetterSqlite from "better-sqlite3";
import { TypeID } from "typeid-js";
import {
  settle,
  type Delivery,
  type DeliveryAttempt,
  type StoredStatus,
} from "../src/domain/delivery.ts";
import { DAY } from "../src/domain/duration.ts";
import { fold, HOUR_MS, type Folded } from "../src/domain/health.ts";
import type { IdPrefix } from "../src/domain/id.ts";
import type { LogEntry } from "../src/domain/log-entry.ts";
import type { OutcomeKind } from "../src/domain/outcome.ts";
import { createStatements, type SqliteStatements } from "../src/persistence/sqlite/statements.ts";

/** Who gets what is stored. */
export interface SeedWebhooks {
  /** Those that deliver: each gets most events. */
  readonly active: readonly string[];
  /** Get all events, and have been paused for the last days. */
  readonly paused: readonly string[];
  /** Gets one event of some thousands. */
  readonly rare: string;
}

export interface SeedOptions {
  /** A database that the service made, with its webhooks; no service may run on it. */
  readonly file: string;
  readonly deliveries: number;
  readonly webhooks: SeedWebhooks;
  readonly types: readonly string[];
  /** Of each event. */
  readonly payload: string;
}

/** Events of so many are one that the rare webhook wants, and so many are one that is a test. */
const RARE_OF = 5000;
const TEST_OF = 1000;
const FAN_OUT = 16;
const DAYS = 29;
const PAUSED_DAYS = 3;
const EVENTS_AT_ONCE = 2000;
/** What retention keeps of a webhook's hours. */
const HOURS_MS = 2 * DAY;

/** Rows as a month of service leaves them, health and counts folded; far quicker than the service could write them. */
export function seed(options: SeedOptions): void {
  const db = new BetterSqlite(options.file);
  // Nothing is at stake: a seed that fails is thrown away.
  db.pragma("journal_mode = off");
  db.pragma("synchronous = off");
  db.pragma("cache_size = -200000");
  const seeding = new Seeding(db, options);
  while (!seeding.isDone)
    db.transaction(() => {
      for (let count = 0; count < EVENTS_AT_ONCE && !seeding.isDone; count++) seeding.addEvent();
      seeding.foldEntries();
    })();
  db.pragma("journal_mode = wal");
  db.close();
  // What is not on the disk yet would be waited for by the first commits of the service.
  const file = openSync(options.file, "r+");
  fsyncSync(file);
  closeSync(file);
}

/** How one delivery stands, and what its only attempt came to; null when there was none. */
interface Fate {
  readonly status: StoredStatus;
  readonly outcome: OutcomeKind | null;
}

class Seeding {
  readonly #options: SeedOptions;
  readonly #sql: SqliteStatements;
  readonly #tenantId: string;
  readonly #startMs = Date.now() - DAYS * DAY;
  readonly #stepMs: number;
  readonly #folded = new Map<string, Omit<Folded, "isGone">>();
  readonly #chance = createChance();
  #entries: LogEntry[] = [];
  #position: number;
  #events = 0;
  #deliveries = 0;

  constructor(db: BetterSqlite.Database, options: SeedOptions) {
    this.#options = options;
    this.#sql = createStatements(db);
    this.#tenantId = db.prepare<[], string>("select id from tenant").pluck().get()!;
    this.#position = this.#sql.moveLogEnd(this.#tenantId, 0);
    this.#stepMs = (DAYS * DAY) / Math.ceil(options.deliveries / FAN_OUT);
  }

  get isDone(): boolean {
    return this.#deliveries >= this.#options.deliveries;
  }

  /** One event, its deliveries, and what became of them. */
  addEvent(): void {
    const number = this.#events++;
    const { types, payload } = this.#options;
    const publishedAt = new Date(this.#startMs + number * this.#stepMs);
    const isTest = number % TEST_OF === TEST_OF - 1;
    const webhookIds = this.#targets(number, isTest);
    const event = {
      id: idAt("evt", publishedAt),
      tenantId: this.#tenantId,
      typeName: types[number % types.length]!,
      payload,
      isTest,
      publishedAt,
      occurredAt: publishedAt,
      idempotencyKey: null,
      typeVersion: 1,
      matchedWebhooks: webhookIds.length,
    };
    this.#sql.addEvents([event]);
    const born = webhookIds.map((webhookId) => this.#born(event, webhookId));
    for (const delivery of born) this.#log(delivery, { change: "CREATED", at: publishedAt });
    for (const delivery of born) this.#end(delivery);
    this.#deliveries += born.length;
  }

  /** As the service does beside the line: health, counts and the last hours of each webhook. */
  foldEntries(): void {
    const since = Date.now() - HOURS_MS;
    for (const [webhookId, entries] of Map.groupBy(this.#entries, (entry) => entry.webhookId!)) {
      const before = this.#folded.get(webhookId) ?? this.#sql.foldedWebhook(webhookId)!;
      const { after, hours } = fold(before, new Date(), entries);
      for (const hour of hours.values())
        if (hour.hour > since - HOUR_MS) this.#sql.addHour(webhookId, hour);
      const { isGone: _isGone, ...counts } = { ...after, consecutiveFailures: 0 };
      this.#folded.set(webhookId, counts);
      this.#sql.setFoldedWebhook(webhookId, { ...counts, health: "HEALTHY" });
    }
    this.#sql.setFolded(this.#tenantId, this.#position);
    this.#entries = [];
  }

  /** All that are paused, and those that are active but for a few, in turn. */
  #targets(number: number, isTest: boolean): readonly string[] {
    const { active, paused, rare } = this.#options.webhooks;
    const turned = active.map((_, index) => active[(index + number) % active.length]!);
    if (isTest) return turned.slice(0, 1);
    const all = number % RARE_OF === 0 ? [rare, ...paused, ...turned] : [...paused, ...turned];
    return all.slice(0, FAN_OUT);
  }

  #born(
    event: { id: string; typeName: string; publishedAt: Date; isTest: boolean },
    webhookId: string,
  ): Delivery {
    return {
      id: idAt("dlv", event.publishedAt),
      tenantId: this.#tenantId,
      eventId: event.id,
      eventType: event.typeName,
      webhookId,
      webhookName: "Benchmark",
      format: "ENVELOPE",
      isTest: event.isTest,
      status: "PENDING",
      trigger: event.isTest ? "TEST" : "AUTOMATIC",
      attempts: 0,
      failures: 0,
      losses: 0,
      createdAt: event.publishedAt,
      dueAt: event.publishedAt,
      succeededAt: null,
      finishedAt: null,
      lastOutcome: null,
      lastAttemptId: null,
      claimOwner: null,
      claimNumber: 0,
      shape: null,
      claimEndsAt: null,
    };
  }

  #end(born: Delivery): void {
    const { status, outcome } = this.#fate(born);
    const now = new Date(born.createdAt.getTime() + 50);
    if (outcome === null) return this.#sql.addDeliveries([born]);
    const attempt = this.#attempt(born, outcome, now);
    const delaysMs = status === "RETRYING" ? [DAY + this.#chance() * 4 * HOUR_MS] : [];
    const settled = settle(
      Object.assign(born, status === "CANCELLED" && { status }),
      { kind: outcome },
      { delaysMs, now, spread: 0 },
    );
    const delivery = Object.assign(born, settled, {
      lastOutcome: outcome,
      lastAttemptId: attempt.id,
      claimNumber: 1,
    });
    this.#sql.addDeliveries([delivery]);
    this.#sql.addAttempts([attempt]);
    this.#log(delivery, { change: "ATTEMPTED", at: now, attempt });
  }

  /** Most succeed; what is retried is of the last hours, what waits for a paused webhook of the last days. */
  #fate({ createdAt, webhookId, isTest }: Delivery): Fate {
    const ageMs = Date.now() - createdAt.getTime();
    const chance = this.#chance();
    if (this.#options.webhooks.paused.includes(webhookId) && ageMs < PAUSED_DAYS * DAY)
      return chance < 0.5
        ? { status: "RETRYING", outcome: "TIMEOUT" }
        : { status: "PENDING", outcome: null };
    if (chance < 0.95) return { status: "SUCCEEDED", outcome: "SUCCEEDED" };
    if (chance < 0.955) return { status: "CANCELLED", outcome: "HTTP_STATUS" };
    const outcome = chance < 0.9551 ? "TLS" : chance < 0.97 ? "TIMEOUT" : "HTTP_STATUS";
    return { status: ageMs < DAY / 2 && !isTest ? "RETRYING" : "FAILED", outcome };
  }

  #attempt(born: Delivery, outcome: OutcomeKind, at: Date): DeliveryAttempt {
    const hasAnswer = outcome === "SUCCEEDED" || outcome === "HTTP_STATUS";
    const responseStatus = hasAnswer ? (outcome === "SUCCEEDED" ? 200 : 500) : null;
    return {
      id: idAt("att", at),
      tenantId: born.tenantId,
      deliveryId: born.id,
      number: 1,
      trigger: born.trigger,
      outcome,
      message: hasAnswer ? `The receiver answered ${responseStatus}` : "There was no answer",
      startedAt: born.createdAt,
      durationMs: 10 + 80 * this.#chance(),
      timings: { firstByteMs: 12.345, downloadMs: 0.123 },
      url: `http://127.0.0.1:12345/ok/${born.webhookId}`,
      remoteAddress: hasAnswer ? "127.0.0.1" : null,
      requestHeaders: [
        { name: "content-type", value: "application/json" },
        { name: "user-agent", value: "Hookwire/0.1.0" },
        { name: "webhook-id", value: born.eventId },
        { name: "webhook-timestamp", value: String(Math.floor(at.getTime() / 1000)) },
        { name: "webhook-signature", value: `v1,${"x".repeat(43)}=` },
        { name: "hookwire-event-type", value: born.eventType },
        { name: "hookwire-attempt", value: "1" },
        { name: "hookwire-delivery", value: born.id },
      ],
      responseStatus,
      responseHeaders: hasAnswer ? [{ name: "content-length", value: "2" }] : [],
      responseBody: hasAnswer ? Buffer.from("ok") : null,
      responseTruncated: false,
    };
  }

  #log(
    d: Delivery,
    { change, at, attempt }: Pick<LogEntry, "change" | "at"> & { attempt?: DeliveryAttempt },
  ): void {
    const entry: LogEntry = {
      tenantId: this.#tenantId,
      position: ++this.#position,
      at,
      change,
      webhookId: d.webhookId,
      deliveryId: d.id,
      eventId: d.eventId,
      eventType: d.eventType,
      isTest: d.isTest,
      status: d.status,
      attempts: d.attempts,
      dueAt: d.dueAt,
      attemptId: attempt?.id ?? null,
      outcome: attempt?.outcome ?? null,
      responseStatus: attempt?.responseStatus ?? null,
      tookMs: attempt?.durationMs ?? null,
      inboxId: null,
      requestId: null,
    };
    this.#sql.addLogEntries([entry]);
    this.#sql.moveLogEnd(this.#tenantId, 1);
    this.#entries.push(entry);
  }
}

const bytes = new Uint8Array(16);
const view = new DataView(bytes.buffer);
let lastMs = 0;
let lastNumber = 0;

/** As the service made it at that time: those of one millisecond in the order they were made. */
function idAt(prefix: IdPrefix, at: Date): string {
  lastNumber = at.getTime() === lastMs ? lastNumber + 1 : 0;
  lastMs = at.getTime();
  view.setBigUint64(0, (BigInt(lastMs) << 16n) | BigInt(0x7000 | lastNumber));
  view.setUint32(8, 0x8000_0000 | (Math.random() * 2 ** 30));
  view.setUint32(12, Math.random() * 2 ** 32);
  return TypeID.fromUUIDBytes(prefix, bytes).toString();
}

/** 0 to 1, the same row of numbers each time. */
function createChance(): () => number {
  let state = 1;
  return () => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff;
}
