import type { EventType, JsonObject } from "./entry.ts";
import { sharedSchema } from "./shared-schema.ts";

/** An event type that a tenant declared, as it is now. */
export class OwnEventType {
  /** "typ_", the tenant's key, ":" and the name. */
  id!: string;
  tenantId!: string;
  name!: string;
  title!: string;
  description!: string;
  category!: string;
  aliases!: string[];
  deprecationReason!: string | null;
  retiredAt!: Date | null;
  /** Raised by each change of its schema, from 1. */
  version!: number;
  schema!: JsonObject;
  samplePayload!: JsonObject;
  createdAt!: Date;
  updatedAt!: Date;
}

/** A schema that events were or are checked against, and its last sample. */
export class EventTypeVersion {
  eventTypeId!: string;
  version!: number;
  tenantId!: string;
  schema!: JsonObject;
  samplePayload!: JsonObject;
  createdAt!: Date;
}

export function ownTypeId(tenantKey: string, name: string): string {
  return `typ_${tenantKey}:${name}`;
}

/** What a tenant says of a type. */
export type EventTypeContent = Pick<
  OwnEventType,
  | "name"
  | "title"
  | "description"
  | "category"
  | "aliases"
  | "deprecationReason"
  | "schema"
  | "samplePayload"
>;

/** Its entry in the catalog. */
export function entryOf(
  own: Omit<OwnEventType, "tenantId" | "createdAt" | "updatedAt">,
): EventType {
  return {
    id: own.id,
    name: own.name,
    title: own.title,
    description: own.description,
    category: own.category,
    aliases: own.aliases.map((name) => ({ name, note: null })),
    renamedFields: [],
    deprecationReason: own.deprecationReason,
    retiredAt: own.retiredAt,
    builtIn: false,
    groups: [],
    version: own.version,
    schema: sharedSchema(own.schema),
    samplePayload: own.samplePayload,
  };
}

/** The entry as it was at another version. Its id says which, so that caches keep the two apart. */
export function entryAt(entry: EventType, past: EventTypeVersion): EventType {
  const { version, schema, samplePayload } = past;
  return { ...entry, id: `${entry.id}@${version}`, version, schema, samplePayload };
}
