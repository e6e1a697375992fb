import type { Event } from "../../domain/event.ts";
import { at, insert, type SqliteHandle } from "./sqlite.ts";

export function eventStatements(db: SqliteHandle) {
  const addEvent = db.prepare(insert("event", 10));
  const useKey = db.prepare(
    "insert into idempotency_key values (?, ?, ?, ?, ?) on conflict do nothing",
  );
  const keyHolder = db.prepare<
    [string, string],
    { eventId: string; hash: string; matchedWebhooks: number }
  >(
    `select k.event_id as eventId, k.hash, e.matched_webhooks as matchedWebhooks
     from idempotency_key k left join event e on e.id = k.event_id where k.tenant_id = ? and k.key = ?`,
  );
  const addBody = db.prepare(`${insert("body", 3)} on conflict do nothing`);
  return {
    addEvent(e: Event): void {
      const { id, tenantId, typeName, payload, isTest, publishedAt, occurredAt, idempotencyKey } =
        e;
      addEvent.run(
        id,
        tenantId,
        typeName,
        payload,
        Number(isTest),
        at(publishedAt),
        at(occurredAt),
        idempotencyKey,
        e.matchedWebhooks,
        e.typeVersion,
      );
    },
    /** What a selection left of an event's payload. */
    addBody: (eventId: string, shape: string, payload: string): void =>
      void addBody.run(eventId, shape, payload),
    /** False when the key had been used. */
    useKey: (event: Event, hash: string): boolean =>
      useKey.run(event.tenantId, event.idempotencyKey, event.id, hash, at(event.publishedAt))
        .changes === 1,
    keyHolder: (tenantId: string, key: string) => keyHolder.get(tenantId, key)!,
  };
}
