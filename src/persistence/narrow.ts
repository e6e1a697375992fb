import { raw, type EntityClass, type MikroORM } from "@mikro-orm/sql";
import type { Catalog } from "../domain/catalog/catalog.ts";
import { Delivery, DeliveryAttempt } from "../domain/delivery.ts";
import { Event } from "../domain/event.ts";
import { Inbox, InboxRequest } from "../domain/inbox.ts";
import { SigningSecret, Webhook, type WebhookRef } from "../domain/webhook.ts";
import type { Page, PageArgs } from "./page.ts";
import { WebhookReader, type WebhookFilter, type WebhookOrder } from "./read-webhooks.ts";
import { Reader, type DeliveryFilter } from "./read.ts";

/** What a narrow token shows: what belongs to these webhooks, and nothing else. */
export interface View {
  readonly webhookIds: readonly string[];
  /** Addresses of inboxes begin with it. An inbox belongs to all webhooks that point to it. */
  readonly inboxPrefix: string;
  readonly catalogOf: (tenantId: string) => Promise<Catalog>;
}

/** A list of events goes back over this many deliveries. */
const EVENTS_MAX = 10_000;

export class NarrowWebhookReader extends WebhookReader {
  readonly #ids: readonly string[];

  constructor(orm: MikroORM, now: () => Date, { webhookIds, catalogOf }: View) {
    super(orm, now, catalogOf);
    this.#ids = webhookIds;
  }

  override webhooks(
    tenantId: string,
    filter: WebhookFilter,
    orderBy: WebhookOrder,
    page: PageArgs,
  ): Promise<Page<Webhook>> {
    const ids = filter.ids ? common(filter.ids, this.#ids) : this.#ids;
    return super.webhooks(tenantId, { ...filter, ids }, orderBy, page);
  }
}

export class NarrowReader extends Reader {
  readonly #view: View;

  constructor(orm: MikroORM, now: () => Date, view: View) {
    super(orm, now, view.catalogOf);
    this.#view = view;
  }

  override async event(tenantId: string, id: string): Promise<Event | null> {
    return this.#seen(tenantId, await super.event(tenantId, id));
  }

  override async eventByKey(tenantId: string, key: string): Promise<Event | null> {
    return this.#seen(tenantId, await super.eventByKey(tenantId, key));
  }

  override async delivery(tenantId: string, id: string): Promise<Delivery | null> {
    return this.#seen(tenantId, await super.delivery(tenantId, id));
  }

  override async deliveries(
    tenantId: string,
    filter: DeliveryFilter,
    page: PageArgs,
  ): Promise<Page<Delivery>> {
    const ids = filter.webhooks
      ? await this.webhookIds(tenantId, filter.webhooks)
      : this.#view.webhookIds;
    return super.deliveries(tenantId, { ...filter, webhooks: ids.map((id) => ({ id })) }, page);
  }

  override async inbox(tenantId: string, id: string): Promise<Inbox | null> {
    return this.#seen(tenantId, await super.inbox(tenantId, id));
  }

  override async inboxes(tenantId: string, page: PageArgs): Promise<Page<Inbox>> {
    return super.inboxes(tenantId, page, await this.#inboxIds(tenantId));
  }

  override async webhook(tenantId: string, ref: WebhookRef): Promise<Webhook | null> {
    return this.#seen(tenantId, await super.webhook(tenantId, ref));
  }

  override async webhookIds(tenantId: string, refs: readonly WebhookRef[]): Promise<string[]> {
    return common(await super.webhookIds(tenantId, refs), this.#view.webhookIds);
  }

  override async byIds<T extends { id: string; tenantId: string }>(
    entity: EntityClass<T>,
    tenantId: string,
    ids: readonly string[],
  ): Promise<T[]> {
    return this.#allSeen(tenantId, await super.byIds(entity, tenantId, ids));
  }

  /** Those of the newest deliveries: however much others publish, no more is looked at. */
  protected override eventsSeen(): object {
    const ids = [...this.#view.webhookIds];
    const most = Math.floor(EVENTS_MAX / Math.max(1, ids.length));
    const newest = `select event_id from (select event_id from delivery where webhook_id = ? order by id desc limit ${most}) newest`;
    const all = ids.map(() => newest).join(" union all ") || "select null";
    return { [raw((event) => `${event}.id in (${all})`, ids)]: true };
  }

  async #seen<T extends object>(tenantId: string, row: T | null): Promise<T | null> {
    return row && ((await this.#allSeen(tenantId, [row]))[0] ?? null);
  }

  /** Of rows of one kind, those that belong to the webhooks. */
  async #allSeen<T extends object>(tenantId: string, rows: readonly T[]): Promise<T[]> {
    const [first] = rows;
    if (!first) return [];
    const isSeen = await this.#testOf(tenantId, first, rows);
    return rows.filter((row) => isSeen(row as never));
  }

  async #testOf(
    tenantId: string,
    kind: object,
    rows: readonly object[],
  ): Promise<(row: never) => boolean> {
    const webhooks = new Set(this.#view.webhookIds);
    if (kind instanceof Webhook) return (row: Webhook) => webhooks.has(row.id);
    if (kind instanceof Delivery) return (row: Delivery) => webhooks.has(row.webhookId);
    if (kind instanceof SigningSecret) return (row: SigningSecret) => webhooks.has(row.webhookId);
    if (kind instanceof DeliveryAttempt) {
      const ids = (rows as readonly DeliveryAttempt[]).map(({ deliveryId }) => deliveryId);
      const seen = new Set((await this.byIds(Delivery, tenantId, ids)).map(({ id }) => id));
      return (row: DeliveryAttempt) => seen.has(row.deliveryId);
    }
    if (kind instanceof Event) {
      const seen = await this.#eventIds(tenantId, rows as readonly Event[]);
      return (row: Event) => seen.has(row.id);
    }
    const inboxes = new Set(await this.#inboxIds(tenantId));
    if (kind instanceof Inbox) return (row: Inbox) => inboxes.has(row.id);
    if (kind instanceof InboxRequest) return (row: InboxRequest) => inboxes.has(row.inboxId);
    return () => false;
  }

  async #eventIds(tenantId: string, events: readonly Event[]): Promise<Set<string>> {
    const delivered = await this.em.find(
      Delivery,
      {
        tenantId,
        eventId: { $in: events.map(({ id }) => id) },
        webhookId: { $in: [...this.#view.webhookIds] },
      },
      { fields: ["eventId"] },
    );
    return new Set(delivered.map(({ eventId }) => eventId));
  }

  async #inboxIds(tenantId: string): Promise<string[]> {
    const { webhookIds, inboxPrefix } = this.#view;
    const webhooks = await this.em.find(
      Webhook,
      { tenantId, deletedAt: null, id: { $in: [...webhookIds] } },
      { fields: ["url"] },
    );
    return webhooks
      .filter(({ url }) => url.startsWith(inboxPrefix))
      .map(({ url }) => url.slice(inboxPrefix.length).split(/[/?#]/)[0]!);
  }
}

function common(ids: readonly string[], others: readonly string[]): string[] {
  return ids.filter((id) => others.includes(id));
}
