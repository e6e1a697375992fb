import type { Claim, Delivery, DeliveryAttempt, Settled } from "../domain/delivery.ts";
import type { Event } from "../domain/event.ts";
import type { LogEntry } from "../domain/log-entry.ts";
import { foldStatements } from "./fold.ts";
import type { SqliteHandle } from "./orm.ts";
import { inboxStatements } from "./receive.ts";
import { retentionStatements } from "./retention.ts";

/** A row as SQLite gives it: instants in milliseconds, booleans as 0 and 1. */
export type Row<T> = {
  [K in keyof T]: T[K] extends Date ? number : T[K] extends Date | null ? number | null : T[K] extends boolean ? 0 | 1 : T[K];
};

const at = (date: Date | null): number | null => date && date.getTime();

/** The columns of a delivery as its class names them. */
const DELIVERY = columns<Delivery>({
  id: "id",
  tenantId: "tenant_id",
  eventId: "event_id",
  eventType: "event_type",
  webhookId: "webhook_id",
  webhookName: "webhook_name",
  format: "format",
  isTest: "is_test",
  status: "status",
  trigger: "trigger",
  attempts: "attempts",
  failures: "failures",
  losses: "losses",
  createdAt: "created_at",
  dueAt: "due_at",
  succeededAt: "succeeded_at",
  finishedAt: "finished_at",
  lastOutcome: "last_outcome",
  lastAttemptId: "last_attempt_id",
  claimOwner: "claim_owner",
  claimNumber: "claim_number",
  claimEndsAt: "claim_ends_at",
});
const EVENT_OF_DELIVERY =
  "e.type_name as typeName, e.payload, e.occurred_at as occurredAt from delivery d join event e on e.id = d.event_id";

/** A delivery with what its body is made from. */
export type DueRow = Row<Delivery> & { readonly typeName: string; readonly payload: string; readonly occurredAt: number };

export type Statements = ReturnType<typeof createStatements>;

/** The hot path's SQL, prepared once. */
export function createStatements(db: SqliteHandle) {
  return {
    ...eventStatements(db),
    ...deliveryStatements(db),
    ...claimStatements(db),
    ...logStatements(db),
    ...inboxStatements(db),
    ...foldStatements(db),
    ...retentionStatements(db),
  };
}

function eventStatements(db: SqliteHandle) {
  const addEvent = db.prepare(insert("event", 9));
  const useKey = db.prepare("insert into idempotency_key values (?, ?, ?, ?, ?) on conflict do nothing");
  const keyHolder = db.prepare<[string, string], { eventId: string; hash: string; matchedWebhooks: number }>(
    `select k.event_id as eventId, k.hash, e.matched_webhooks as matchedWebhooks
     from idempotency_key k left join event e on e.id = k.event_id where k.tenant_id = ? and k.key = ?`,
  );
  return {
    addEvent(e: Event): void {
      const { id, tenantId, typeName, payload, isTest, publishedAt, occurredAt, idempotencyKey } = e;
      addEvent.run(
        ...[id, tenantId, typeName, payload, Number(isTest), at(publishedAt), at(occurredAt)],
        ...[idempotencyKey, e.matchedWebhooks],
      );
    },
    /** False when the key had been used. */
    useKey: (event: Event, hash: string): boolean =>
      useKey.run(event.tenantId, event.idempotencyKey, event.id, hash, at(event.publishedAt)).changes === 1,
    keyHolder: (tenantId: string, key: string) => keyHolder.get(tenantId, key)!,
  };
}

function deliveryStatements(db: SqliteHandle) {
  const add = db.prepare(insert("delivery", 22));
  const byId = db.prepare<[string, string], Row<Delivery>>(
    `select ${DELIVERY} from delivery d where d.tenant_id = ? and d.id = ?`,
  );
  const settled = "status = ?, trigger = ?, attempts = ?, failures = ?, losses = ?, due_at = ?, succeeded_at = ?, finished_at = ?";
  const transition = db.prepare(`update delivery set ${settled} where id = ?`);
  const settle = db.prepare(
    `update delivery set ${settled}, last_outcome = ?, last_attempt_id = ?, claim_owner = null, claim_ends_at = null
     where id = ? and claim_owner = ? and claim_number = ? and status <> 'CANCELLED'`,
  );
  const settleAny = db.prepare(
    `update delivery set ${settled}, last_outcome = ?, last_attempt_id = ?, claim_owner = null, claim_ends_at = null where id = ?`,
  );
  const countLate = db.prepare("update delivery set attempts = attempts + 1 where id = ?");
  const addAttempt = db.prepare(`${insert("delivery_attempt", 17)} on conflict do nothing`);
  const values = (s: Settled) => [
    ...[s.status, s.trigger, s.attempts, s.failures, s.losses, at(s.dueAt), at(s.succeededAt), at(s.finishedAt)],
  ];
  return {
    addDelivery(d: Delivery): void {
      add.run(
        ...[d.id, d.tenantId, d.eventId, d.eventType, d.webhookId, d.webhookName, d.format, Number(d.isTest)],
        ...[d.status, d.trigger, d.attempts, d.failures, d.losses, at(d.createdAt), at(d.dueAt)],
        ...[at(d.succeededAt), at(d.finishedAt), d.lastOutcome, d.lastAttemptId],
        ...[d.claimOwner, d.claimNumber, d.claimEndsAt],
      );
    },
    delivery: (tenantId: string, id: string) => byId.get(tenantId, id),
    transition: (id: string, to: Settled): void => void transition.run(...values(to), id),
    /** False when the claim was lost, the delivery cancelled or removed meanwhile: nothing changed then. */
    settle: ({ deliveryId, owner, number }: Claim, to: Settled, attempt: DeliveryAttempt): boolean =>
      settle.run(...values(to), attempt.outcome, attempt.id, deliveryId, owner, number).changes === 1,
    settleAny: (id: string, to: Settled, attempt: DeliveryAttempt): void =>
      void settleAny.run(...values(to), attempt.outcome, attempt.id, id),
    countLateAttempt: (id: string): void => void countLate.run(id),
    addAttempt(a: DeliveryAttempt): void {
      addAttempt.run(
        ...[a.id, a.tenantId, a.deliveryId, a.number, a.trigger, a.outcome, a.message, at(a.startedAt)],
        ...[a.durationMs, JSON.stringify(a.timings), a.url, a.remoteAddress, JSON.stringify(a.requestHeaders)],
        ...[a.responseStatus, JSON.stringify(a.responseHeaders), a.responseBody, Number(a.responseTruncated)],
      );
    },
  };
}

