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
export async function foldLog(transaction: Transaction, tenantId: string): Promise<Folding> {
  const { sql } = transaction;
  // Of several processes one folds at a time.
  await sql.lockTenant(tenantId);
  const entries = await sql.unfolded(tenantId, STEP);
  const last = entries.at(-1);
  if (!last) return { hasMore: false, paused: [] };
  const counted = entries.filter(({ change }) => change === "CREATED" || change === "ATTEMPTED");
  const byWebhook = Map.groupBy(counted, (entry) => entry.webhookId!);
  const paused: Folding["paused"][number][] = [];
  for (const webhookId of [...byWebhook.keys()].toSorted())
    paused.push(...(await foldWebhook(transaction, webhookId, byWebhook.get(webhookId)!)));
  await sql.setFolded(tenantId, last.position);
  return { hasMore: entries.length === STEP, paused };
}

async function foldWebhook(
  transaction: Transaction,
  webhookId: string,
  entries: readonly LogEntry[],
): Promise<Folding["paused"]> {
  const { sql, tools } = transaction;
  const before = await sql.foldedWebhook(webhookId);
  if (!before) return [];
  const now = tools.clock.now();
  const { after, hours } = fold(before, before.activeSince, entries);
  for (const hour of hours.values()) await sql.addHour(webhookId, hour);
  const lastDay = await sql.lastDay(webhookId, new Date(now.getTime() - DAY));
  const health = healthState(after, [lastDay]);
  const reason = autoPauseReason({ ...before, ...after }, after.isGone, now);
  await sql.setFoldedWebhook(webhookId, { ...after, health });
  if (reason !== null) await sql.autoPause(webhookId, reason, now);
  if (reason !== null) transaction.changedTenants.add(before.tenantId);
  if (reason !== null || health !== before.health)
    transaction.log({ tenantId: before.tenantId, at: now, change: "UPDATED", webhookId });
  return reason === null ? [] : [{ webhookId, reason }];
}
