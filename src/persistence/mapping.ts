import { defineEntity, p } from "@mikro-orm/core";
import { Event, PAYLOAD_FORMATS } from "../domain/event.ts";
import type { Predicate } from "../domain/filter.ts";
import { WebhookHour } from "../domain/health.ts";
import { Inbox, InboxRequest } from "../domain/inbox.ts";
import { SIGNATURE_SCHEMES } from "../domain/secret.ts";
import {
  SigningSecret,
  Webhook,
  WEBHOOK_HEALTH_STATES,
  WEBHOOK_STATES,
  type StoredHeader,
} from "../domain/webhook.ts";
import type { EventSelection } from "../domain/webhook.ts";
import { headers, instant, oneOf } from "./columns.ts";
import { BodyTable, EventTypeVersionTable, OwnEventTypeTable } from "./mapping-catalog.ts";
import { DeliveryAttemptTable, DeliveryTable, LogEntryTable } from "./mapping-deliveries.ts";
import { ApiKeyTable, AuditEntryTable, TenantTable } from "./mapping-tenants.ts";

/** A fact about the installation itself: the hash of the operator's key, the check value of the secret key. */
export class Meta {
  name!: string;
  value!: string;
}

/** Where a tenant's log ends. */
export class LogPosition {
  tenantId!: string;
  position!: number;
}

export const LogPositionTable = defineEntity({
  class: LogPosition,
  tableName: "log_position",
  properties: { tenantId: p.text().primary(), position: p.bigint("number") },
});

export const MetaTable = defineEntity({
  class: Meta,
  tableName: "meta",
  properties: { name: p.text().primary(), value: p.text() },
});

export const WebhookTable = defineEntity({
  class: Webhook,
  tableName: "webhook",
  uniques: [{ properties: ["tenantId", "key"] }],
  properties: {
    id: p.text().primary(),
    tenantId: p.text(),
    key: p.text().nullable(),
    name: p.text(),
    url: p.text(),
    eventTypes: p.json<string[]>(),
    description: p.text().nullable(),
    integration: p.text(),
    format: oneOf(PAYLOAD_FORMATS),
    headers: p.json<StoredHeader[]>(),
    signature: oneOf(SIGNATURE_SCHEMES),
    retryDelaysMs: p.json<number[]>().nullable(),
    timeoutMs: p.integer().nullable(),
    maxInFlight: p.integer().nullable(),
    rateLimitPerSecond: p.integer().nullable(),
    filter: p.json<Predicate>().nullable(),
    keepFiltered: p.boolean(),
    filteredCount: p.bigint("number"),
    // As a column's name, select would be SQL.
    select: p.json<EventSelection[]>().fieldName("selections"),
    state: oneOf(WEBHOOK_STATES),
    stateReason: p.text().nullable(),
    activeSince: instant(),
    createdAt: instant(),
    updatedAt: instant(),
    deletedAt: instant().nullable(),
    version: p.integer().version(),
    health: oneOf(WEBHOOK_HEALTH_STATES),
    consecutiveFailures: p.integer(),
    failuresSinceSuccess: p.integer(),
    deliveryCount: p.bigint("number"),
    lastSucceededAt: instant().nullable(),
    lastFailedAt: instant().nullable(),
  },
});

export const SigningSecretTable = defineEntity({
  class: SigningSecret,
  tableName: "signing_secret",
  properties: {
    id: p.text().primary(),
    tenantId: p.text(),
    webhookId: p.text().index(),
    scheme: oneOf(SIGNATURE_SCHEMES),
    sealed: p.text(),
    hint: p.text(),
    createdAt: instant(),
    expiresAt: instant().nullable(),
    publicKey: p.text().nullable(),
  },
});

export const WebhookHourTable = defineEntity({
  class: WebhookHour,
  tableName: "webhook_hour",
  properties: {
    webhookId: p.text().primary(),
    hour: p.bigint("number").primary(),
    succeeded: p.integer(),
    failed: p.integer(),
    durations: p.json<number[]>(),
  },
});

/** An index that reads name. */
export const EVENT_TESTS = "event_tests";

export const EventTable = defineEntity({
  class: Event,
  tableName: "event",
  indexes: [
    { properties: ["tenantId", "id"] },
    { properties: ["tenantId", "typeName", "id"] },
    { name: EVENT_TESTS, properties: ["tenantId", "id"], where: "is_test = true" },
  ],
  properties: {
    id: p.text().primary(),
    tenantId: p.text(),
    typeName: p.text(),
    payload: p.text(),
    isTest: p.boolean(),
    publishedAt: instant(),
    occurredAt: instant(),
    idempotencyKey: p.text().nullable(),
    matchedWebhooks: p.integer(),
    typeVersion: p.integer(),
  },
});

/** A used idempotency key and the event that it belongs to. */
export class IdempotencyKey {
  tenantId!: string;
  key!: string;
  eventId!: string;
  hash!: string;
  createdAt!: Date;
}

export const IdempotencyKeyTable = defineEntity({
  class: IdempotencyKey,
  tableName: "idempotency_key",
  properties: {
    tenantId: p.text().primary(),
    key: p.text().primary(),
    eventId: p.text().index(),
    hash: p.text(),
    createdAt: instant(),
  },
});

export const InboxTable = defineEntity({
  class: Inbox,
  tableName: "inbox",
  indexes: [{ properties: ["tenantId", "id"] }],
  properties: {
    id: p.text().primary(),
    tenantId: p.text(),
    name: p.text().nullable(),
    createdAt: instant(),
    expiresAt: instant(),
    responseStatus: p.integer(),
    responseDelayMs: p.integer(),
    failNext: p.integer(),
  },
});

export const InboxRequestTable = defineEntity({
  class: InboxRequest,
  tableName: "inbox_request",
  indexes: [{ properties: ["inboxId", "id"] }],
  properties: {
    id: p.text().primary(),
    tenantId: p.text(),
    inboxId: p.text(),
    receivedAt: instant(),
    method: p.text(),
    path: p.text(),
    headers: headers(),
    body: p.blob(),
    bodyTruncated: p.boolean(),
    signatureValid: p.boolean().nullable(),
    signatureProblem: p.text().nullable(),
    deliveryId: p.text().nullable(),
  },
});

export const TABLES = [
  MetaTable,
  TenantTable,
  ApiKeyTable,
  AuditEntryTable,
  OwnEventTypeTable,
  EventTypeVersionTable,
  WebhookTable,
  SigningSecretTable,
  WebhookHourTable,
  EventTable,
  BodyTable,
  IdempotencyKeyTable,
  DeliveryTable,
  DeliveryAttemptTable,
  LogEntryTable,
  LogPositionTable,
  InboxTable,
  InboxRequestTable,
];
