import type { Shown } from "../../domain/audit.ts";
import { cancel, Delivery, redeliver } from "../../domain/delivery.ts";
import type { AttemptRecorded } from "../../domain/fact.ts";
import { Refusal, refusalOr } from "../../domain/refusal.ts";
import type { CancelledSome, Transition, Transitioned } from "../../domain/store.ts";
import type { Row } from "../sql/sqlite.ts";
import type { Transaction } from "../transaction.ts";
import { logDelivery } from "./keep.ts";
import { recordLost, stateOf } from "./record.ts";

/**
 * A transition that somebody asked for. What delivery.ts refuses is answered as a value: thrown, it would undo the
 * changes of everybody in the group.
 */
export function transition(
  transaction: Transaction,
  { tenantId, deliveryId, verb, now, by }: Transition,
): Transitioned | Refusal {
  const { sql, routes } = transaction;
  const before = sql.delivery(tenantId, deliveryId);
  if (!before) return new Refusal("DELIVERY_NOT_FOUND", { path: ["deliveryId"] });
  const lost = loseEnded(transaction, before);
  const row = sql.delivery(tenantId, deliveryId)!;
  const webhookGone = routes.find(tenantId, row.webhookId) === undefined;
  const inFlight = row.claimOwner !== null;
  const to = refusalOr(() =>
    verb === "cancel"
      ? cancel(row.id, stateOf(row), now)
      : redeliver(stateOf(row), { now, inFlight, webhookGone }),
  );
  if (to instanceof Refusal) return to;
  const delivery = deliveryOf(row);
  const change = {
    action: verb === "cancel" ? "delivery.cancelled" : "delivery.redelivered",
    subject: deliveryId,
    before: shownOf(delivery),
    after: shownOf(to),
  };
  sql.transition(row.id, to);
  Object.assign(delivery, to);
  logDelivery(transaction, delivery, verb === "cancel" ? "CANCELLED" : "REQUEUED", now);
  transaction.audit(change, { tenantId, at: now, by });
  return { delivery, lost };
}

/** For the audit log: as it is stored, whatever its webhook makes of it. */
function shownOf({ status, dueAt }: Pick<Delivery, "status" | "dueAt">): Shown {
  return { status, dueAt };
}

export interface CancelWaiting {
  readonly webhookId: string;
  readonly before: Date;
  readonly most: number;
}

/** Cancels up to `most` of what waits for a webhook. */
export function cancelWaiting(
  transaction: Transaction,
  { webhookId, before, most }: CancelWaiting,
): CancelledSome {
  const now = transaction.tools.clock.now();
  const rows = transaction.sql.waiting(webhookId, before, most);
  const lost: AttemptRecorded[] = [];
  for (const row of rows) {
    lost.push(...loseEnded(transaction, row));
    const current = transaction.sql.delivery(row.tenantId, row.id)!;
    const to = cancel(row.id, stateOf(current), now);
    transaction.sql.transition(row.id, to);
    logDelivery(transaction, Object.assign(deliveryOf(current), to), "CANCELLED", now);
  }
  return { count: rows.length, lost };
}

/** A lease that ended by itself leaves an attempt whose end nobody saw: it is recorded before anything else happens. */
function loseEnded(transaction: Transaction, row: Row<Delivery>): AttemptRecorded[] {
  const { clock } = transaction.tools;
  if (row.claimOwner === null || (row.claimEndsAt ?? 0) > clock.leaseMs()) return [];
  return [recordLost(transaction, row)];
}

/** At the start no lease of an earlier run is alive. What no lane claims, tests and cancelled deliveries, ends here. */
export function endLeases(transaction: Transaction): AttemptRecorded[] {
  transaction.sql.endLeases();
  return transaction.sql.leasedForNobody().map((row) => recordLost(transaction, row));
}

function deliveryOf(row: Row<Delivery>): Delivery {
  const date = (ms: number | null) => (ms === null ? null : new Date(ms));
  return Object.assign(new Delivery(), row, {
    isTest: row.isTest === 1,
    createdAt: new Date(row.createdAt),
    dueAt: date(row.dueAt),
    succeededAt: date(row.succeededAt),
    finishedAt: date(row.finishedAt),
  });
}
