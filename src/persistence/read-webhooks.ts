import type { FilterQuery, MikroORM } from "@mikro-orm/sqlite";
import { Delivery } from "../domain/delivery.ts";
import { DAY } from "../domain/duration.ts";
import { expandPatterns, matchesType } from "../domain/event-type.ts";
import { WebhookHour } from "../domain/health.ts";
import { Webhook, type WebhookHealthState, type WebhookState } from "../domain/webhook.ts";
import { readPage, type Count, type Em, type Order, type Page, type PageArgs } from "./page.ts";

export const WEBHOOK_ORDERS = ["CREATED_AT", "NAME", "LAST_FAILED_AT"] as const;
export type WebhookOrder = (typeof WEBHOOK_ORDERS)[number];

export interface WebhookFilter {
  readonly ids?: readonly string[];
  readonly search?: string | null;
  readonly states?: readonly WebhookState[] | null;
  readonly health?: readonly WebhookHealthState[] | null;
  /** Webhooks that would receive these. */
  readonly eventTypes?: readonly string[] | null;
  readonly integration?: string | null;
  readonly url?: string | null;
}

export interface Waiting {
  readonly pending: Count;
  readonly retrying: Count;
  readonly failed24h: Count;
  readonly nextAttemptAt: Date | null;
}

const ORDERS: Record<WebhookOrder, Order<Webhook>> = {
  CREATED_AT: { by: [{ property: "id", direction: "desc" }] },
  NAME: {
    by: [
      { property: "name", direction: "asc" },
      { property: "id", direction: "asc" },
    ],
  },
  LAST_FAILED_AT: {
    by: [
      { property: "lastFailedAt", direction: "desc" },
      { property: "id", direction: "desc" },
    ],
  },
};
/** Entries of a webhook's queue that are looked at for its counts. */
const COUNT_MAX = 10_000;

/** What tables of webhooks show: each for all rows at once, so that a page costs a fixed number of queries. */
export class WebhookReader {
  readonly #orm: MikroORM;
  readonly #now: () => Date;

  constructor(orm: MikroORM, now: () => Date) {
    this.#orm = orm;
    this.#now = now;
  }

  async webhooks(
    tenantId: string,
    filter: WebhookFilter,
    orderBy: WebhookOrder,
    page: PageArgs,
  ): Promise<Page<Webhook>> {
    const em = this.#em;
    const { ids, search, states, health, eventTypes, integration, url } = filter;
    const where = {
      tenantId,
      deletedAt: null,
      ...(states && { state: { $in: states } }),
      ...(health && { health: { $in: health } }),
      ...(integration != null && { integration }),
      ...(url != null && { url: storedUrl(url) }),
      $and: [
        ids ? { id: { $in: ids } } : {},
        search || eventTypes ? { id: { $in: await this.#passing(em, tenantId, filter) } } : {},
      ],
    } as FilterQuery<Webhook>;
    return readPage(em, { entity: Webhook, where, order: ORDERS[orderBy], page });
  }

  /** The last 24 hours, hour by hour. */
  hours(webhookIds: readonly string[]): Promise<WebhookHour[]> {
    const since = this.#now().getTime() - DAY;
    return this.#em.find(WebhookHour, { webhookId: { $in: webhookIds }, hour: { $gt: since } });
  }

  /** The newest delivery of each, tests left out. */
  async lastDeliveries(tenantId: string, webhookIds: readonly string[]): Promise<Delivery[]> {
    const em = this.#em;
    const rows = await em.getConnection("read").execute<{ id: string | null }[]>(
      `select (select id from delivery d where d.webhook_id = w.value and d.is_test = 0 order by d.id desc limit 1) as id
       from json_each(?) w`,
      [JSON.stringify(webhookIds)],
    );
    return em.find(Delivery, { tenantId, id: { $in: rows.flatMap(({ id }) => id ?? []) } });
  }

  async waiting(webhookIds: readonly string[]): Promise<Map<string, Waiting>> {
    const rows = await this.#em.getConnection("read").execute<WaitingRow[]>(
      `select w.value as webhookId,
        (select count(*) from (select 1 from delivery d where d.webhook_id = w.value and d.due_at is not null
           and d.status = 'PENDING' and d.is_test = 0 limit ${COUNT_MAX + 1})) as pending,
        (select count(*) from (select 1 from delivery d where d.webhook_id = w.value and d.due_at is not null
           and d.status = 'RETRYING' and d.is_test = 0 limit ${COUNT_MAX + 1})) as retrying,
        (select count(*) from (select 1 from delivery d where d.webhook_id = w.value and d.status = 'FAILED'
           and d.finished_at >= ? and d.is_test = 0 limit ${COUNT_MAX + 1})) as failed24h,
        (select min(d.due_at) from delivery d where d.webhook_id = w.value and d.due_at is not null) as nextAttemptAt
       from json_each(?) w`,
      [this.#now().getTime() - DAY, JSON.stringify(webhookIds)],
    );
    const count = (value: number): Count => ({
      value: Math.min(value, COUNT_MAX),
      exact: value <= COUNT_MAX,
    });
    const waiting = ({ pending, retrying, failed24h, nextAttemptAt }: WaitingRow): Waiting => ({
      pending: count(pending),
      retrying: count(retrying),
      failed24h: count(failed24h),
      nextAttemptAt: nextAttemptAt === null ? null : new Date(nextAttemptAt),
    });
    return new Map(rows.map((row) => [row.webhookId, waiting(row)]));
  }

  /** Ids of the webhooks that pass what SQL can't say: words in any alphabet, patterns of event types. */
  async #passing(
    em: Em,
    tenantId: string,
    { search, eventTypes }: WebhookFilter,
  ): Promise<string[]> {
    const fields = ["id", "name", "url", "description", "key", "eventTypes", "state"] as const;
    const all = await em.find(Webhook, { tenantId, deletedAt: null }, { fields });
    const words = search?.toLowerCase();
    const types = eventTypes && expandPatterns(eventTypes).names;
    return all
      .filter(({ name, url, description, key }) =>
        words
          ? [name, url, description, key].some((text) => text?.toLowerCase().includes(words))
          : true,
      )
      .filter(({ eventTypes: patterns, state }) =>
        types ? state !== "DISABLED" && types.some((type) => matchesType(patterns, type)) : true,
      )
      .map(({ id }) => id);
  }

  get #em(): Em {
    return this.#orm.em.fork() as Em;
  }
}

interface WaitingRow {
  readonly webhookId: string;
  readonly pending: number;
  readonly retrying: number;
  readonly failed24h: number;
  readonly nextAttemptAt: number | null;
}

/** A URL as it is stored: in its normal form, without the fragment that is never sent. */
function storedUrl(text: string): string {
  const url = URL.parse(text);
  if (url) url.hash = "";
  return url?.href ?? text;
}
