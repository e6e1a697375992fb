import type { JsonObject } from "../../domain/catalog/entry.ts";
import {
  LEASE_MARGIN_MS,
  lose,
  lostAttempt,
  settleLate,
  type Claim,
  type Delivery,
  type DeliveryAttempt,
  type Settled,
} from "../../domain/delivery.ts";
import { bodyOf, payloadOf } from "../../domain/event.ts";
import type { AttemptRecorded } from "../../domain/fact.ts";
import { UNSHAPED, type Route } from "../../domain/route.ts";
import type { ClaimRequest, Claimed, Recording } from "../../domain/store.ts";
import { Bodies } from "../bodies.ts";
import type { DueRow } from "../sql/delivery-columns.ts";
import type { Row } from "../sql/sqlite.ts";
import type { Transaction } from "../transaction.ts";

/**
 * An attempt that ended. The delivery changes only while the claim is still the current one: after a cancel the
 * attempt is recorded and only its success counts, after a lost claim it is recorded and nothing else.
 */
export function record(
  transaction: Transaction,
  { claim, attempt, settled }: Recording,
): AttemptRecorded {
  const { sql, tools } = transaction;
  if (sql.settle(claim, settled, attempt)) return recorded(transaction, claim, attempt, settled);

  const row = sql.delivery(claim.tenantId, claim.deliveryId);
  if (!row) return recorded(transaction, claim, attempt, settled);
  const isCurrent = row.claimOwner === claim.owner && row.claimNumber === claim.number;
  const late = settleLate(standingOf(row), settled, { isCurrent, now: tools.clock.now() });
  if (isCurrent) sql.settleAny(row.id, late, attempt);
  else sql.countLateAttempt(row.id);
  return recorded(transaction, claim, Object.assign(attempt, { number: late.attempts }), late);
}

function recorded(
  transaction: Transaction,
  claim: Pick<Claim, "tenantId" | "deliveryId" | "webhookId" | "eventId" | "eventType"> & {
    readonly state: { readonly isTest: boolean };
  },
  attempt: DeliveryAttempt,
  { status, attempts, dueAt }: Settled,
): AttemptRecorded {
  const { tenantId, deliveryId, webhookId, eventId, eventType } = claim;
  const { id: attemptId, number, trigger, outcome, responseStatus, durationMs: tookMs } = attempt;
  const { isTest } = claim.state;
  transaction.sql.addAttempt(attempt);
  transaction.log({
    tenantId,
    deliveryId,
    webhookId,
    eventId,
    eventType,
    isTest,
    status,
    attempts,
    dueAt,
    attemptId,
    outcome,
    responseStatus,
    tookMs,
    at: transaction.tools.clock.now(),
    change: "ATTEMPTED",
  });
  return {
    type: "attempt.recorded",
    tenantId,
    deliveryId,
    webhookId,
    eventId,
    eventType,
    isTest,
    attemptId,
    number,
    trigger,
    outcome,
    responseStatus,
    tookMs,
    status,
    dueAt,
  };
}

/** Leases what is due for these webhooks, the oldest first. A lease that ended by itself is recorded as lost before. */
export function claimDue(
  transaction: Transaction,
  { requests }: { requests: readonly ClaimRequest[] },
): Claimed {
  const claims: Claim[] = [];
  const lost: AttemptRecorded[] = [];
  const nextDueAt = new Map<string, Date | null>();
  const { clock } = transaction.tools;
  const aheadMs = clock.now().getTime() - clock.leaseMs();
  for (const { tenantId, webhookId, most } of requests) {
    const route = transaction.routes.find(tenantId, webhookId);
    if (!route) continue;
    const rows = due(transaction, webhookId, most);
    for (const row of rows) {
      const wasLost = row.claimOwner !== null;
      if (wasLost) lost.push(recordLost(transaction, row));
      // Broken once more before the lane heard of it: it stays where it is.
      else if (row.shape === UNSHAPED && route.select.get(row.typeName) === "BROKEN") continue;
      else claims.push(lease(transaction, row, route));
    }
    // As many as asked for: more may be due, and the next claim will see.
    const mayHaveMore = rows.length === most;
    nextDueAt.set(
      webhookId,
      mayHaveMore ? clock.now() : transaction.sql.nextDueAt(webhookId, aheadMs),
    );
  }
  return { claims, nextDueAt, lost };
}

function due({ sql, tools }: Transaction, webhookId: string, most: number): DueRow[] {
  return sql.due(webhookId, tools.clock.now(), tools.clock.leaseMs(), most);
}

function lease(transaction: Transaction, row: DueRow, route: Route): Claim {
  const { sql, tools } = transaction;
  const number = row.claimNumber + 1;
  const endsAt = tools.clock.leaseMs() + route.timeoutMs + LEASE_MARGIN_MS;
  sql.claim(row.id, tools.owner, number, endsAt);
  const { id: deliveryId, tenantId, webhookId, eventId, eventType } = row;
  const event = {
    id: eventId,
    typeName: row.typeName,
    payload: row.payload,
    occurredAt: new Date(row.occurredAt),
  };
  const body =
    row.shape === UNSHAPED ? shapeNow(transaction, row, route) : bodyOf(event, row.format);
  return {
    tenantId,
    deliveryId,
    webhookId,
    eventId,
    eventType,
    state: stateOf(row),
    body,
    owner: tools.owner,
    number,
    endsAt,
  };
}

/** The selection was broken when the event was published, and has been mended. */
function shapeNow(transaction: Transaction, row: DueRow, route: Route): string {
  const event = {
    id: row.eventId,
    typeName: row.typeName,
    payload: row.payload,
    occurredAt: new Date(row.occurredAt),
  };
  const bodies = new Bodies(transaction, event, payloadOf(event) as JsonObject);
  const shape = bodies.shapeFor(route);
  transaction.sql.setShape(row.id, shape);
  // The format is that of the time when it was published.
  return bodies.bodyFor(row, shape);
}

/** The attempt of a lease that ended by itself. What waits goes back to the table, where the next claim finds it. */
export function recordLost(transaction: Transaction, row: Row<Delivery>): AttemptRecorded {
  const { sql, tools, routes } = transaction;
  const { id: deliveryId, tenantId, webhookId, trigger } = row;
  const route = routes.find(tenantId, webhookId);
  const now = tools.clock.now();
  const settled = lose(stateOf(row), { delaysMs: route?.retryDelaysMs ?? [], now });
  const url = route?.url ?? sql.webhookUrl(webhookId);
  const about = { id: tools.newId("att"), tenantId, deliveryId, trigger, url };
  const attempt = lostAttempt(about, settled.attempts, now);
  sql.settleAny(deliveryId, settled, attempt);
  const state = { isTest: row.isTest === 1 };
  return recorded(transaction, { ...row, deliveryId, state }, attempt, settled);
}

export function stateOf(
  row: Pick<
    DueRow,
    "status" | "trigger" | "attempts" | "failures" | "losses" | "isTest" | "succeededAt"
  >,
) {
  const { status, trigger, attempts, failures, losses } = row;
  const succeededAt = row.succeededAt === null ? null : new Date(row.succeededAt);
  return { status, trigger, attempts, failures, losses, isTest: row.isTest === 1, succeededAt };
}

/** A delivery as it stands in the table. */
function standingOf(row: Row<Delivery>): Settled {
  const date = (ms: number | null) => (ms === null ? null : new Date(ms));
  return { ...stateOf(row), dueAt: date(row.dueAt), finishedAt: date(row.finishedAt) };
}
