import type { ApiKey } from "./api-key.ts";
import type { Actor, AuditChange, Audited } from "./audit.ts";
import type { Catalog } from "./catalog/catalog.ts";
import type { JsonObject } from "./catalog/entry.ts";
import type { EventTypeVersion, OwnEventType } from "./catalog/own.ts";
import type { Claim, Delivery, DeliveryAttempt, Settled } from "./delivery.ts";
import type { Event } from "./event.ts";
import type { AttemptRecorded } from "./fact.ts";
import type { Inbox, InboxAnswer, InboxRequest } from "./inbox.ts";
import type { Route } from "./route.ts";
import type { Tenant } from "./tenant.ts";
import type { SigningSecret, Webhook, WebhookRef } from "./webhook.ts";

/** An event to be kept; `hash` identifies its content under an idempotency key. */
export interface NewEvent {
  readonly event: Event;
  /** Its payload, for filters and selections. */
  readonly data: JsonObject;
  readonly hash: string | null;
}

/** The event that an idempotency key was used for first. */
export interface KeyHolder {
  readonly eventId: string;
  readonly hash: string;
  readonly matchedWebhooks: number;
}

export interface Kept {
  readonly eventId: string;
  /** REPEAT: the key had been used for the same event. CONFLICT: for another one, whose id this is. */
  readonly kind: "NEW" | "REPEAT" | "CONFLICT";
  readonly matchedWebhooks: number;
  /** Deliveries whose lease this process kept. */
  readonly claims: readonly Claim[];
  /** Webhooks whose deliveries went to the table. */
  readonly waiting: readonly string[];
}

/** Places in the lanes of this process: a new delivery that finds one is sent without a detour over the table. */
export interface Lanes {
  reserve(route: Route): boolean;
  /** Places that were reserved in a transaction that did not commit. */
  giveBack(route: Route): void;
  begin(claims: readonly Claim[]): void;
  /** Gives back the claim of a delivery whose attempt has not begun. */
  withdraw(tenantId: string, deliveryId: string): void;
  /** Something is due in the table. */
  wake(tenantId: string, webhookId: string, dueAt: Date): void;
  /** Due now, whatever quiet the receiver asked for. */
  hasten(tenantId: string, webhookId: string): void;
  /** Ahead of its lane; resolves when the attempt is recorded. */
  deliverNow(claim: Claim): Promise<void>;
}

export interface ClaimRequest {
  readonly tenantId: string;
  readonly webhookId: string;
  readonly most: number;
}

export interface Claimed {
  readonly claims: readonly Claim[];
  /** When each of the webhooks asked for has something due next; null: nothing waits. */
  readonly nextDueAt: ReadonlyMap<string, Date | null>;
  /** Attempts that were recorded because a lease had ended by itself. */
  readonly lost: readonly AttemptRecorded[];
}

/** One of the transitions of delivery.ts that people ask for. */
export interface Transition {
  readonly tenantId: string;
  readonly deliveryId: string;
  readonly verb: "redeliver" | "cancel";
  readonly now: Date;
  readonly by: Actor;
}

/** `lost`: attempts that were recorded before, because their lease had ended by itself. */
export interface Transitioned {
  readonly delivery: Delivery;
  readonly lost: readonly AttemptRecorded[];
}

export interface CancelledSome {
  readonly count: number;
  readonly lost: readonly AttemptRecorded[];
}

export interface Recording {
  readonly claim: Claim;
  readonly attempt: DeliveryAttempt;
  readonly settled: Settled;
}

/** A unit of work on what people own: reads and changes, committed together or repeated from the start. */
export interface Work {
  webhook(ref: WebhookRef): Promise<Webhook>;
  findWebhook(ref: WebhookRef): Promise<Webhook | null>;
  countWebhooks(): Promise<number>;
  /** Expired ones too. */
  secrets(webhookId: string): Promise<SigningSecret[]>;
  /** One that has not expired. */
  secret(id: string): Promise<SigningSecret>;
  /** Those of the tenant that have a selection or a filter. */
  webhooksThatRead(): Promise<Webhook[]>;
  /** The tenant's own, retired ones too. */
  eventTypes(): Promise<OwnEventType[]>;
  inbox(id: string): Promise<Inbox>;
  countInboxes(): Promise<number>;
  tenant(): Promise<Tenant | null>;
  tenantByKey(key: string): Promise<Tenant | null>;
  /** Of this tenant, or for operators of any. */
  apiKey(id: string, ofAnyTenant: boolean): Promise<ApiKey>;
  /** Those that are not revoked. */
  countApiKeys(): Promise<number>;
  add(entity: Audited | EventTypeVersion): void;
  remove(entity: SigningSecret | Inbox): void;
}

/** The committed changes of the service, as verbs. Each resolves after its commit; each names the tenant. */
export interface Store {
  /** Events with all their deliveries, in one commit. Refuses a call that would write too much. */
  keep(tenantId: string, events: readonly NewEvent[], lanes: Lanes): Promise<readonly Kept[]>;
  keyHolder(tenantId: string, key: string): Promise<KeyHolder | undefined>;
  /** A test: its event and one leased delivery. */
  keepTest(event: NewEvent, webhookId: string): Promise<Claim>;
  claimDue(requests: readonly ClaimRequest[]): Promise<Claimed>;
  /** Gives back claims that were not begun. */
  release(claims: readonly Claim[]): Promise<void>;
  /** The attempt, and the delivery's new state unless the claim was lost meanwhile. */
  record(recording: Recording): Promise<AttemptRecorded>;
  /** Kept with who asked for it. Refuses as delivery.ts does. */
  transition(transition: Transition): Promise<Transitioned>;
  /** Cancels at most `most` of what waits for a webhook and was created up to `before`. */
  cancelWaiting(webhookId: string, before: Date, most: number): Promise<CancelledSome>;
  /** A webhook as it is; refuses one that is not there. */
  webhook(tenantId: string, ref: WebhookRef): Promise<Webhook>;
  /** Each change is kept with who made it. */
  change<T>(tenantId: string, decide: (work: Work) => Promise<T>, by: Actor): Promise<T>;
  /** Keeps what somebody did that is stored nowhere else. */
  audit(tenantId: string, change: AuditChange, by: Actor): Promise<void>;
  receive(request: InboxRequest): Promise<InboxAnswer | null>;
  /** The event types of the tenant. */
  catalog(tenantId: string): Promise<Catalog>;
  /** The webhook as the line sees it. */
  route(tenantId: string, webhookId: string): Route | undefined;
  /** The last position of a tenant's log. */
  position(tenantId: string): number;
}
