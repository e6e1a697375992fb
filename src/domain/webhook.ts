import type { PayloadFormat } from "./event.ts";
import type { Predicate } from "./filter.ts";
import type { SignatureScheme } from "./secret.ts";

/**
 * PAUSED: deliveries are held. DISABLED: off, events are not kept for it. AUTO_PAUSED: paused by the service after
 * lasting failure or HTTP 410. None of them ever deletes it; resume makes it ACTIVE from whatever state.
 */
export const WEBHOOK_STATES = ["ACTIVE", "PAUSED", "DISABLED", "AUTO_PAUSED"] as const;
export type WebhookState = (typeof WEBHOOK_STATES)[number];

export const WEBHOOK_HEALTH_STATES = ["HEALTHY", "DEGRADED", "FAILING", "UNKNOWN"] as const;
export type WebhookHealthState = (typeof WEBHOOK_HEALTH_STATES)[number];

/** What happens to deliveries that waited for a resume. */
export const HELD_DELIVERIES = ["SEND", "CANCEL"] as const;
export type HeldDeliveries = (typeof HELD_DELIVERIES)[number];

/** A custom header as stored: the value of a secret one is sealed. */
export interface StoredHeader {
  readonly name: string;
  readonly value: string;
  readonly isSecret: boolean;
}

/** Which fields of one event type a webhook gets. */
export interface EventSelection {
  /** Its canonical name. */
  readonly eventType: string;
  /** A GraphQL selection on its payload, in normal form. */
  readonly fields: string;
}

export class Webhook {
  id!: string;
  tenantId!: string;
  key!: string | null;
  name!: string;
  url!: string;
  eventTypes!: string[];
  description!: string | null;
  integration!: string;
  format!: PayloadFormat;
  headers!: StoredHeader[];
  signature!: SignatureScheme;
  /** Null: the service's setting, as it is at the moment. The same holds for the next two. */
  retryDelaysMs!: number[] | null;
  timeoutMs!: number | null;
  maxInFlight!: number | null;
  /** Attempts that may begin in a second; null: as many as there are. */
  rateLimitPerSecond!: number | null;
  /** Conditions on the payload; null lets everything through. */
  filter!: Predicate | null;
  /** Keeps a FILTERED delivery for each event that the filter turned away. */
  keepFiltered!: boolean;
  /** Types that are not here are sent whole. */
  select!: EventSelection[];
  state!: WebhookState;
  stateReason!: string | null;
  /** The latest of creation and resume: from here the days without a success are counted. */
  activeSince!: Date;
  createdAt!: Date;
  updatedAt!: Date;
  deletedAt!: Date | null;
  version!: number;

  // Folded from the log once a second, never by the line itself.
  health!: WebhookHealthState;
  consecutiveFailures!: number;
  /** Failed attempts since the last success or resume. */
  failuresSinceSuccess!: number;
  deliveryCount!: number;
  /** Events that the filter turned away. */
  filteredCount!: number;
  lastSucceededAt!: Date | null;
  lastFailedAt!: Date | null;
}

/** A signing secret; the text itself is kept sealed and shown once, by the command that made it, or never (ed25519). */
export class SigningSecret {
  id!: string;
  tenantId!: string;
  webhookId!: string;
  scheme!: SignatureScheme;
  sealed!: string;
  /** Its last four characters, or those of its public key. */
  hint!: string;
  /** `whpk_…` of an ed25519 key. */
  publicKey!: string | null;
  createdAt!: Date;
  /** From here on it signs nothing. Null for the one that a webhook goes on with: each has exactly one of these. */
  expiresAt!: Date | null;
}

/** A webhook is named by its id or by its owner's own key. */
export type WebhookRef = { readonly id: string } | { readonly key: string };

/** What the settings say where a webhook says nothing. */
export interface WebhookDefaults {
  readonly retryDelaysMs: readonly number[];
  readonly timeoutMs: number;
  readonly maxInFlight: number;
}

export const NO_HISTORY = {
  health: "UNKNOWN",
  consecutiveFailures: 0,
  failuresSinceSuccess: 0,
  deliveryCount: 0,
  filteredCount: 0,
  lastSucceededAt: null,
  lastFailedAt: null,
} as const satisfies Partial<Webhook>;

/** What is kept of a reason that somebody gives. */
const REASON_MAX = 500;

/** Later than before in any case: by the time of its change everybody sees that there was one. */
export function touch(webhook: Webhook, at: Date): void {
  webhook.updatedAt = new Date(Math.max(at.getTime(), webhook.updatedAt.getTime() + 1));
}

export function pause(webhook: Webhook, reason: string | null, at: Date): void {
  stop(webhook, "PAUSED", reason, at);
}

export function disable(webhook: Webhook, reason: string | null, at: Date): void {
  stop(webhook, "DISABLED", reason, at);
}

/** By the service itself. */
export function autoPause(webhook: Webhook, reason: string, at: Date): void {
  stop(webhook, "AUTO_PAUSED", reason, at);
}

function stop(webhook: Webhook, state: WebhookState, reason: string | null, at: Date): void {
  // The last character may have been cut in half.
  const stateReason = reason && reason.slice(0, REASON_MAX).replace(/\p{Cs}$/u, "");
  Object.assign(webhook, { state, stateReason, updatedAt: at });
}

export function resume(webhook: Webhook, at: Date): void {
  Object.assign(webhook, {
    state: "ACTIVE",
    stateReason: null,
    activeSince: at,
    updatedAt: at,
    failuresSinceSuccess: 0,
  });
}
