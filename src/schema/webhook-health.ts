import {
  attemptsOf,
  autoPauseAt,
  healthState,
  percentile,
  type WebhookHour,
} from "../domain/health.ts";
import { WEBHOOK_HEALTH_STATES, type Webhook } from "../domain/webhook.ts";
import type { Waiting } from "../persistence/read-webhooks.ts";
import { builder } from "./builder.ts";
import { CountType } from "./connection.ts";

export const WebhookHealthStateEnum = builder.enumType("WebhookHealthState", {
  description: "How a receiver does.",
  values: {
    HEALTHY: { description: "The last attempt succeeded, and nearly all of the last 24 hours." },
    DEGRADED: { description: "Some attempts fail." },
    FAILING: { description: "Five or more attempts in a row failed." },
    UNKNOWN: { description: "Nothing was sent in the last 24 hours." },
  } satisfies Record<(typeof WEBHOOK_HEALTH_STATES)[number], object>,
});

export const WaitingCounts = builder.objectRef<Waiting>("WaitingCounts").implement({
  description: "What waits for a webhook, tests left out.",
  fields: (t) => ({
    pending: t.expose("pending", { type: CountType, description: "Not tried yet." }),
    retrying: t.expose("retrying", {
      type: CountType,
      description: "Tried, and will be tried again.",
    }),
    failed24h: t.expose("failed24h", {
      type: CountType,
      description: "Given up in the last 24 hours.",
    }),
    nextAttemptAt: t.expose("nextAttemptAt", {
      type: "DateTime",
      nullable: true,
      description: "When the next one is due; in the past while it waits its turn or is held.",
    }),
  }),
});

interface Health {
  readonly webhook: Webhook;
  readonly hours: readonly WebhookHour[];
}

export const WebhookHealth = builder.objectRef<Health>("WebhookHealth").implement({
  description:
    "How a receiver does, folded from its attempts once a second. Tests count for nothing.",
  fields: (t) => ({
    state: t.field({
      type: WebhookHealthStateEnum,
      description: "In one word.",
      resolve: ({ webhook, hours }) => healthState(webhook, hours),
    }),
    consecutiveFailures: t.int({
      description: "Failed attempts since the last success.",
      resolve: ({ webhook }) => webhook.consecutiveFailures,
    }),
    successRate24h: t.float({
      nullable: true,
      description:
        "Share of the attempts of the last 24 hours that succeeded, 0 to 1; null without attempts.",
      resolve({ hours }) {
        const { succeeded, failed } = attemptsOf(hours);
        return succeeded + failed === 0 ? null : succeeded / (succeeded + failed);
      },
    }),
    p50Ms: t.float({
      nullable: true,
      description:
        "Half of the attempts of the last 24 hours took less, in milliseconds, within 12 %.",
      resolve: ({ hours }) => percentile(hours, 0.5),
    }),
    p95Ms: t.float({
      nullable: true,
      description:
        "95 % of the attempts of the last 24 hours took less, in milliseconds, within 12 %.",
      resolve: ({ hours }) => percentile(hours, 0.95),
    }),
    autoPauseAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it will be paused if nothing succeeds.",
      resolve: ({ webhook }) => autoPauseAt(webhook),
    }),
  }),
});
