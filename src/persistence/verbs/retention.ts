import type { Transaction } from "../transaction.ts";

/** Rows of each kind in one transaction, so that removal never stands in the way of deliveries. */
const STEP = 300;
/** A secret is kept for a while after its end: an inbox may still get what was signed before. */
const EXPIRED_SECRET_MS = 3_600_000;
const TWO_DAYS_MS = 2 * 86_400_000;

/** How far a removal has come: what lies before is still needed, and is not looked at again. */
export interface RemovalPlace {
  readonly deliveryId: string;
  readonly eventId: string;
}

export interface Removal {
  readonly before: Date;
  /** The same for who did what. */
  readonly auditBefore: Date;
  readonly now: Date;
  readonly tenantIds: readonly string[];
  /** Where the step before ended; absent for the first. */
  readonly place?: RemovalPlace;
}

export interface Removed {
  readonly deliveries: number;
  readonly events: number;
  readonly logEntries: number;
  readonly auditEntries: number;
  /** Where to go on; absent when all was looked at. */
  readonly place?: RemovalPlace;
}

/** Removes one step of what is finished and older than `before`, and what nothing refers to any more. */
export async function removeOld(
  { sql }: Transaction,
  { before, auditBefore, now, tenantIds, place = { deliveryId: "", eventId: "" } }: Removal,
): Promise<Removed> {
  const deliveries = await sql.removeDeliveries(place.deliveryId, before, STEP);
  const events = await sql.removeEvents(place.eventId, before, STEP);
  let logEntries = 0;
  for (const tenantId of tenantIds) logEntries += await sql.removeLog(tenantId, before, STEP);
  const auditEntries = await sql.removeAuditEntries(auditBefore, STEP);
  const hasMoreInboxes = await sql.removeInboxes(now);
  await sql.removeSecrets(new Date(now.getTime() - EXPIRED_SECRET_MS));
  await sql.removeHours(new Date(now.getTime() - TWO_DAYS_MS));
  await sql.removeWebhooks(before);
  const counts = { deliveries: deliveries.length, events: events.length, logEntries, auditEntries };
  const hasMore = hasMoreInboxes || Object.values(counts).some((count) => count >= STEP);
  const next = {
    deliveryId: deliveries.at(-1) ?? place.deliveryId,
    eventId: events.at(-1) ?? place.eventId,
  };
  return hasMore ? { ...counts, place: next } : counts;
}
