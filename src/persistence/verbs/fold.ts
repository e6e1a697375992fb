import { DAY } from "../../domain/duration.ts";
import { autoPauseReason, fold, healthState } from "../../domain/health.ts";
import type { LogEntry } from "../../domain/log-entry.ts";
import type { Transaction } from "../transaction.ts";

/** Rows of the log in one transaction: a backlog is folded in steps, so that the line goes on beside it. */
const STEP = 500;

export interface Folding {
  /** More of the log waits to be folded. */
  readonly hasMore: boolean;
  readonly paused: readonly { readonly webhookId: string; readonly reason: string }[];
}

/**
 * Health and counts of a tenant's webhooks from the log, in one transaction with the position reached: each change
 * counts once, and the line itself never touches a webhook's row.
 */
export function foldLog(transaction: Transaction, { tenantId }: { tenantId: string }): Folding {
  const { sql } = transaction;
  const entries = sql.unfolded(tenantId, STEP);
  const last = entries.at(-1);
  if (!last) return { hasMore: false, paused: [] };
  const counted = entries.filter(({ change }) => change === "CREATED" || change === "ATTEMPTED");
  const paused = [...Map.groupBy(counted, (entry) => entry.webhookId!)].flatMap(
    ([webhookId, changes]) => foldWebhook(transaction, webhookId, changes),
  );
  sql.setFolded(tenantId, last.position);
  return { hasMore: entries.length === STEP, paused };
}

function foldWebhook(
  transaction: Transaction,
  webhookId: string,
  entries: readonly LogEntry[],
): Folding["paused"] {
  const { sql, tools } = transaction;
  const before = sql.foldedWebhook(webhookId);
  if (!before) return [];
  const now = tools.clock.now();
  const { after, hours } = fold(before, before.activeSince, entries);
  for (const hour of hours.values()) sql.addHour(webhookId, hour);
  const health = healthState(after, [sql.lastDay(webhookId, new Date(now.getTime() - DAY))]);
  const reason = autoPauseReason({ ...before, ...after }, after.isGone, now);
  sql.setFoldedWebhook(webhookId, { ...after, health });
  if (reason !== null) sql.autoPause(webhookId, reason, now);
  if (reason !== null) transaction.changeWebhooks(before.tenantId);
  if (reason !== null || health !== before.health)
    transaction.log({ tenantId: before.tenantId, at: now, change: "UPDATED", webhookId });
  return reason === null ? [] : [{ webhookId, reason }];
}
