import type { Json } from "./catalog/entry.ts";

export const PAYLOAD_FORMATS = ["ENVELOPE", "FLAT"] as const;
/** ENVELOPE sends {id, type, timestamp, data}; FLAT sends the payload alone. */
export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number];

/** An occurrence that was published. Immutable, so a body made from it is the same each time. */
export class Event {
  id!: string;
  tenantId!: string;
  typeName!: string;
  /** JSON text, kept as it was accepted: bodies are cut from it, never from a parsed copy. */
  payload!: string;
  isTest!: boolean;
  publishedAt!: Date;
  occurredAt!: Date;
  idempotencyKey!: string | null;
  /** Webhooks that wanted it when it was published. */
  matchedWebhooks!: number;
  /** Version of its type that the payload was checked against. */
  typeVersion!: number;
}

/** What a body is made from. */
export type BodyParts = Pick<Event, "id" | "typeName" | "payload" | "occurredAt">;

/** The body of each attempt for this event, format and shaped payload: what is signed, sent and shown. */
export function bodyOf(
  event: BodyParts,
  format: PayloadFormat,
  payload: string = event.payload,
): string {
  if (format === "FLAT") return payload;
  const head = JSON.stringify({
    id: event.id,
    type: event.typeName,
    timestamp: event.occurredAt.toISOString(),
  });
  return `${head.slice(0, -1)},"data":${payload}}`;
}

export function payloadOf(event: Pick<Event, "payload">): Json {
  return JSON.parse(event.payload) as Json;
}
