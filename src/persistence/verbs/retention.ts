import type { Transaction } from "../transaction.ts";

/** Rows of each kind in one transaction, so that removal never stands in the way of deliveries. */
const STEP = 300;
const TWO_DAYS_MS = 2 * 86_400_000;

export interface Removal {
  readonly before: Date;
  readonly now: Date;
  readonly tenantIds: readonly string[];
}

export interface Removed {
  readonly deliveries: number;
  readonly events: number;
  readonly logEntries: number;
  /** A full step was removed: there may be more. */
  readonly hasMore: boolean;
}

/** Removes one step of what is finished and older than `before`, and what nothing refers to any more. */
export function removeOld({ sql }: Transaction, { before, now, tenantIds }: Removal): Removed {
  const deliveries = sql.removeDeliveries(before, STEP);
  const events = sql.removeEvents(before, STEP);
  const logEntries = tenantIds.reduce(
    (sum, tenantId) => sum + sql.removeLog(tenantId, before, STEP),
    0,
  );
  sql.removeInboxes(now);
  sql.removeHours(new Date(now.getTime() - TWO_DAYS_MS));
  sql.removeWebhooks(before);
  return {
    deliveries,
    events,
    logEntries,
    hasMore: [deliveries, events, logEntries].some((count) => count >= STEP),
  };
}
