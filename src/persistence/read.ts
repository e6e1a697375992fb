import type { EntityClass, FilterQuery, MikroORM } from "@mikro-orm/sqlite";
import {
  Delivery,
  DeliveryAttempt,
  isWaiting,
  type DeliveryStatus,
  type StoredStatus,
} from "../domain/delivery.ts";
import { findEventType } from "../domain/event-type.ts";
import { Event } from "../domain/event.ts";
import { idBefore, type IdPrefix } from "../domain/id.ts";
import { Inbox, InboxRequest } from "../domain/inbox.ts";
import type { OutcomeKind } from "../domain/outcome.ts";
import { SigningSecret, Webhook, type WebhookRef } from "../domain/webhook.ts";
import { DELIVERIES_OF_EVENT, DELIVERY_TESTS } from "./mapping-deliveries.ts";
import { EVENT_TESTS, IdempotencyKey } from "./mapping.ts";
import {
  emptyPage,
  NEWEST_FIRST,
  OLDEST_FIRST,
  readPage,
  type Em,
  type Page,
  type PageArgs,
} from "./page.ts";

export interface TimeRange {
  readonly from?: Date | null;
  readonly to?: Date | null;
}

export interface EventFilter {
  readonly types?: readonly string[] | null;
  readonly publishedAt?: TimeRange | null;
  readonly isTest?: boolean | null;
}

export interface DeliveryFilter {
  readonly ids?: readonly string[] | null;
  readonly eventIds?: readonly string[] | null;
  readonly webhooks?: readonly WebhookRef[] | null;
  readonly eventTypes?: readonly string[] | null;
  readonly statuses?: readonly DeliveryStatus[] | null;
  readonly lastOutcomes?: readonly OutcomeKind[] | null;
  readonly createdAt?: TimeRange | null;
  readonly isTest?: boolean | null;
}

/** Reads, tenant first: what belongs to another tenant is not there. Each call sees all that was committed before it. */
export class Reader {
  readonly #orm: MikroORM;
  readonly #now: () => Date;

  constructor(orm: MikroORM, now: () => Date) {
    this.#orm = orm;
    this.#now = now;
  }

  event(tenantId: string, id: string): Promise<Event | null> {
    return this.#em.findOne(Event, { tenantId, id });
  }

  async eventByKey(tenantId: string, key: string): Promise<Event | null> {
    const em = this.#em;
    const used = await em.findOne(IdempotencyKey, { tenantId, key });
    return used && em.findOne(Event, { tenantId, id: used.eventId });
  }

