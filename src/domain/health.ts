import { DAY } from "./duration.ts";
import type { LogEntry } from "./log-entry.ts";
import type { Webhook, WebhookHealthState } from "./webhook.ts";

export const HOUR_MS = 3_600_000;
/** A webhook is paused by the service when nothing succeeded for this long … */
const AUTO_PAUSE_AFTER_MS = 5 * DAY;
/** … and at least this many attempts failed. */
const AUTO_PAUSE_FAILURES = 20;
const FAILING_AFTER = 5;
const HEALTHY_RATE = 0.95;

/** Durations are counted in buckets that grow by a quarter, so that a percentile is right within 12 %. */
const GROWTH = Math.log(1.25);
const BUCKETS = 48;

/** The attempts of one webhook in one hour, tests left out. */
export class WebhookHour {
  webhookId!: string;
  /** Start of the hour, milliseconds. */
  hour!: number;
  succeeded!: number;
  failed!: number;
  /** Count of attempts by duration bucket. */
  durations!: number[];
}

export type Folded = Pick<
  Webhook,
  | "health"
  | "consecutiveFailures"
  | "failuresSinceSuccess"
  | "deliveryCount"
  | "lastSucceededAt"
  | "lastFailedAt"
> & { readonly isGone: boolean };

/** The counts after these changes of one webhook, and the hours they fall into. Tests count for nothing. */
export function fold(
  before: Omit<Folded, "isGone">,
  activeSince: Date,
  entries: readonly LogEntry[],
): { after: Folded; hours: Map<number, WebhookHour> } {
  const after = { ...before, isGone: false };
  const hours = new Map<number, WebhookHour>();
  for (const entry of entries) {
    if (entry.isTest) continue;
    if (entry.change === "CREATED" && entry.status !== "FILTERED") after.deliveryCount++;
    // INTERNAL is our fault and says nothing of the receiver.
    if (entry.change !== "ATTEMPTED" || entry.outcome === "INTERNAL") continue;
    const hour = hourOf(hours, entry);
    if (entry.outcome === "SUCCEEDED") {
      Object.assign(after, {
        consecutiveFailures: 0,
        failuresSinceSuccess: 0,
        lastSucceededAt: entry.at,
      });
      hour.succeeded++;
    } else {
      after.consecutiveFailures++;
      if (entry.at >= activeSince) after.failuresSinceSuccess++;
      after.lastFailedAt = entry.at;
      after.isGone ||= entry.responseStatus === 410 && entry.at >= activeSince;
      hour.failed++;
    }
    const bucket = bucketOf(entry.tookMs ?? 0);
    hour.durations[bucket] = (hour.durations[bucket] ?? 0) + 1;
  }
  return { after, hours };
}

/** From the hours of the last day. */
export function healthState(
  { consecutiveFailures }: Pick<Folded, "consecutiveFailures">,
  hours: readonly Pick<WebhookHour, "succeeded" | "failed">[],
): WebhookHealthState {
  const { succeeded, failed } = attemptsOf(hours);
  if (succeeded + failed === 0) return "UNKNOWN";
  if (consecutiveFailures >= FAILING_AFTER) return "FAILING";
  if (consecutiveFailures > 0 || succeeded / (succeeded + failed) < HEALTHY_RATE) return "DEGRADED";
  return "HEALTHY";
}

export function attemptsOf(hours: readonly Pick<WebhookHour, "succeeded" | "failed">[]) {
  return {
    succeeded: hours.reduce((sum, hour) => sum + hour.succeeded, 0),
    failed: hours.reduce((sum, hour) => sum + hour.failed, 0),
  };
}

/** When it will be paused if nothing succeeds; null while it isn't failing. */
export function autoPauseAt(
  webhook: Pick<Webhook, "state" | "consecutiveFailures" | "activeSince" | "lastSucceededAt">,
): Date | null {
  if (webhook.state !== "ACTIVE" || webhook.consecutiveFailures === 0) return null;
  const since = Math.max(webhook.activeSince.getTime(), webhook.lastSucceededAt?.getTime() ?? 0);
  return new Date(since + AUTO_PAUSE_AFTER_MS);
}

/** Why a webhook has to be paused now, or null. */
export function autoPauseReason(
  webhook: Pick<Webhook, "state" | "activeSince" | keyof Omit<Folded, "isGone">>,
  isGone: boolean,
  now: Date,
): string | null {
  if (webhook.state !== "ACTIVE") return null;
  if (isGone)
    return "The receiver answered 410 Gone: it wants no more. Check the URL, then resume.";
  const at = autoPauseAt(webhook);
  if (!at || at > now || webhook.failuresSinceSuccess < AUTO_PAUSE_FAILURES) return null;
  return `Nothing succeeded for 5 days, and ${webhook.failuresSinceSuccess} attempts failed. Mend the receiver, then resume.`;
}

/** The duration below which a share (0 to 1) of the attempts stayed, in milliseconds; null without attempts. */
export function percentile(
  hours: readonly Pick<WebhookHour, "durations">[],
  share: number,
): number | null {
  const counts = Array.from({ length: BUCKETS }, (_, i) =>
    hours.reduce((sum, hour) => sum + (hour.durations[i] ?? 0), 0),
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let seen = 0;
  const bucket = counts.findIndex((count) => (seen += count) >= total * share);
  return Math.round(Math.exp(GROWTH * (bucket + 0.5)) * 100) / 100;
}

function bucketOf(tookMs: number): number {
  return Math.min(BUCKETS - 1, Math.max(0, Math.floor(Math.log(Math.max(tookMs, 1)) / GROWTH)));
}

function hourOf(hours: Map<number, WebhookHour>, entry: LogEntry): WebhookHour {
  const hour = Math.floor(entry.at.getTime() / HOUR_MS) * HOUR_MS;
  const known = hours.get(hour);
  if (known) return known;
  const fresh = {
    webhookId: entry.webhookId!,
    hour,
    succeeded: 0,
    failed: 0,
    durations: Array(BUCKETS).fill(0),
  };
  hours.set(hour, fresh);
  return fresh;
}
