import { pino, type Logger } from "pino";
import type { Fact } from "./domain/fact.ts";

export type { Logger };

/** One JSON object a line, on standard output; times in UTC. */
export function createLog(level: string): Logger {
  return pino({
    level,
    base: undefined,
    messageKey: "message",
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}

/** A line is a view of a fact: its type is the message, its fields in snake_case, times and durations with their unit. */
export function logLine(fact: Fact): Record<string, unknown> {
  switch (fact.type) {
    case "attempt.recorded": {
      const { tenantId, deliveryId, webhookId, eventId, eventType, attemptId, number, trigger } =
        fact;
      return {
        tenant_id: tenantId,
        delivery_id: deliveryId,
        webhook_id: webhookId,
        event_id: eventId,
        ...{
          event_type: eventType,
          attempt_id: attemptId,
          attempt: number,
          trigger,
          outcome: fact.outcome,
        },
        ...{
          response_status: fact.responseStatus,
          took_ms: fact.tookMs,
          state: fact.status,
          due_at: fact.dueAt,
        },
      };
    }
    case "event.published": {
      const { tenantId, eventId, eventType, isTest, deliveries } = fact;
      return {
        tenant_id: tenantId,
        event_id: eventId,
        event_type: eventType,
        is_test: isTest,
        deliveries,
      };
    }
    case "delivery.requeued":
    case "delivery.cancelled": {
      const { tenantId, deliveryId, webhookId, eventId, eventType } = fact;
      return {
        tenant_id: tenantId,
        delivery_id: deliveryId,
        webhook_id: webhookId,
        ...{
          event_id: eventId,
          event_type: eventType,
        },
      };
    }
    case "webhook.created":
    case "webhook.updated":
    case "webhook.deleted":
    case "webhook.paused":
    case "webhook.resumed":
    case "webhook.disabled":
    case "webhook.autoPaused": {
      const { tenantId, webhookId, reason } = fact;
      return { tenant_id: tenantId, webhook_id: webhookId, reason };
    }
    case "inbox.created":
    case "inbox.updated":
    case "inbox.deleted":
    case "inbox.received":
      return { tenant_id: fact.tenantId, inbox_id: fact.inboxId };
    case "retention.removed":
      return { deliveries: fact.deliveries, events: fact.events, log_entries: fact.logEntries };
  }
}
