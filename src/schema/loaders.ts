import DataLoader from "dataloader";
import { Delivery, DeliveryAttempt } from "../domain/delivery.ts";
import { Event } from "../domain/event.ts";
import type { WebhookHour } from "../domain/health.ts";
import { Inbox, InboxRequest } from "../domain/inbox.ts";
import { Webhook, type SigningSecret } from "../domain/webhook.ts";
import type { Waiting, WebhookReader } from "../persistence/read-webhooks.ts";
import type { Reader } from "../persistence/read.ts";

export type Loaders = ReturnType<typeof createLoaders>;

/**
 * Reads that many rows of one answer need, a query for all of them. They batch and never cache: a subscription lives
 * for hours, and each of its messages shows what is there at that moment.
 */
export function createLoaders(tenantId: string, reader: Reader, webhookReader: WebhookReader) {
  const byId = <T extends { id: string; tenantId: string }>(entity: new () => T) =>
    loader<T | null>(async (ids) => {
      const rows = new Map((await reader.byIds(entity, tenantId, ids)).map((row) => [row.id, row]));
      return ids.map((id) => rows.get(id) ?? null);
    });
  return {
    event: byId(Event),
    delivery: byId(Delivery),
    attempt: byId(DeliveryAttempt),
    /** Deleted ones too. */
    webhook: byId(Webhook),
    inbox: byId(Inbox),
    inboxRequest: byId(InboxRequest),
    /** By event and shape, with a space between them: the JSON text that a selection left. */
    body: loader<string | null>(async (names) => {
      const keys = names
        .map((name) => name.split(" "))
        .map(([eventId, shape]) => ({ eventId: eventId!, shape: shape! }));
      const rows = await reader.bodies(tenantId, keys);
      const texts = new Map(rows.map((row) => [`${row.eventId} ${row.shape}`, row.payload]));
      return names.map((name) => texts.get(name) ?? null);
    }),
    secrets: grouped<SigningSecret>((ids) => reader.secrets(tenantId, ids)),
    hours: grouped<WebhookHour>((ids) => webhookReader.hours(ids)),
    waiting: loader<Waiting>(async (ids) => {
      const counts = await webhookReader.waiting(ids);
      return ids.map((id) => counts.get(id)!);
    }),
    lastDelivery: loader<Delivery | null>(async (ids) => {
      const rows = new Map(
        (await webhookReader.lastDeliveries(tenantId, ids)).map((row) => [row.webhookId, row]),
      );
      return ids.map((id) => rows.get(id) ?? null);
    }),
  };
}

function grouped<T extends { webhookId: string }>(
  read: (ids: readonly string[]) => Promise<readonly T[]>,
) {
  return loader<readonly T[]>(async (ids) => {
    const groups = Map.groupBy(await read(ids), (row) => row.webhookId);
    return ids.map((id) => groups.get(id) ?? []);
  });
}

function loader<T>(read: (ids: readonly string[]) => Promise<readonly T[]>): DataLoader<string, T> {
  return new DataLoader(
    async (keys) => {
      const ids = [...new Set(keys)];
      const rows = await read(ids);
      const found = new Map(ids.map((id, index) => [id, rows[index]!]));
      return keys.map((key) => found.get(key)!);
    },
    { cache: false },
  );
}