  events(tenantId: string, filter: EventFilter, page: PageArgs): Promise<Page<Event>> {
    const { types, publishedAt, isTest = false } = filter;
    const where = {
      tenantId,
      ...(types && { typeName: { $in: types.map(canonicalName) } }),
      ...(isTest !== null && { isTest }),
      ...within("evt", "publishedAt", publishedAt),
    };
    const index = isTest ? EVENT_TESTS : undefined;
    return readPage(this.#em, { entity: Event, where, index, order: NEWEST_FIRST, page });
  }

  delivery(tenantId: string, id: string): Promise<Delivery | null> {
    return this.#em.findOne(Delivery, { tenantId, id });
  }

  async deliveries(
    tenantId: string,
    filter: DeliveryFilter,
    page: PageArgs,
  ): Promise<Page<Delivery>> {
    const em = this.#em;
    const webhookIds = filter.webhooks
      ? await this.webhookIds(tenantId, filter.webhooks)
      : undefined;
    const statuses =
      filter.statuses && (await this.#statusCondition(em, tenantId, filter.statuses));
    const { ids, eventIds, eventTypes, lastOutcomes, createdAt, isTest } = filter;
    const where = {
      tenantId,
      ...(ids && { id: { $in: ids } }),
      ...(eventIds && { eventId: { $in: eventIds } }),
      ...(webhookIds && { webhookId: { $in: webhookIds } }),
      ...(eventTypes && { eventType: { $in: eventTypes.map(canonicalName) } }),
      ...(lastOutcomes && outcomeIn(lastOutcomes)),
      ...(isTest != null && { isTest }),
      ...within("dlv", "createdAt", createdAt),
      ...(statuses && { $or: statuses }),
    } as FilterQuery<Delivery>;
    if (statuses?.length === 0) return emptyPage();
    const index = eventIds ? DELIVERIES_OF_EVENT : isTest ? DELIVERY_TESTS : undefined;
    return readPage(em, { entity: Delivery, where, index, order: NEWEST_FIRST, page });
  }

  attempts(tenantId: string, deliveryId: string, page: PageArgs): Promise<Page<DeliveryAttempt>> {
    const where = { tenantId, deliveryId };
    return readPage(this.#em, { entity: DeliveryAttempt, where, order: OLDEST_FIRST, page });
  }

  inbox(tenantId: string, id: string): Promise<Inbox | null> {
    return this.#em.findOne(Inbox, { tenantId, id, expiresAt: { $gt: this.#now() } });
  }

  /** For a request that comes in: the id in the address says whose it is. */
  anyInbox(id: string): Promise<Inbox | null> {
    return this.#em.findOne(Inbox, { id, expiresAt: { $gt: this.#now() } });
  }

  inboxes(tenantId: string, page: PageArgs): Promise<Page<Inbox>> {
    const where = { tenantId, expiresAt: { $gt: this.#now() } };
    return readPage(this.#em, { entity: Inbox, where, order: NEWEST_FIRST, page });
  }

  inboxRequests(tenantId: string, inboxId: string, page: PageArgs): Promise<Page<InboxRequest>> {
    return readPage(this.#em, {
      entity: InboxRequest,
      where: { tenantId, inboxId },
      order: NEWEST_FIRST,
      page,
    });
  }

  webhook(tenantId: string, ref: WebhookRef): Promise<Webhook | null> {
    return this.#em.findOne(Webhook, { ...ref, tenantId, deletedAt: null });
  }

  /** Those that exist, deleted ones too while their deliveries are kept. */
  async webhookIds(tenantId: string, refs: readonly WebhookRef[]): Promise<string[]> {
    const named = refs.map((ref) => ("id" in ref ? { id: ref.id } : { key: ref.key }));
    if (named.length === 0) return [];
    const found = await this.#em.find(Webhook, { tenantId, $or: named }, { fields: ["id"] });
    return found.map(({ id }) => id);
  }

  byIds<T extends { id: string; tenantId: string }>(
    entity: EntityClass<T>,
    tenantId: string,
    ids: readonly string[],
  ) {
    return this.#em.find(entity, {
      tenantId,
      id: { $in: ids },
    } as unknown as FilterQuery<T>) as Promise<T[]>;
  }

  secrets(tenantId: string, webhookIds: readonly string[]): Promise<SigningSecret[]> {
    return this.#em.find(
      SigningSecret,
      { tenantId, webhookId: { $in: webhookIds } },
      { orderBy: { id: "desc" } },
    );
  }

  async isReadable(): Promise<boolean> {
    return this.#orm.isConnected();
  }

  get #em(): Em {
    return this.#orm.em.fork() as Em;
  }

  /** What is stored for a status as it reads: a waiting delivery reads by the state of its webhook. */
  async #statusCondition(
    em: Em,
    tenantId: string,
    statuses: readonly DeliveryStatus[],
  ): Promise<object[]> {
    const stored = statuses.filter((status): status is StoredStatus => status !== "HELD");
    const waiting = stored.filter(isWaiting);
    const final = stored.filter((status) => !isWaiting(status));
    const still = await em.find(
      Webhook,
      { tenantId, $or: [{ state: { $ne: "ACTIVE" } }, { deletedAt: { $ne: null } }] },
      { fields: ["id", "deletedAt"] },
    );
    const held = still.filter((webhook) => !webhook.deletedAt).map(({ id }) => id);
    const deleted = still.filter((webhook) => webhook.deletedAt).map(({ id }) => id);
    const anyWaiting = { status: { $in: ["PENDING", "RETRYING"] }, isTest: false };
    return [
      ...(final.length > 0 ? [{ status: { $in: final } }] : []),
      ...(waiting.length > 0
        ? [
            {
              status: { $in: waiting },
              $or: [{ isTest: true }, { webhookId: { $nin: [...held, ...deleted] } }],
            },
          ]
        : []),
      ...(statuses.includes("HELD") && held.length > 0
        ? [{ ...anyWaiting, webhookId: { $in: held } }]
        : []),
      ...(final.includes("CANCELLED") && deleted.length > 0
        ? [{ ...anyWaiting, webhookId: { $in: deleted } }]
        : []),
    ];
  }
}

/** A name or alias as it is stored; a name that does not exist matches nothing. */
function canonicalName(name: string): string {
  return findEventType(name)?.name ?? name;
}

/** How far an id may be from the moment beside it, when the clock was set. */
const ID_MARGIN_MS = 3_600_000;

/** From inclusive, to exclusive. Ids are made of the same moment: by their bounds a list finds its place at once. */
function within(prefix: IdPrefix, property: string, range: TimeRange | null | undefined): object {
  const { from, to } = range ?? {};
  if (!from && !to) return {};
  const id = (at: Date, margin: number) => idBefore(prefix, new Date(at.getTime() + margin));
  return {
    $and: [
      { [property]: { ...(from && { $gte: from }), ...(to && { $lt: to }) } },
      ...(from ? [{ id: { $gte: id(from, -ID_MARGIN_MS) } }] : []),
      ...(to ? [{ id: { $lt: id(to, ID_MARGIN_MS) } }] : []),
    ],
  };
}

/** Without SUCCEEDED it says so once more, in the words of the index that leaves successes out. */
function outcomeIn(outcomes: readonly OutcomeKind[]): object {
  const $in = { lastOutcome: { $in: outcomes } };
  if (outcomes.includes("SUCCEEDED")) return $in;
  return { $and: [$in, { lastOutcome: { $ne: "SUCCEEDED" } }] };
}
