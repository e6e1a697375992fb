import { createHmac, randomUUID } from "node:crypto";
import { setImmediate as nextTick } from "node:timers/promises";
import { Agent, request } from "undici";
import type { Claim, Delivery, DeliveryAttempt } from "../src/domain/delivery.ts";
import type { LogEntry } from "../src/domain/log-entry.ts";
import { openDatabase } from "../src/persistence/sqlite/open.ts";
import { createStatements, type SqliteStatements } from "../src/persistence/sqlite/statements.ts";
import { BLANK } from "../src/persistence/transaction.ts";
import { answer } from "./child.ts";

/**
 * The yardstick: what one process can do at best. It signs, posts with undici and commits to SQLite in groups, the same
 * rows under the same indexes as the service, and does nothing else: no API, no checks, no retries, no lanes.
 */
export interface LimitLoad {
  readonly url: string;
  readonly secret: string;
  readonly type: string;
  /** Of each event. */
  readonly payload: string;
  readonly webhooks: number;
  /** Events in one commit. */
  readonly batch: number;
  readonly batches: number;
  readonly inFlight: number;
}

type Job = readonly [Delivery, body: string];
interface Ended {
  readonly delivery: Delivery;
  readonly attempt: DeliveryAttempt;
}

const TENANT = "ten_limit";
const OWNER = "limit";
const agent = new Agent({ connections: 256, pipelining: 1 });

let sql: SqliteStatements;
let group: (work: () => void) => void;
let position = 0;
let lastId = 0;

export const commands = {
  async open(file: string): Promise<void> {
    const { writer } = await openDatabase(file);
    sql = createStatements(writer);
    const [begin, commit] = ["begin immediate", "commit"].map((text) => writer.prepare(text));
    group = (work) => {
      begin!.run();
      work();
      commit!.run();
    };
  },
  /** Milliseconds for all deliveries of all batches, the last one recorded. */
  async run(load: LimitLoad): Promise<number> {
    const startMs = performance.now();
    const jobs: Job[] = [];
    let batches = 0;
    const next = () => {
      if (jobs.length === 0 && batches < load.batches) {
        batches++;
        group(() => keep(load, jobs));
      }
      return jobs.pop();
    };
    await Promise.all(
      Array.from({ length: load.inFlight }, async () => {
        for (let job = next(); job; job = next()) await record(await send(load, job));
      }),
    );
    return performance.now() - startMs;
  },
};
export type Limit = typeof commands;

/** One batch of events, and a delivery of each for each webhook. */
function keep({ type, payload, webhooks, batch }: LimitLoad, jobs: Job[]): void {
  for (let index = 0; index < batch; index++) {
    const now = new Date();
    const event = {
      id: id("evt"),
      tenantId: TENANT,
      typeName: type,
      payload,
      isTest: false,
      publishedAt: now,
      occurredAt: now,
      idempotencyKey: null,
      typeVersion: 1,
      matchedWebhooks: webhooks,
    };
    sql.addEvents([event]);
    const head = JSON.stringify({ id: event.id, type, timestamp: now });
    const body = `${head.slice(0, -1)},"data":${payload}}`;
    for (let webhook = 0; webhook < webhooks; webhook++) {
      const delivery = deliveryOf(event.id, type, `wh_limit${webhook}`, now);
      sql.addDeliveries([delivery]);
      log(delivery, { change: "CREATED", at: now });
      jobs.push([delivery, body]);
    }
  }
}

