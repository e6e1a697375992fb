import { defineEntity, p } from "@mikro-orm/core";
import {
  ATTEMPT_TRIGGERS,
  Delivery,
  DeliveryAttempt,
  STORED_STATUSES,
} from "../domain/delivery.ts";
import { PAYLOAD_FORMATS } from "../domain/event.ts";
import { LOG_CHANGES, LogEntry } from "../domain/log-entry.ts";
import { ATTEMPT_OUTCOMES, type Timings } from "../domain/outcome.ts";
import { headers, instant, oneOf } from "./columns.ts";

/** Indexes that reads name. */
export const DELIVERIES_OF_EVENT = "delivery_event";
export const DELIVERY_TESTS = "delivery_tests";

export const DeliveryTable = defineEntity({
  class: Delivery,
  tableName: "delivery",
  indexes: [
    { properties: ["tenantId", "id"] },
    {
      name: "delivery_status",
      properties: ["tenantId", "status", "id", "webhookId", "isTest"],
    },
    { properties: ["tenantId", "eventType", "id"] },
    { properties: ["webhookId", "id"] },
    { name: DELIVERIES_OF_EVENT, properties: ["eventId", "id"] },
    { name: DELIVERY_TESTS, properties: ["tenantId", "id"], where: "is_test = true" },
    {
      name: "delivery_outcome",
      properties: ["tenantId", "lastOutcome", "id"],
      where: "last_outcome <> 'SUCCEEDED'",
    },
    {
      name: "delivery_waiting",
      properties: ["webhookId", "dueAt", "isTest", "status"],
      where: "due_at is not null",
    },
    {
      name: "delivery_leased",
      properties: ["claimOwner"],
      where: "claim_owner is not null",
    },
    {
      name: "delivery_failed",
      properties: ["webhookId", "finishedAt", "isTest"],
      where: "status = 'FAILED'",
    },
  ],
  properties: {
    id: p.text().primary(),
    tenantId: p.text(),
    eventId: p.text(),
    eventType: p.text(),
    webhookId: p.text(),
    webhookName: p.text(),
    format: oneOf(PAYLOAD_FORMATS),
    isTest: p.boolean(),
    status: oneOf(STORED_STATUSES),
    trigger: oneOf(ATTEMPT_TRIGGERS),
    attempts: p.integer(),
    failures: p.integer(),
    losses: p.integer(),
    createdAt: instant(),
    dueAt: instant().nullable(),
    succeededAt: instant().nullable(),
    finishedAt: instant().nullable(),
    lastOutcome: oneOf(ATTEMPT_OUTCOMES).nullable(),
    lastAttemptId: p.text().nullable(),
    claimOwner: p.text().nullable(),
    claimNumber: p.integer(),
    claimEndsAt: p.bigint("number").nullable(),
    shape: p.text().nullable(),
  },
});

export const DeliveryAttemptTable = defineEntity({
  class: DeliveryAttempt,
  tableName: "delivery_attempt",
  indexes: [{ properties: ["deliveryId", "id"] }],
  properties: {
    id: p.text().primary(),
    tenantId: p.text(),
    deliveryId: p.text(),
    number: p.integer(),
    trigger: oneOf(ATTEMPT_TRIGGERS),
    outcome: oneOf(ATTEMPT_OUTCOMES),
    message: p.text(),
    startedAt: instant(),
    durationMs: p.double(),
    timings: p.json<Timings>(),
    url: p.text(),
    remoteAddress: p.text().nullable(),
    requestHeaders: headers(),
    responseStatus: p.integer().nullable(),
    responseHeaders: headers(),
    responseBody: p.blob().nullable(),
    responseTruncated: p.boolean(),
  },
});

export const LogEntryTable = defineEntity({
  class: LogEntry,
  tableName: "log",
  properties: {
    tenantId: p.text().primary(),
    position: p.bigint("number").primary(),
    at: instant(),
    change: oneOf(LOG_CHANGES),
    webhookId: p.text().nullable(),
    deliveryId: p.text().nullable(),
    eventId: p.text().nullable(),
    eventType: p.text().nullable(),
    isTest: p.boolean(),
    status: oneOf(STORED_STATUSES).nullable(),
    attempts: p.integer().nullable(),
    dueAt: instant().nullable(),
    attemptId: p.text().nullable(),
    outcome: oneOf(ATTEMPT_OUTCOMES).nullable(),
    responseStatus: p.integer().nullable(),
    tookMs: p.double().nullable(),
    inboxId: p.text().nullable(),
    requestId: p.text().nullable(),
  },
});