function claimStatements(db: SqliteHandle) {
  const due = db.prepare<[string, number, number, number], DueRow>(
    `select ${DELIVERY}, ${EVENT_OF_DELIVERY}
     where d.webhook_id = ? and d.due_at <= ? and (d.claim_owner is null or d.claim_ends_at <= ?)
     order by d.due_at limit ?`,
  );
  const next = db.prepare<[string], { dueAt: number | null }>(
    `select min(iif(claim_owner is null, due_at, max(due_at, claim_ends_at))) as dueAt
     from (select due_at, claim_owner, claim_ends_at from delivery
           where webhook_id = ? and due_at is not null order by due_at limit 1000)`,
  );
  const claim = db.prepare("update delivery set claim_owner = ?, claim_number = ?, claim_ends_at = ? where id = ?");
  const release = db.prepare(
    "update delivery set claim_owner = null, claim_ends_at = null where id = ? and claim_owner = ? and claim_number = ?",
  );
  const dropClaim = db.prepare("update delivery set claim_owner = null, claim_ends_at = null where id = ?");
  const waiting = db.prepare<[string, number, number], Row<Delivery>>(
    `select ${DELIVERY} from delivery d
     where d.webhook_id = ? and d.due_at is not null and d.created_at <= ? and d.is_test = 0 limit ?`,
  );
  const orphaned = db.prepare<[], { id: string }>(
    `select id from webhook where deleted_at is not null
     and exists (select 1 from delivery where webhook_id = webhook.id and due_at is not null)`,
  );
  const leased = db.prepare<[], DueRow>(
    `select ${DELIVERY}, ${EVENT_OF_DELIVERY} where d.due_at is not null and d.claim_owner is not null and d.is_test = 1`,
  );
  const endLeases = db.prepare("update delivery set claim_ends_at = 0 where due_at is not null and claim_owner is not null");
  return {
    due: (webhookId: string, now: Date, leaseMs: number, most: number) => due.all(webhookId, now.getTime(), leaseMs, most),
    nextDueAt(webhookId: string): Date | null {
      const { dueAt } = next.get(webhookId)!;
      return dueAt === null ? null : new Date(dueAt);
    },
    claim: (id: string, owner: string, number: number, endsAt: number): void => void claim.run(owner, number, endsAt, id),
    release: ({ deliveryId, owner, number }: Claim): void => void release.run(deliveryId, owner, number),
    dropClaim: (id: string): void => void dropClaim.run(id),
    waiting: (webhookId: string, before: Date, most: number) => waiting.all(webhookId, before.getTime(), most),
    /** Deleted webhooks that something still waits for. */
    orphaned: () => orphaned.all().map(({ id }) => id),
    /** Tests whose attempt was under way when the service ended. */
    leasedTests: () => leased.all(),
    endLeases: (): void => void endLeases.run(),
  };
}

function logStatements(db: SqliteHandle) {
  const add = db.prepare(insert("log", 18));
  const last = db.prepare<[], { tenantId: string; position: number }>(
    `select id as tenantId, max(folded_position, coalesce((select max(position) from log where tenant_id = t.id), 0)) as position
     from tenant t`,
  );
  const raise = db.prepare("update tenant set webhooks_version = webhooks_version + 1 where id = ?");
  return {
    addLogEntry(e: LogEntry): void {
      add.run(
        ...[e.tenantId, e.position, at(e.at), e.change, e.webhookId, e.deliveryId, e.eventId, e.eventType],
        ...[Number(e.isTest), e.status, e.attempts, at(e.dueAt), e.attemptId, e.outcome, e.responseStatus],
        ...[e.tookMs, e.inboxId, e.requestId],
      );
    },
    /** The last position of each tenant; retention may have removed the row itself. */
    positions: () => new Map(last.all().map(({ tenantId, position }) => [tenantId, position])),
    raiseWebhooksVersion: (tenantId: string): void => void raise.run(tenantId),
  };
}

function insert(table: string, values: number): string {
  return `insert into ${table} values (${Array(values).fill("?").join(", ")})`;
}

function columns<T>(names: { readonly [K in keyof T]: string }): string {
  return Object.entries(names)
    .map(([property, column]) => `d.${String(column)} as ${property}`)
    .join(", ");
}
