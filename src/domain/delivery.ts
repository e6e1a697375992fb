/**
 * One event on its way to one webhook. All changes of its state are the functions of this file.
 *
 *                 ┌────────── settle: failed, tries left ─────────┐   redeliver: from any state, none in flight
 *                 ▼                                               │   cancel: from PENDING and RETRYING
 *   create ──► PENDING ──► (attempt) ──► settle ──► RETRYING ──► (attempt)
 *                 ▲                        │  │
 *                 │                        │  └─► FAILED     (schedule used up, or a test that failed)
 *                 └──── redeliver ─────────┴────► SUCCEEDED  (2xx; also after a cancel that came too late)
 *                                                 CANCELLED  (cancel; an attempt in flight is still recorded)
 *
 * HELD is not stored: it is how PENDING and RETRYING read while the webhook is not ACTIVE. A claim is a lease on a
 * waiting delivery and changes no status; `lose` records the attempt of a lease that ended by itself.
 */
import type { PayloadFormat } from "./event.ts";
import type { Outcome, OutcomeKind } from "./outcome.ts";
import { Refusal } from "./refusal.ts";
import { nextTry } from "./retry.ts";
import type { WebhookState } from "./webhook.ts";

export const STORED_STATUSES = [
  "PENDING",
  "RETRYING",
  "SUCCEEDED",
  "FAILED",
  "CANCELLED",
  "FILTERED",
] as const;
export type StoredStatus = (typeof STORED_STATUSES)[number];
export const DELIVERY_STATUSES = [...STORED_STATUSES, "HELD"] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

export const ATTEMPT_TRIGGERS = ["AUTOMATIC", "MANUAL", "TEST"] as const;
export type AttemptTrigger = (typeof ATTEMPT_TRIGGERS)[number];

export class Delivery {
  id!: string;
  tenantId!: string;
  eventId!: string;
  eventType!: string;
  webhookId!: string;
  webhookName!: string;
  /** Shape of the body, fixed when the event was published. */
  format!: PayloadFormat;
  isTest!: boolean;
  status!: StoredStatus;
  /** Why the next attempt will be made. */
  trigger!: AttemptTrigger;
  /** Attempts so far, lost ones included: numbers go on over redeliveries. */
  attempts!: number;
  /** Failed attempts that count against the schedule. */
  failures!: number;
  /** Attempts in a row whose end nobody saw. */
  losses!: number;
  createdAt!: Date;
  /** When the next attempt is due; null once finished. */
  dueAt!: Date | null;
  /** First success; never goes back. */
  succeededAt!: Date | null;
  finishedAt!: Date | null;
  lastOutcome!: OutcomeKind | null;
  lastAttemptId!: string | null;
  /** The process that holds the lease, null when nobody does. */
  claimOwner!: string | null;
  /** Grows with each claim, so that a late holder changes nothing. */
  claimNumber!: number;
  /** Lease clock, milliseconds. */
  claimEndsAt!: number | null;
  /** The selection that its payload is shaped by, fixed when the event was published; null: sent whole. */
  shape!: string | null;
}

/** One HTTP request. */
export class DeliveryAttempt {
  id!: string;
  tenantId!: string;
  deliveryId!: string;
  number!: number;
  trigger!: AttemptTrigger;
  outcome!: OutcomeKind;
  message!: string;
  startedAt!: Date;
  durationMs!: number;
  timings!: Outcome["timings"];
  url!: string;
  remoteAddress!: string | null;
  requestHeaders!: Outcome["requestHeaders"];
  responseStatus!: number | null;
  responseHeaders!: Outcome["requestHeaders"];
  responseBody!: Uint8Array | null;
  responseTruncated!: boolean;
}

/** The part of a delivery that its transitions read. */
export type DeliveryState = Pick<
  Delivery,
  "status" | "trigger" | "attempts" | "failures" | "losses" | "isTest" | "succeededAt"
>;

/** What a transition leaves behind: the columns that it writes. */
export type Settled = Pick<
  Delivery,
  "status" | "trigger" | "attempts" | "failures" | "losses" | "dueAt" | "succeededAt" | "finishedAt"
>;

/** A lease on a delivery, and all that its attempt needs of the table. Plain data. */
export interface Claim {
  readonly tenantId: string;
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly state: DeliveryState;
  readonly body: string;
  readonly owner: string;
  readonly number: number;
  /** Lease clock, milliseconds. */
  readonly endsAt: number;
}

/** A lease lasts for the webhook's timeout and this margin, and is never renewed. */
export const LEASE_MARGIN_MS = 30_000;
/** An attempt begins only while its claim is younger than this. */
export const CLAIM_FRESH_MS = 20_000;
/** Lost attempts in a row before a delivery waits on its schedule: a poisonous one must not stop the service for ever. */
const LOSSES_AT_ONCE = 3;
/** The brake of a webhook without a schedule. */
const LOSS_WAIT_MS = 60_000;

export interface Settling {
  readonly delaysMs: readonly number[];
  readonly now: Date;
  /** 0 to 1, chance. */
  readonly spread: number;
}

