import type { JsonObject } from "../../domain/catalog/entry.ts";
import type { Predicate } from "../../domain/filter.ts";
import type { KeyHolder } from "../../domain/store.ts";
import type { EventSelection, StoredHeader } from "../../domain/webhook.ts";
import { EVENT_TYPE, WEBHOOK } from "../select-lists.ts";
import type {
  Lookups,
  StoredEventType,
  StoredSecret,
  StoredWebhook,
  Versions,
} from "../statements.ts";
import { KEY_HOLDER } from "./events.ts";
import { date, type Row, type SqliteHandle } from "./rows.ts";

/** A row with these columns as JSON text. */
type JsonRow<T, K extends keyof T> = Omit<Row<T>, K> & { readonly [P in K]: string };
type WebhookRow = JsonRow<StoredWebhook, "eventTypes" | "headers" | "select"> & {
  readonly retryDelaysMs: string | null;
  readonly filter: string | null;
};
type EventTypeRow = JsonRow<StoredEventType, "aliases" | "schema" | "samplePayload">;

/** The connection is the one that reads: it sees only what is committed. */
export function createLookups(db: SqliteHandle): Lookups {
  const positions = db.prepare<[], { tenantId: string; position: number }>(
    `select t.id as tenantId, coalesce(p.position, 0) as position
     from tenant t left join log_position p on p.tenant_id = t.id`,
  );
  const versions = db.prepare<[string], Versions>(
    "select webhooks_version as webhooks, catalog_version as catalog from tenant where id = ?",
  );
  const webhooks = db.prepare<[string], WebhookRow>(
    `select ${WEBHOOK} from webhook w where w.tenant_id = ? and w.deleted_at is null`,
  );
  const secrets = db.prepare<[string], Row<StoredSecret>>(
    `select id, webhook_id as webhookId, sealed, expires_at as expiresAt
     from signing_secret where tenant_id = ? order by id desc`,
  );
  const eventTypes = db.prepare<[string], EventTypeRow>(
    `select ${EVENT_TYPE} from event_type t where t.tenant_id = ? order by t.name`,
  );
  const keyHolder = db.prepare<[string, string], KeyHolder>(KEY_HOLDER);
  const orphaned = db
    .prepare<[], string>(
      `select id from webhook where deleted_at is not null
       and exists (select 1 from delivery where webhook_id = webhook.id and due_at is not null)`,
    )
    .pluck();
  return {
    positions: () => new Map(positions.all().map(({ tenantId, position }) => [tenantId, position])),
    versions: (tenantId) => versions.get(tenantId),
    webhooks: (tenantId) => webhooks.all(tenantId).map(webhookOf),
    secrets: (tenantId) =>
      secrets.all(tenantId).map((row) => ({ ...row, expiresAt: date(row.expiresAt) })),
    eventTypes: (tenantId) => eventTypes.all(tenantId).map(eventTypeOf),
    keyHolder: (tenantId, key) => keyHolder.get(tenantId, key),
    orphaned: () => orphaned.all(),
  };
}

function webhookOf(row: WebhookRow): StoredWebhook {
  return {
    ...row,
    activeSince: new Date(row.activeSince),
    eventTypes: JSON.parse(row.eventTypes) as string[],
    headers: JSON.parse(row.headers) as StoredHeader[],
    retryDelaysMs: row.retryDelaysMs === null ? null : (JSON.parse(row.retryDelaysMs) as number[]),
    filter: row.filter === null ? null : (JSON.parse(row.filter) as Predicate),
    keepFiltered: row.keepFiltered === 1,
    select: JSON.parse(row.select) as EventSelection[],
  };
}

function eventTypeOf(row: EventTypeRow): StoredEventType {
  return {
    ...row,
    aliases: JSON.parse(row.aliases) as string[],
    retiredAt: date(row.retiredAt),
    schema: JSON.parse(row.schema) as JsonObject,
    samplePayload: JSON.parse(row.samplePayload) as JsonObject,
    size: row.schema.length + row.samplePayload.length,
  };
}
