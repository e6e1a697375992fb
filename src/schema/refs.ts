import type { ApiKey } from "../domain/api-key.ts";
import type { AuditEntry } from "../domain/audit.ts";
import type { EventType } from "../domain/catalog/entry.ts";
import type { Delivery, DeliveryAttempt } from "../domain/delivery.ts";
import type { Event } from "../domain/event.ts";
import type { Inbox, InboxRequest } from "../domain/inbox.ts";
import type { Tenant } from "../domain/tenant.ts";
import type { Webhook } from "../domain/webhook.ts";
import { builder } from "./builder.ts";

/** The nouns that refer to each other; each is told in the file of its name. */
export const EventTypeRef = builder.objectRef<EventType>("EventType");
export const EventRef = builder.objectRef<Event>("Event");
export const DeliveryRef = builder.objectRef<Delivery>("Delivery");
export const AttemptRef = builder.objectRef<DeliveryAttempt>("DeliveryAttempt");
export const WebhookRef = builder.objectRef<Webhook>("Webhook");
export const TenantRef = builder.objectRef<Tenant>("Tenant");
export const ApiKeyRef = builder.objectRef<ApiKey>("ApiKey");
export const AuditEntryRef = builder.objectRef<AuditEntry>("AuditEntry");
export const InboxRef = builder.objectRef<Inbox>("Inbox");
export const InboxRequestRef = builder.objectRef<InboxRequest>("InboxRequest");
