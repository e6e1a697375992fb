import type { KeyHolder } from "../../domain/store.ts";
import { EVENT_TYPE, WEBHOOK } from "../select-lists.ts";
import type {
  Lookups,
  StoredEventType,
  StoredSecret,
  StoredWebhook,
  Versions,
} from "../statements.ts";
import type { Query } from "./rows.ts";

export function createLookups(query: Query): Lookups {
  return {
    async positions() {
      const rows = await query<{ tenantId: string; position: number }>(
        `select t.id as "tenantId", coalesce(p.position, 0) as position
         from tenant t left join log_position p on p.tenant_id = t.id`,
      );
      return new Map(rows.map(({ tenantId, position }) => [tenantId, position]));
    },
    async versions(tenantId) {
      const [row] = await query<Versions>(
        "select webhooks_version as webhooks, catalog_version as catalog from tenant where id = $1",
        [tenantId],
      );
      return row;
    },
    webhooks: (tenantId) =>
      query<StoredWebhook>(
        `select ${WEBHOOK} from webhook w where w.tenant_id = $1 and w.deleted_at is null`,
        [tenantId],
      ),
    secrets: (tenantId) =>
      query<StoredSecret>(
        `select id, webhook_id as "webhookId", sealed, expires_at as "expiresAt"
         from signing_secret where tenant_id = $1 order by id desc`,
        [tenantId],
      ),
    eventTypes: (tenantId) =>
      query<StoredEventType>(
        `select ${EVENT_TYPE}, length(t.schema::text) + length(t.sample_payload::text) as size
         from event_type t where t.tenant_id = $1 order by t.name`,
        [tenantId],
      ),
    async keyHolder(tenantId, key) {
      const [row] = await query<KeyHolder>(
        `select k.event_id as "eventId", k.hash, e.matched_webhooks as "matchedWebhooks"
         from idempotency_key k left join event e on e.id = k.event_id where k.tenant_id = $1 and k.key = $2`,
        [tenantId, key],
      );
      return row;
    },
    async orphaned() {
      const rows = await query<{ id: string }>(
        `select id from webhook where deleted_at is not null
         and exists (select 1 from delivery where webhook_id = webhook.id and due_at is not null)`,
      );
      return rows.map(({ id }) => id);
    },
  };
}
