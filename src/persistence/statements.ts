import type { EntityManager } from "@mikro-orm/core";
import type { AuditEntry } from "../domain/audit.ts";
import type { OwnEventType } from "../domain/catalog/own.ts";
import type { Claim, Delivery, DeliveryAttempt, Settled } from "../domain/delivery.ts";
import type { Event } from "../domain/event.ts";
import type { Folded, WebhookHour } from "../domain/health.ts";
import type { Inbox, InboxRequest } from "../domain/inbox.ts";
import type { LogEntry } from "../domain/log-entry.ts";
import type { KeyHolder, Recording } from "../domain/store.ts";
import type { SigningSecret, Webhook } from "../domain/webhook.ts";
import type { Body } from "./mapping-catalog.ts";

/** SQLite answers at once, PostgreSQL later. */
export type Awaitable<T> = T | PromiseLike<T>;

/** An event with an idempotency key; `hash` identifies its content. */
export interface KeyUse {
  readonly event: Event;
  readonly hash: string;
}

/** What is asked of the table for one lane. */
export interface DueRequest {
  readonly webhookId: string;
  readonly most: number;
  readonly maxInFlight: number;
  readonly rateLimitPerSecond: number | null;
}

/** A delivery with what its body is made from. */
export type DueDelivery = Delivery & Pick<Event, "typeName" | "payload" | "occurredAt">;

/** Now, by the wall clock and by the lease clock. */
export interface Instants {
  readonly now: Date;
  readonly leaseMs: number;
}

export interface Lease {
  readonly deliveryId: string;
  readonly owner: string;
  readonly number: number;
  readonly endsAt: number;
}

export type FoldedWebhook = Omit<Folded, "isGone"> &
  Pick<Webhook, "tenantId" | "state" | "activeSince">;

/** How often a tenant's webhooks and event types have changed. */
export interface Versions {
  readonly webhooks: number;
  readonly catalog: number;
}

/** A row of the log before it has its place. */
export type Unplaced = Omit<LogEntry, "position">;

/**
 * What verbs can do inside a transaction. Many rows at once, wherever the line needs it. On PostgreSQL rows are touched
 * in this order, and each kind in the order of its ids, so that no two transactions wait for each other: tenant, keys,
 * deliveries, lanes, webhooks, log.
 */
export interface Statements {
  /** The versions of the tenant; nobody else changes what it owns until the commit. */
  lockTenant(tenantId: string): Awaitable<Versions | undefined>;
  raiseVersions(tenantId: string, by: Versions): Awaitable<void>;
  /** API keys were made or revoked: other processes look at theirs anew. */
  raiseKeysVersion(): Awaitable<void>;

  /** The ids of those events whose key had not been used. */
  useKeys(uses: readonly KeyUse[]): Awaitable<ReadonlySet<string>>;
  /** By id of the event that came too late. */
  keyHolders(late: readonly KeyUse[]): Awaitable<ReadonlyMap<string, KeyHolder>>;
  addEvents(events: readonly Event[]): Awaitable<void>;
  /** What selections left of payloads. */
  addBodies(bodies: readonly Body[]): Awaitable<void>;
  addDeliveries(deliveries: readonly Delivery[]): Awaitable<void>;
  addAttempts(attempts: readonly DeliveryAttempt[]): Awaitable<void>;
  hasAttempt(id: string): Awaitable<boolean>;

  /** Locked until the commit. */
  delivery(tenantId: string, id: string): Awaitable<Delivery | undefined>;
  transition(id: string, to: Settled): Awaitable<void>;
  /**
   * The ids of those attempts whose claim was the current one. Of the others the claim was lost, the delivery cancelled
   * or removed: nothing changed.
   */
  settle(recordings: readonly Recording[]): Awaitable<ReadonlySet<string>>;
  settleAny(id: string, to: Settled, attempt: DeliveryAttempt): Awaitable<void>;
  countLateAttempt(id: string): Awaitable<void>;
  setShape(id: string, shape: string | null): Awaitable<void>;

  /** The oldest first; those of a lease that ended by itself too. */
  due(requests: readonly DueRequest[], instants: Instants): Awaitable<readonly DueDelivery[]>;
  /** When each has something due next, null when nothing waits. */
  nextDueAt(
    webhookIds: readonly string[],
    instants: Instants,
  ): Awaitable<ReadonlyMap<string, Date | null>>;
  lease(leases: readonly Lease[]): Awaitable<void>;
  release(claims: readonly Claim[]): Awaitable<void>;
  /** What waits for a webhook and was created up to `before`; a test that is in flight waits for nobody. */
  waiting(webhookId: string, before: Date, most: number): Awaitable<readonly Delivery[]>;
  /** Leased, and claimed by no lane when the lease has ended: tests, and what was cancelled meanwhile. */
  leasedForNobody(leaseMs: number): Awaitable<readonly Delivery[]>;
  endLeases(): Awaitable<void>;
  /** Of a deleted webhook too, while its deliveries are kept. */
  webhookUrl(id: string): Awaitable<string>;

