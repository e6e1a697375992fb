import { createHash } from "node:crypto";
import stableStringify from "safe-stable-stringify";
import type { Catalog } from "./catalog/catalog.ts";
import type { EventType, Json, JsonObject } from "./catalog/entry.ts";
import { Event } from "./event.ts";
import { isFit, payloadProblems } from "./payload.ts";
import { Refusal, refusalOr, refuseIf, type Problem } from "./refusal.ts";
import type { Kept, NewEvent } from "./store.ts";
import type { Tools } from "./tools.ts";

/** A payload's largest JSON text, in UTF-8 bytes. */
export const PAYLOAD_MAX_BYTES = 256 * 1024;

export interface EventInput {
  readonly type: string;
  readonly payload: unknown;
  readonly occurredAt?: Date | null;
  readonly idempotencyKey?: string | null;
}

export type Published = Pick<Kept, "eventId" | "matchedWebhooks"> & { readonly isNew: boolean };

/**
 * The first half of the line: accepts events, finds the webhooks that want them, keeps both. Answers after the commit,
 * one answer for each event, in order: accepted, or refused by itself. `delivery/deliver.ts` is the second half.
 */
export async function publish(
  tenantId: string,
  inputs: readonly EventInput[],
  tools: Tools,
): Promise<readonly (Published | Refusal)[]> {
  const catalog = await tools.store.catalog(tenantId);
  const accepted = await Promise.all(
    inputs.map(async (input) => {
      const one = refusalOr(() => accept(tenantId, input, { ...tools, catalog }));
      if (!(one instanceof Refusal)) return one;
      return (await earlier(tenantId, input, { ...tools, catalog })) ?? one;
    }),
  );
  const events = accepted.filter((one): one is NewEvent => "event" in one);
  const kept = events.length > 0 ? await tools.store.keep(tenantId, events, tools.lanes) : [];
  for (const [index, one] of kept.entries()) {
    tools.lanes.begin(one.claims);
    for (const webhookId of one.waiting) tools.lanes.wake(tenantId, webhookId, tools.clock.now());
    if (one.kind === "NEW") announcePublished(events[index]!.event, one, tools);
  }
  const answers = kept[Symbol.iterator]();
  return accepted.map((one) => ("event" in one ? answered(answers.next().value!) : one));
}

/** What was accepted under the same key stays accepted, whatever became of its type since. */
async function earlier(
  tenantId: string,
  input: EventInput,
  { store, catalog }: Pick<Tools, "store"> & { readonly catalog: Catalog },
): Promise<Published | undefined> {
  const type = catalog.find(input.type);
  // Nothing was ever accepted under a key that is no key.
  if (!type || input.idempotencyKey == null || keyProblems(input).length > 0) return undefined;
  const holder = await store.keyHolder(tenantId, input.idempotencyKey);
  // What is unfit was never accepted, and what is too deep can't be hashed.
  if (!holder || !isFit(input.payload)) return undefined;
  if (holder.hash !== contentHash(type.name, input)) return undefined;
  return { eventId: holder.eventId, matchedWebhooks: holder.matchedWebhooks, isNew: false };
}

/** The event that this input becomes; refuses what the catalog does not know or the type's schema forbids. */
export function accept(
  tenantId: string,
  input: EventInput,
  { clock, newId, catalog }: Pick<Tools, "clock" | "newId"> & { readonly catalog: Catalog },
): NewEvent {
  const type = catalog.find(input.type);
  if (!type) throw new Refusal("EVENT_TYPE_NOT_FOUND", { path: ["type"] });
  if (type.retiredAt) throw new Refusal("EVENT_TYPE_RETIRED", { path: ["type"] });
  refuseIf([
    ...keyProblems(input),
    ...occurredAtProblems(input),
    ...checkPayload(type, input.payload),
  ]);
  const payload = JSON.stringify(input.payload);
  if (Buffer.byteLength(payload) > PAYLOAD_MAX_BYTES)
    throw new Refusal("PAYLOAD_TOO_LARGE", { path: ["payload"], limit: PAYLOAD_MAX_BYTES });
  const now = clock.now();
  const event = Object.assign(new Event(), {
    id: newId("evt"),
    tenantId,
    typeName: type.name,
    payload,
    isTest: false,
    publishedAt: now,
    occurredAt: input.occurredAt ?? now,
    idempotencyKey: input.idempotencyKey ?? null,
    matchedWebhooks: 0,
    typeVersion: type.version,
  });
  const data = input.payload as JsonObject;
  const hash = event.idempotencyKey === null ? null : contentHash(type.name, input);
  return { event, data, hash };
}

/** Problems of a payload for a type of the catalog, under the path `payload`. */
export function checkPayload(type: EventType, payload: unknown): Problem[] {
  return payloadProblems(type, payload).map(({ pointer, message }) => ({
    path: ["payload"],
    pointer,
    message: `${pointer || "The payload"} ${message}`,
  }));
}

/** Two publishes under one key are the same event when type, time and content are; the order of keys is no content. */
function contentHash(typeName: string, { payload, occurredAt }: EventInput): string {
  const content = [typeName, occurredAt?.toISOString() ?? null, stableStringify(payload as Json)];
  return createHash("sha256").update(JSON.stringify(content)).digest("base64url");
}

function keyProblems({ idempotencyKey }: EventInput): Problem[] {
  if (idempotencyKey == null || /^[\x20-\x7e]{1,255}$/.test(idempotencyKey)) return [];
  return [{ path: ["idempotencyKey"], message: "must be 1 to 255 visible ASCII characters" }];
}

function occurredAtProblems({ occurredAt }: EventInput): Problem[] {
  const year = occurredAt?.getUTCFullYear() ?? 2000;
  return year >= 1970 && year <= 9999
    ? []
    : [{ path: ["occurredAt"], message: "must lie in the years 1970 to 9999" }];
}

function answered({ eventId, kind, matchedWebhooks }: Kept): Published | Refusal {
  if (kind === "CONFLICT")
    return new Refusal("IDEMPOTENCY_KEY_REUSED", { path: ["idempotencyKey"], existingId: eventId });
  return { eventId, matchedWebhooks, isNew: kind === "NEW" };
}

function announcePublished(event: Event, { matchedWebhooks }: Kept, { announce }: Tools): void {
  const { tenantId, id: eventId, typeName: eventType, isTest } = event;
  announce({
    type: "event.published",
    tenantId,
    eventId,
    eventType,
    isTest,
    deliveries: matchedWebhooks,
  });
}
