import type { Event } from "../../domain/event.ts";
import type { KeyHolder } from "../../domain/store.ts";
import type { Body } from "../mapping-catalog.ts";
import type { KeyUse } from "../statements.ts";
import { at, insert, type SqliteHandle } from "./rows.ts";

export const KEY_HOLDER = `
  select k.event_id as eventId, k.hash, e.matched_webhooks as matchedWebhooks
  from idempotency_key k left join event e on e.id = k.event_id where k.tenant_id = ? and k.key = ?`;

export function eventStatements(db: SqliteHandle) {
  const addEvent = db.prepare(insert("event", 10));
  const useKey = db.prepare(
    "insert into idempotency_key values (?, ?, ?, ?, ?) on conflict do nothing",
  );
  const keyHolder = db.prepare<[string, string], KeyHolder>(KEY_HOLDER);
  const addBody = db.prepare(`${insert("body", 3)} on conflict do nothing`);
  return {
    addEvents(events: readonly Event[]): void {
      for (const e of events)
        addEvent.run(
          e.id,
          e.tenantId,
          e.typeName,
          e.payload,
          Number(e.isTest),
          at(e.publishedAt),
          at(e.occurredAt),
          e.idempotencyKey,
          e.matchedWebhooks,
          e.typeVersion,
        );
    },
    addBodies(bodies: readonly Body[]): void {
      for (const { eventId, shape, payload } of bodies) addBody.run(eventId, shape, payload);
    },
    useKeys(uses: readonly KeyUse[]): ReadonlySet<string> {
      const first = uses.filter(
        ({ event, hash }) =>
          useKey.run(event.tenantId, event.idempotencyKey, event.id, hash, at(event.publishedAt))
            .changes === 1,
      );
      return new Set(first.map(({ event }) => event.id));
    },
    keyHolders: (late: readonly KeyUse[]): ReadonlyMap<string, KeyHolder> =>
      new Map(
        late.map(({ event }) => [event.id, keyHolder.get(event.tenantId, event.idempotencyKey!)!]),
      ),
  };
}
