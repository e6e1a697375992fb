import type { Shown } from "../../domain/audit.ts";
import { cancel, redeliver, type Delivery } from "../../domain/delivery.ts";
import type { AttemptRecorded } from "../../domain/fact.ts";
import { Refusal, refusalOr } from "../../domain/refusal.ts";
import type { CancelledSome, Transition, Transitioned } from "../../domain/store.ts";
import type { Transaction } from "../transaction.ts";
import { logDelivery } from "./keep.ts";
import { recordLost } from "./record.ts";

/**
 * A transition that somebody asked for. What delivery.ts refuses is answered as a value: thrown, it would undo the
 * changes of everybody in the group.
 */
export async function transition(
  transaction: Transaction,
  { tenantId, deliveryId, verb, now, by }: Transition,
): Promise<Transitioned | Refusal> {
  const { sql, routes } = transaction;
  const found = await sql.delivery(tenantId, deliveryId);
  if (!found) return new Refusal("DELIVERY_NOT_FOUND", { path: ["deliveryId"] });
  const lost = await loseEnded(transaction, found);
  const delivery = lost.length > 0 ? (await sql.delivery(tenantId, deliveryId))! : found;
  const webhookGone = routes.find(tenantId, delivery.webhookId) === undefined;
  const inFlight = delivery.claimOwner !== null;
  const to = refusalOr(() =>
    verb === "cancel"
      ? cancel(deliveryId, delivery, now)
      : redeliver(delivery, { now, inFlight, webhookGone }),
  );
  if (to instanceof Refusal) return to;
  const change = {
    action: verb === "cancel" ? "delivery.cancelled" : "delivery.redelivered",
    subject: deliveryId,
    before: shownOf(delivery),
    after: shownOf(to),
  };
  await sql.transition(deliveryId, to);
  Object.assign(delivery, to);
  logDelivery(transaction, delivery, verb === "cancel" ? "CANCELLED" : "REQUEUED", now);
  if (verb === "redeliver") transaction.due.push(delivery);
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
export async function cancelWaiting(
  transaction: Transaction,
  { webhookId, before, most }: CancelWaiting,
): Promise<CancelledSome> {
  const { sql, tools } = transaction;
  const now = tools.clock.now();
  const waiting = await sql.waiting(webhookId, before, most);
  const lost: AttemptRecorded[] = [];
  for (const found of waiting) {
    const ended = await loseEnded(transaction, found);
    lost.push(...ended);
    const delivery = ended.length > 0 ? (await sql.delivery(found.tenantId, found.id))! : found;
    const to = cancel(delivery.id, delivery, now);
    await sql.transition(delivery.id, to);
    logDelivery(transaction, Object.assign(delivery, to), "CANCELLED", now);
  }
  return { count: waiting.length, lost };
}

/** A lease that ended by itself leaves an attempt whose end nobody saw: it is recorded before anything else happens. */
async function loseEnded(transaction: Transaction, delivery: Delivery): Promise<AttemptRecorded[]> {
  const { clock } = transaction.tools;
  if (delivery.claimOwner === null || (delivery.claimEndsAt ?? 0) > clock.leaseMs()) return [];
  return [await recordLost(transaction, delivery)];
}

/** What no lane claims, tests and cancelled deliveries, ends here when its lease has ended. */
export async function endLost(transaction: Transaction): Promise<AttemptRecorded[]> {
  const lost: AttemptRecorded[] = [];
  for (const delivery of await transaction.sql.leasedForNobody(transaction.tools.clock.leaseMs()))
    lost.push(await recordLost(transaction, delivery));
  return lost;
}

/** At the start of the only process no lease of an earlier run is alive. */
export async function endLeases(transaction: Transaction): Promise<AttemptRecorded[]> {
  await transaction.sql.endLeases();
  return endLost(transaction);
}
