import { cancel, Delivery, redeliver } from "../../domain/delivery.ts";
import type { AttemptRecorded } from "../../domain/fact.ts";
import { Refusal } from "../../domain/refusal.ts";
import type { Row } from "../sql/sqlite.ts";
import type { Transaction } from "../transaction.ts";
import { logDelivery } from "./keep.ts";
import { recordLost, stateOf } from "./record.ts";

export interface Transition {
  readonly tenantId: string;
  readonly deliveryId: string;
  readonly verb: "redeliver" | "cancel";
  readonly now: Date;
}

/** A transition that somebody asked for; refuses as the functions of delivery.ts do. */
export function transition(
  transaction: Transaction,
  { tenantId, deliveryId, verb, now }: Transition,
): Delivery {
  const { sql, tools, routes } = transaction;
  const row = sql.delivery(tenantId, deliveryId);
  if (!row) throw new Refusal("DELIVERY_NOT_FOUND", { path: ["deliveryId"] });
  const isLeased = row.claimOwner !== null && (row.claimEndsAt ?? 0) > tools.clock.leaseMs();
  const isGone = routes.find(tenantId, row.webhookId) === undefined;
  const to =
    verb === "cancel"
      ? cancel(stateOf(row), now)
      : redeliver(stateOf(row), { now, inFlight: isLeased, webhookGone: isGone });
  sql.transition(row.id, to);
  if (verb === "redeliver") sql.dropClaim(row.id);
  const delivery = Object.assign(deliveryOf(row), to);
  logDelivery(transaction, delivery, verb === "cancel" ? "CANCELLED" : "REQUEUED", now);
  return delivery;
}

export interface CancelWaiting {
  readonly webhookId: string;
  readonly before: Date;
  readonly most: number;
}

/** Cancels up to `most` of what waits for a webhook; returns how many there were. */
export function cancelWaiting(
  transaction: Transaction,
  { webhookId, before, most }: CancelWaiting,
): number {
  const now = transaction.tools.clock.now();
  const rows = transaction.sql.waiting(webhookId, before, most);
  for (const row of rows) {
    const to = cancel(stateOf(row), now);
    transaction.sql.transition(row.id, to);
    logDelivery(transaction, Object.assign(deliveryOf(row), to), "CANCELLED", now);
  }
  return rows.length;
}

/** At the start no lease of an earlier run is alive. Tests of that time end here, since no lane claims a test. */
export function endLeases(transaction: Transaction): AttemptRecorded[] {
  transaction.sql.endLeases();
  return transaction.sql
    .leasedTests()
    .map((row) =>
      recordLost(
        transaction,
        row,
        [],
        transaction.routes.find(row.tenantId, row.webhookId)?.url ?? "",
      ),
    );
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
