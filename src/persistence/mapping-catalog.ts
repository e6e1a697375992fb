import { defineEntity, p } from "@mikro-orm/core";
import type { JsonObject } from "../domain/catalog/entry.ts";
import { EventTypeVersion, OwnEventType } from "../domain/catalog/own.ts";
import { instant } from "./columns.ts";

export const OwnEventTypeTable = defineEntity({
  class: OwnEventType,
  tableName: "event_type",
  uniques: [{ properties: ["tenantId", "name"] }],
  properties: {
    id: p.text().primary(),
    tenantId: p.text(),
    name: p.text(),
    title: p.text(),
    description: p.text(),
    category: p.text(),
    aliases: p.json<string[]>(),
    deprecationReason: p.text().nullable(),
    retiredAt: instant().nullable(),
    version: p.integer(),
    schema: p.json<JsonObject>(),
    samplePayload: p.json<JsonObject>(),
    createdAt: instant(),
    updatedAt: instant(),
  },
});

export const EventTypeVersionTable = defineEntity({
  class: EventTypeVersion,
  tableName: "event_type_version",
  properties: {
    eventTypeId: p.text().primary(),
    version: p.integer().primary(),
    tenantId: p.text(),
    schema: p.json<JsonObject>(),
    samplePayload: p.json<JsonObject>(),
    createdAt: instant(),
  },
});

/** A payload as a selection shaped it, once for all webhooks with the same one. */
export class Body {
  eventId!: string;
  /** Names the selection. */
  shape!: string;
  /** JSON text. */
  payload!: string;
}

export const BodyTable = defineEntity({
  class: Body,
  tableName: "body",
  properties: {
    eventId: p.text().primary(),
    shape: p.text().primary(),
    payload: p.text(),
  },
});