  unfolded(tenantId: string, most: number): Awaitable<readonly LogEntry[]>;
  setFolded(tenantId: string, position: number): Awaitable<void>;
  foldedWebhook(id: string): Awaitable<FoldedWebhook | undefined>;
  setFoldedWebhook(id: string, folded: Omit<Folded, "isGone">): Awaitable<void>;
  autoPause(id: string, reason: string, at: Date): Awaitable<void>;
  addHour(webhookId: string, hour: WebhookHour): Awaitable<void>;
  lastDay(webhookId: string, since: Date): Awaitable<Pick<WebhookHour, "succeeded" | "failed">>;
  /** Events that filters turned away, by webhook. */
  addFiltered(counts: ReadonlyMap<string, number>): Awaitable<void>;

  /** Locked until the commit. */
  inbox(id: string): Awaitable<Inbox | undefined>;
  setFailNext(inbox: Inbox): Awaitable<void>;
  addInboxRequest(request: InboxRequest): Awaitable<void>;
  trimInbox(id: string, most: number): Awaitable<void>;
  emptyInbox(id: string): Awaitable<void>;

  usedKeys(uses: ReadonlyMap<string, Date>): Awaitable<void>;
  addAuditEntries(entries: readonly AuditEntry[]): Awaitable<void>;

  /** Finished deliveries behind `after`, oldest first; returns their ids. */
  removeDeliveries(after: string, before: Date, most: number): Awaitable<readonly string[]>;
  removeEvents(after: string, before: Date, most: number): Awaitable<readonly string[]>;
  /** The log is cut from its start only, so that its positions stay without gaps; returns how many rows. */
  removeLog(tenantId: string, before: Date, most: number): Awaitable<number>;
  removeAuditEntries(before: Date, most: number): Awaitable<number>;
  /** Whether a full step was removed. */
  removeInboxes(now: Date): Awaitable<boolean>;
  removeSecrets(before: Date): Awaitable<void>;
  removeHours(before: Date): Awaitable<void>;
  removeWebhooks(before: Date): Awaitable<void>;

  /** Gives each row the next position of its tenant's log: the last step before the commit. */
  appendLog(rows: readonly Unplaced[]): Awaitable<readonly LogEntry[]>;
}

export type StoredWebhook = Pick<
  Webhook,
  | "id"
  | "name"
  | "state"
  | "activeSince"
  | "url"
  | "format"
  | "timeoutMs"
  | "maxInFlight"
  | "rateLimitPerSecond"
  | "consecutiveFailures"
  | "eventTypes"
  | "headers"
  | "retryDelaysMs"
  | "filter"
  | "keepFiltered"
  | "select"
>;
export type StoredSecret = Pick<SigningSecret, "id" | "webhookId" | "sealed" | "expiresAt">;
export type StoredEventType = Omit<OwnEventType, "tenantId" | "createdAt" | "updatedAt"> & {
  /** Characters of its schema and its sample. */
  readonly size: number;
};

/** Reads outside of transactions, for what each process keeps in memory. */
export interface Lookups {
  /** Where each tenant's log ends. */
  positions(): Awaitable<ReadonlyMap<string, number>>;
  versions(tenantId: string): Awaitable<Versions | undefined>;
  /** Those that are not deleted. */
  webhooks(tenantId: string): Awaitable<readonly StoredWebhook[]>;
  /** Newest first. */
  secrets(tenantId: string): Awaitable<readonly StoredSecret[]>;
  /** By name, retired ones too. */
  eventTypes(tenantId: string): Awaitable<readonly StoredEventType[]>;
  keyHolder(tenantId: string, key: string): Awaitable<KeyHolder | undefined>;
  /** Deleted webhooks that something still waits for. */
  orphaned(): Awaitable<readonly string[]>;
}

/** One open transaction. */
export interface Session {
  readonly sql: Statements;
  /** What this unit of work writes from here on belongs to the transaction. */
  adopt(em: EntityManager): void;
  commit(): Awaitable<void>;
  rollback(): Awaitable<void>;
}
