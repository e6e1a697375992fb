import type { Json } from "./event-type.ts";

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
}

type BodyParts = Pick<Event, "id" | "typeName" | "payload" | "occurredAt">;

/** The body of each attempt for this event and format: what is signed, sent and shown. */
export function bodyOf(event: BodyParts, format: PayloadFormat): string {
  if (format === "FLAT") return event.payload;
  const head = JSON.stringify({
    id: event.id,
    type: event.typeName,
    timestamp: event.occurredAt.toISOString(),
  });
  return `${head.slice(0, -1)},"data":${event.payload}}`;
}

export function payloadOf(event: Pick<Event, "payload">): Json {
  return JSON.parse(event.payload) as Json;
}
