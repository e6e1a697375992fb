import type { FilterQuery, MikroORM } from "@mikro-orm/sql";
import { matchesType, type Catalog } from "../domain/catalog/catalog.ts";
import type { EventType } from "../domain/catalog/entry.ts";
import { Delivery } from "../domain/delivery.ts";
import { DAY } from "../domain/duration.ts";
import { healthState, WebhookHour } from "../domain/health.ts";
import { Webhook, type WebhookHealthState, type WebhookState } from "../domain/webhook.ts";
import { dialectOf } from "./dialect.ts";
import { readPage, type Count, type Em, type Order, type Page, type PageArgs } from "./page.ts";

export type WebhookOrder = "CREATED_AT" | "NAME" | "LAST_FAILED_AT";

export interface WebhookFilter {
  readonly ids?: readonly string[];
  readonly search?: string | null;
  readonly states?: readonly WebhookState[] | null;
  readonly health?: readonly WebhookHealthState[] | null;
  /** Webhooks that would receive these. */
  readonly eventTypes?: readonly string[] | null;
  /** Webhooks whose patterns match one of these, whatever the catalog has. */
  readonly wanting?: readonly Pick<EventType, "name" | "aliases">[];
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
      { property: "name", direction: "asc", as: "words" },
      { property: "id", direction: "asc" },
    ],
  },
  LAST_FAILED_AT: {
    by: [
      { property: "lastFailedAt", direction: "desc", as: "instant" },
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
  readonly #catalogOf: (tenantId: string) => Promise<Catalog>;

  constructor(orm: MikroORM, now: () => Date, catalogOf: (tenantId: string) => Promise<Catalog>) {
    this.#orm = orm;
    this.#now = now;
    this.#catalogOf = catalogOf;
  }

  async webhooks(
    tenantId: string,
    filter: WebhookFilter,
    orderBy: WebhookOrder,
    page: PageArgs,
  ): Promise<Page<Webhook>> {
    const em = this.em;
    const { ids, search, states, health, eventTypes, wanting, integration, url } = filter;
    const where = {
      tenantId,
      deletedAt: null,
      ...(states && { state: { $in: states } }),
      ...(integration != null && { integration }),
      ...(url != null && { url: storedUrl(url) }),
      $and: [
        ids ? { id: { $in: ids } } : {},
        search || eventTypes || wanting || health
          ? { id: { $in: await this.#passing(em, tenantId, filter) } }
          : {},
      ],
    } as FilterQuery<Webhook>;
    return readPage(em, { entity: Webhook, where, order: ORDERS[orderBy], page });
  }

  /** The last 24 hours, hour by hour. */
  hours(webhookIds: readonly string[]): Promise<WebhookHour[]> {
    const since = this.#now().getTime() - DAY;
    return this.em.find(WebhookHour, { webhookId: { $in: webhookIds }, hour: { $gt: since } });
  }

  /** The newest delivery of each, tests left out. */
  async lastDeliveries(tenantId: string, webhookIds: readonly string[]): Promise<Delivery[]> {
    const em = this.em;
    const rows = await em.getConnection("read").execute<{ id: string | null }[]>(
      `select (select id from delivery d where d.webhook_id = w.value and d.is_test = false order by d.id desc limit 1) as id
       from ${dialectOf(em).listed}`,
      [JSON.stringify(webhookIds)],
    );
    return em.find(Delivery, { tenantId, id: { $in: rows.flatMap(({ id }) => id ?? []) } });
  }

  async waiting(webhookIds: readonly string[]): Promise<Map<string, Waiting>> {
    const { em } = this;
    const { listed, milliseconds, jsonObject } = dialectOf(em);
    const rows = await em.getConnection("read").execute<WaitingRow[]>(
      `select w.value as "webhookId",
        (select ${jsonObject}(status, count) from (
           select status, count(*) as count from (
             select status from delivery d where d.webhook_id = w.value and d.due_at is not null
             and d.is_test = false limit ${2 * COUNT_MAX + 1}) first group by status) counted) as waiting,
        (select count(*) from (select 1 as one from delivery d where d.webhook_id = w.value and d.status = 'FAILED'
           and d.finished_at >= ? and d.is_test = false limit ${COUNT_MAX + 1}) failed) as "failed24h",
        (select ${milliseconds("d.due_at")} from delivery d where d.webhook_id = w.value and d.due_at is not null
           and d.is_test = false order by d.due_at limit 1) as "nextAttemptAt"
       from ${listed}`,
      [new Date(this.#now().getTime() - DAY), JSON.stringify(webhookIds)],
    );
    const count = (value: number): Count => ({
      value: Math.min(value, COUNT_MAX),
      exact: value <= COUNT_MAX,
    });
    const counts = ({ waiting, failed24h, nextAttemptAt }: WaitingRow): Waiting => {
      const { PENDING = 0, RETRYING = 0 } = countsOf(waiting);
      // Looked at no further: either of them may be more.
      const isCut = PENDING + RETRYING > 2 * COUNT_MAX;
      return {
        pending: isCut ? { ...count(PENDING), exact: false } : count(PENDING),
        retrying: isCut ? { ...count(RETRYING), exact: false } : count(RETRYING),
        failed24h: count(Number(failed24h)),
        nextAttemptAt: nextAttemptAt === null ? null : new Date(nextAttemptAt),
      };
    };
    return new Map(rows.map((row) => [row.webhookId, counts(row)]));
  }

  /** Ids of the webhooks that pass what SQL can't say: words in any alphabet, patterns of types, health as of now. */
  async #passing(
    em: Em,
    tenantId: string,
    { search, eventTypes, wanting, health }: WebhookFilter,
  ): Promise<string[]> {
    const all = await em.find(Webhook, { tenantId, deletedAt: null });
    const hours = health ? await this.hours(all.map(({ id }) => id)) : [];
    const hoursOf = Map.groupBy(hours, ({ webhookId }) => webhookId);
    const words = search?.toLowerCase();
    const catalog = await this.#catalogOf(tenantId);
    const types = eventTypes && catalog.matched(eventTypes).map(({ name }) => name);
    const tests: ((webhook: Webhook) => boolean)[] = [
      ({ name, url, description, key }) =>
        !words || [name, url, description, key].some((text) => text?.toLowerCase().includes(words)),
      ({ eventTypes: patterns, state }) =>
        !types || (state !== "DISABLED" && types.some((type) => catalog.wants(patterns, type))),
      ({ eventTypes: patterns }) => !wanting || wanting.some((type) => matchesType(patterns, type)),
      (webhook) => !health || health.includes(healthState(webhook, hoursOf.get(webhook.id) ?? [])),
    ];
    return all.filter((webhook) => tests.every((test) => test(webhook))).map(({ id }) => id);
  }

  protected get em(): Em {
    return this.#orm.em.fork() as Em;
  }
}

interface WaitingRow {
  readonly webhookId: string;
  /** Count by status; PostgreSQL reads the JSON, and knows no empty object. */
  readonly waiting: string | Record<string, number> | null;
  readonly failed24h: number | string;
  readonly nextAttemptAt: number | null;
}

function countsOf(waiting: WaitingRow["waiting"]): Record<string, number> {
  return typeof waiting === "string"
    ? (JSON.parse(waiting) as Record<string, number>)
    : (waiting ?? {});
}

/** A URL as it is stored: in its normal form, without the fragment that is never sent. */
function storedUrl(text: string): string {
  const url = URL.parse(text);
  if (url) url.hash = "";
  return url?.href ?? text;
}
