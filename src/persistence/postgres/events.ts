import type { DeliveryAttempt, Delivery } from "../../domain/delivery.ts";
import type { Event } from "../../domain/event.ts";
import type { KeyHolder } from "../../domain/store.ts";
import type { Body } from "../mapping-catalog.ts";
import type { KeyUse } from "../statements.ts";
import { insertAll, recordset, type Query } from "./rows.ts";

const USE_KEYS = `${insertAll("idempotency_key")} on conflict do nothing returning event_id as "eventId"`;
const HOLDERS = `
  select a.id, k.event_id as "eventId", k.hash, e.matched_webhooks as "matchedWebhooks"
  from json_to_recordset($1) as a(id text, tenant_id text, key text)
  join idempotency_key k on k.tenant_id = a.tenant_id and k.key = a.key
  left join event e on e.id = k.event_id`;

const useOf = ({ event, hash }: KeyUse) => ({
  tenantId: event.tenantId,
  key: event.idempotencyKey,
  eventId: event.id,
  hash,
  createdAt: event.publishedAt,
});

export function eventStatements(query: Query) {
  return {
    /** In the order given: it waits for who uses the same key at the moment. */
    async useKeys(uses: readonly KeyUse[]): Promise<ReadonlySet<string>> {
      const won = await query<{ eventId: string }>(USE_KEYS, [recordset(uses.map(useOf))]);
      return new Set(won.map(({ eventId }) => eventId));
    },
    async keyHolders(late: readonly KeyUse[]): Promise<ReadonlyMap<string, KeyHolder>> {
      if (late.length === 0) return new Map();
      const asked = late.map(({ event }) => ({
        id: event.id,
        tenantId: event.tenantId,
        key: event.idempotencyKey,
      }));
      const rows = await query<KeyHolder & { id: string }>(HOLDERS, [recordset(asked)]);
      return new Map(rows.map(({ id, ...holder }) => [id, holder]));
    },
    addEvents: (events: readonly Event[]) => add(query, "event", events),
    addBodies: (bodies: readonly Body[]) => add(query, "body", bodies, " on conflict do nothing"),
    addDeliveries: (deliveries: readonly Delivery[]) => add(query, "delivery", deliveries),
    addAttempts: (attempts: readonly DeliveryAttempt[]) =>
      add(query, "delivery_attempt", attempts, " on conflict do nothing"),
  };
}

async function add(
  query: Query,
  table: string,
  rows: readonly object[],
  suffix = "",
): Promise<void> {
  await query(insertAll(table) + suffix, [recordset(rows)]);
}