/** After an attempt whose end was seen. */
export function settle(
  state: DeliveryState,
  outcome: Pick<Outcome, "kind" | "retryAfterMs">,
  { delaysMs, now, spread }: Settling,
): Settled {
  // Our fault, not the receiver's.
  if (outcome.kind === "INTERNAL") return lose(state, { delaysMs, now });
  const attempts = state.attempts + 1;
  const base = {
    attempts,
    trigger: "AUTOMATIC",
    losses: 0,
    succeededAt: state.succeededAt,
  } as const;
  if (outcome.kind === "SUCCEEDED")
    return {
      ...base,
      status: "SUCCEEDED",
      failures: state.failures,
      dueAt: null,
      succeededAt: state.succeededAt ?? now,
      finishedAt: now,
    };
  if (state.status === "CANCELLED")
    return { ...base, status: "CANCELLED", failures: state.failures, dueAt: null, finishedAt: now };
  const failures = state.failures + 1;
  const retry = { delaysMs, failures, retryAfterMs: outcome.retryAfterMs, now, spread };
  const dueAt = state.isTest ? null : nextTry(retry);
  return dueAt
    ? { ...base, status: "RETRYING", failures, dueAt, finishedAt: null }
    : { ...base, status: "FAILED", failures, dueAt: null, finishedAt: now };
}

/**
 * After a lease that ended by itself: the attempt may have arrived, so it is recorded and made again at once, without
 * counting. From the third in a row on the schedule's delays are kept, but nothing is ever given up for it.
 */
export function lose(state: DeliveryState, { delaysMs, now }: Omit<Settling, "spread">): Settled {
  const losses = state.losses + 1;
  const wait =
    losses < LOSSES_AT_ONCE
      ? 0
      : (delaysMs[losses - LOSSES_AT_ONCE] ?? delaysMs.at(-1) ?? LOSS_WAIT_MS);
  const settled = { ...state, attempts: state.attempts + 1, losses };
  if (state.isTest || state.status === "CANCELLED")
    return {
      ...settled,
      status: state.isTest ? "FAILED" : "CANCELLED",
      dueAt: null,
      finishedAt: now,
    };
  return {
    ...settled,
    status: "RETRYING",
    dueAt: new Date(now.getTime() + wait),
    finishedAt: null,
  };
}

/** The record of an attempt whose end nobody saw, as far as it is known. */
export function lostAttempt(
  about: Pick<DeliveryAttempt, "id" | "tenantId" | "deliveryId" | "trigger" | "url">,
  number: number,
  now: Date,
): DeliveryAttempt {
  return {
    ...about,
    number,
    outcome: "INTERNAL",
    message:
      "The service stopped before the answer; the request may have arrived. It does not count against the receiver.",
    startedAt: now,
    durationMs: 0,
    timings: {},
    remoteAddress: null,
    requestHeaders: [],
    responseStatus: null,
    responseHeaders: [],
    responseBody: null,
    responseTruncated: false,
  };
}

/**
 * After an attempt whose delivery changed meanwhile. Under a claim that is still current it was cancelled, and only a
 * success counts; under one that was lost the attempt is counted and changes nothing else.
 */
export function settleLate(
  standing: Settled,
  settled: Settled,
  { isCurrent, now }: { isCurrent: boolean; now: Date },
): Settled {
  const attempts = standing.attempts + 1;
  if (!isCurrent) return { ...standing, attempts };
  if (standing.status !== "CANCELLED" || settled.status === "SUCCEEDED")
    return { ...settled, attempts };
  return { ...standing, attempts, losses: 0, finishedAt: now };
}

/** Due now, and the schedule starts anew. Refused for tests, while an attempt is in flight, and without a webhook. */
export function redeliver(
  delivery: DeliveryState,
  { now, inFlight, webhookGone }: { now: Date; inFlight: boolean; webhookGone: boolean },
): Settled {
  if (delivery.isTest) throw new Refusal("DELIVERY_IS_TEST", { path: ["deliveryId"] });
  if (webhookGone) throw new Refusal("DELIVERY_ORPHANED", { path: ["deliveryId"] });
  if (inFlight) throw new Refusal("DELIVERY_IN_FLIGHT", { path: ["deliveryId"] });
  return {
    status: "PENDING",
    trigger: "MANUAL",
    attempts: delivery.attempts,
    failures: 0,
    losses: 0,
    dueAt: now,
    succeededAt: delivery.succeededAt,
    finishedAt: null,
  };
}

/** How a delivery reads: what waits for a webhook that is not active is HELD, what waits for a deleted one CANCELLED. */
export function readStatus(
  { status, isTest }: Pick<Delivery, "status" | "isTest">,
  webhook: { readonly state: WebhookState; readonly deletedAt: Date | null } | null,
): DeliveryStatus {
  if (!isWaiting(status) || isTest) return status;
  if (!webhook || webhook.deletedAt) return "CANCELLED";
  return webhook.state === "ACTIVE" ? status : "HELD";
}

export function isWaiting(status: DeliveryStatus): boolean {
  return status === "PENDING" || status === "RETRYING";
}

/** Ends a delivery that is not finished. An attempt in flight is still recorded, and its success wins. */
export function cancel(id: string, delivery: DeliveryState, now: Date): Settled {
  if (!isWaiting(delivery.status))
    throw new Refusal("DELIVERY_FINISHED", { path: ["deliveryId"], existingId: id });
  return {
    status: "CANCELLED",
    trigger: delivery.trigger,
    attempts: delivery.attempts,
    failures: delivery.failures,
    losses: delivery.losses,
    dueAt: null,
    succeededAt: delivery.succeededAt,
    finishedAt: now,
  };
}