async function send({ url, secret }: LimitLoad, [delivery, body]: Job): Promise<Ended> {
  const startedAt = new Date();
  const startMs = performance.now();
  const timestamp = Math.floor(startedAt.getTime() / 1000);
  const signature = createHmac("sha256", keyOf(secret))
    .update(`${delivery.eventId}.${timestamp}.${body}`)
    .digest("base64");
  const headers = {
    "content-type": "application/json",
    "user-agent": "Hookwire/0.0.0",
    "webhook-id": delivery.eventId,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": `v1,${signature}`,
    "hookwire-event-type": delivery.eventType,
    "hookwire-attempt": "1",
    "hookwire-delivery": delivery.id,
  };
  const path = `${url}/${delivery.webhookId}`;
  const response = await request(path, { method: "POST", headers, body, dispatcher: agent });
  const responseBody = await response.body.bytes();
  const list = (all: object) => Object.entries(all).map(([name, value]) => ({ name, value }));
  const attempt = {
    id: id("att"),
    tenantId: TENANT,
    deliveryId: delivery.id,
    number: 1,
    trigger: "AUTOMATIC",
    outcome: "SUCCEEDED",
    message: "The receiver answered 200",
    startedAt,
    durationMs: performance.now() - startMs,
    timings: { firstByteMs: 1, downloadMs: 0 },
    url: path,
    remoteAddress: "127.0.0.1",
    requestHeaders: list(headers),
    responseStatus: response.statusCode,
    responseHeaders: list(response.headers),
    responseBody,
    responseTruncated: false,
  } as const;
  return { delivery, attempt };
}

let ended: Ended[] = [];
let recorded: Promise<void> | undefined;

/** Whatever ends in the same turn of the event loop shares a commit. */
function record(one: Ended): Promise<void> {
  ended.push(one);
  return (recorded ??= nextTick().then(() => {
    const all = ended;
    ended = [];
    recorded = undefined;
    group(() => all.forEach(settle));
  }));
}

function settle({ delivery, attempt }: Ended): void {
  const now = new Date();
  const settled = {
    status: "SUCCEEDED",
    trigger: "AUTOMATIC",
    attempts: 1,
    failures: 0,
    losses: 0,
    dueAt: null,
    succeededAt: now,
    finishedAt: now,
  } as const;
  const claim = { deliveryId: delivery.id, owner: OWNER, number: 1 } as Claim;
  if (sql.settle([{ claim, settled, attempt }]).size === 0)
    throw new Error(`${delivery.id} was not there`);
  sql.addAttempts([attempt]);
  log(Object.assign(delivery, settled), { change: "ATTEMPTED", at: now, attempt });
}

function log(
  { webhookId, id: deliveryId, eventId, eventType, status, attempts, dueAt }: Delivery,
  { change, at, attempt }: Pick<LogEntry, "change" | "at"> & { attempt?: DeliveryAttempt },
): void {
  const entry = {
    ...BLANK,
    tenantId: TENANT,
    position: ++position,
    at,
    change,
    webhookId,
    deliveryId,
    eventId,
    eventType,
    status,
    attempts,
    dueAt,
    attemptId: attempt?.id ?? null,
    outcome: attempt?.outcome ?? null,
    responseStatus: attempt?.responseStatus ?? null,
    tookMs: attempt?.durationMs ?? null,
  };
  sql.addLogEntries([entry]);
}

function deliveryOf(eventId: string, eventType: string, webhookId: string, now: Date): Delivery {
  return {
    id: id("dlv"),
    tenantId: TENANT,
    eventId,
    eventType,
    webhookId,
    webhookName: "Limit",
    format: "ENVELOPE",
    isTest: false,
    status: "PENDING",
    trigger: "AUTOMATIC",
    attempts: 0,
    failures: 0,
    losses: 0,
    createdAt: now,
    dueAt: now,
    succeededAt: null,
    finishedAt: null,
    lastOutcome: null,
    lastAttemptId: null,
    claimOwner: OWNER,
    claimNumber: 1,
    shape: null,
    claimEndsAt: now.getTime() + 45_000,
  };
}

const RUN = randomUUID().slice(0, 8);

/** In order, as long as the service's, and free. */
function id(prefix: string): string {
  return `${prefix}_${String(++lastId).padStart(18, "0")}${RUN}`;
}

const keys = new Map<string, Buffer>();

function keyOf(secret: string): Buffer {
  let key = keys.get(secret);
  if (!key) keys.set(secret, (key = Buffer.from(secret.slice("whsec_".length), "base64")));
  return key;
}

answer(commands);
