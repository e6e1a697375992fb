import type { AttemptTrigger, StoredStatus } from "./delivery.ts";
import type { OutcomeKind } from "./outcome.ts";

interface AboutDelivery {
  readonly tenantId: string;
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly eventType: string;
}

export interface AttemptRecorded extends AboutDelivery {
  readonly type: "attempt.recorded";
  readonly attemptId: string;
  readonly number: number;
  readonly trigger: AttemptTrigger;
  readonly isTest: boolean;
  readonly outcome: OutcomeKind;
  readonly responseStatus: number | null;
  readonly tookMs: number;
  readonly status: StoredStatus;
  readonly dueAt: Date | null;
}

export interface WebhookFact {
  readonly type:
    | "webhook.created"
    | "webhook.updated"
    | "webhook.deleted"
    | "webhook.paused"
    | "webhook.resumed"
    | "webhook.disabled"
    | "webhook.autoPaused"
    | "secret.rotated"
    | "secret.revoked";
  readonly tenantId: string;
  readonly webhookId: string;
  readonly reason?: string;
}

/** Something that happened and is committed. There is no place in it for a body or a secret. */
export type Fact =
  | AttemptRecorded
  | ({ readonly type: "delivery.requeued" | "delivery.cancelled" } & AboutDelivery)
  | {
      readonly type: "event.published";
      readonly tenantId: string;
      readonly eventId: string;
      readonly eventType: string;
      readonly isTest: boolean;
      readonly deliveries: number;
    }
  | WebhookFact
  | {
      readonly type: "inbox.created" | "inbox.updated" | "inbox.deleted" | "inbox.received";
      readonly tenantId: string;
      readonly inboxId: string;
    }
  | {
      readonly type: "catalog.changed";
      readonly tenantId: string;
      /** Event types that were added, changed or retired. */
      readonly eventTypes: number;
    }
  | { readonly type: "tenant.created"; readonly tenantId: string }
  | {
      readonly type: "key.created" | "key.revoked";
      readonly tenantId: string;
      readonly keyId: string;
    }
  | {
      readonly type: "retention.removed";
      readonly deliveries: number;
      readonly events: number;
      readonly logEntries: number;
      readonly auditEntries: number;
    };
export type Announce = (fact: Fact) => void;
