import type { EntityClass, FilterQuery, MikroORM } from "@mikro-orm/sql";
import type { Catalog } from "../domain/catalog/catalog.ts";
import { EventTypeVersion } from "../domain/catalog/own.ts";
import { Delivery, DeliveryAttempt, isWaiting, type DeliveryStatus } from "../domain/delivery.ts";
import { Event } from "../domain/event.ts";
import { Inbox, InboxRequest } from "../domain/inbox.ts";
import type { OutcomeKind } from "../domain/outcome.ts";
import { SigningSecret, Webhook, type WebhookRef } from "../domain/webhook.ts";
import { Body } from "./mapping-catalog.ts";
import { DELIVERIES_OF_EVENT, DELIVERY_TESTS } from "./mapping-deliveries.ts";
import { EVENT_TESTS, IdempotencyKey } from "./mapping.ts";
import { NEWEST_FIRST, OLDEST_FIRST, readPage, type Em, type Page, type PageArgs } from "./page.ts";
import { within, type TimeRange } from "./time-range.ts";

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

const WAITING = ["PENDING", "RETRYING"] as const;
const FEW = 10_000;

/** Reads, tenant first: what belongs to another tenant is not there. Each call sees all that was committed before it. */
export class Reader {
  readonly #orm: MikroORM;
  readonly #now: () => Date;
  readonly #catalogOf: (tenantId: string) => Promise<Catalog>;

  constructor(orm: MikroORM, now: () => Date, catalogOf: (tenantId: string) => Promise<Catalog>) {
    this.#orm = orm;
    this.#now = now;
    this.#catalogOf = catalogOf;
  }

  event(tenantId: string, id: string): Promise<Event | null> {
    return this.em.findOne(Event, { tenantId, id });
  }

  async eventByKey(tenantId: string, key: string): Promise<Event | null> {
    const em = this.em;
    const used = await em.findOne(IdempotencyKey, { tenantId, key });
    return used && em.findOne(Event, { tenantId, id: used.eventId });
  }

  async events(tenantId: string, filter: EventFilter, page: PageArgs): Promise<Page<Event>> {
    const { types, publishedAt, isTest = false } = filter;
    const where = {
      tenantId,
      ...(isTest !== null && { isTest }),
      ...within("evt", "publishedAt", publishedAt),
      ...this.eventsSeen(),
    };
    return readPage(this.em, {
      entity: Event,
      where,
      parts: types ? each("typeName", await this.#canonical(tenantId, types)) : undefined,
      index: isTest ? EVENT_TESTS : undefined,
      order: NEWEST_FIRST,
      page,
    });
  }

  delivery(tenantId: string, id: string): Promise<Delivery | null> {
    return this.em.findOne(Delivery, { tenantId, id });
  }

  async deliveries(
    tenantId: string,
    filter: DeliveryFilter,
    page: PageArgs,
  ): Promise<Page<Delivery>> {
    const em = this.em;
    const { ids, eventIds, eventTypes, statuses, lastOutcomes, createdAt, isTest } = filter;
    const webhooks = filter.webhooks && (await this.#webhooks(tenantId, filter.webhooks));
    const index = eventIds ? DELIVERIES_OF_EVENT : isTest ? DELIVERY_TESTS : undefined;
    // Without statistics SQLite would rather go by the tenant, whose webhooks these are.
    const isByWebhook =
      webhooks && !index && (isFew(webhooks) || !(statuses ?? lastOutcomes ?? eventTypes));
    const ofWebhooks = webhooks && each("webhookId", idsOf(webhooks));
    const lists = [
      isByWebhook && ofWebhooks,
      statuses && (await this.#ofStatuses(em, tenantId, new Set(statuses))),
      lastOutcomes && each("lastOutcome", lastOutcomes).map(inIndex),
      eventTypes && each("eventType", await this.#canonical(tenantId, eventTypes)),
      !isByWebhook && ofWebhooks,
    ].filter((list) => list != null && list !== false);
    const [parts, ...others] = lists;
    const where = {
      ...(!isByWebhook && { tenantId }),
      ...(ids && { id: { $in: ids } }),
      ...(eventIds && { eventId: { $in: eventIds } }),
      ...(isTest != null && { isTest }),
      ...within("dlv", "createdAt", createdAt),
    };
    return readPage(em, {
      entity: Delivery,
      where: { $and: [where, ...others.map((list) => ({ $or: list }))] } as FilterQuery<Delivery>,
      parts: lists.some((list) => list.length === 0) ? [] : parts,
      index,
      order: NEWEST_FIRST,
      page,
    });
  }

  attempts(tenantId: string, deliveryId: string, page: PageArgs): Promise<Page<DeliveryAttempt>> {
    const where = { tenantId, deliveryId };
    return readPage(this.em, { entity: DeliveryAttempt, where, order: OLDEST_FIRST, page });
  }

  inbox(tenantId: string, id: string): Promise<Inbox | null> {
    return this.em.findOne(Inbox, { tenantId, id, expiresAt: { $gt: this.#now() } });
  }

  /** For a request that comes in: the id in the address says whose it is. */
  anyInbox(id: string): Promise<Inbox | null> {
    return this.em.findOne(Inbox, { id, expiresAt: { $gt: this.#now() } });
  }

  /** Only of these, when they are named. */
  inboxes(tenantId: string, page: PageArgs, ids?: readonly string[]): Promise<Page<Inbox>> {
    const where = { tenantId, expiresAt: { $gt: this.#now() }, ...(ids && { id: { $in: ids } }) };
    return readPage(this.em, { entity: Inbox, where, order: NEWEST_FIRST, page });
  }

  inboxRequests(tenantId: string, inboxId: string, page: PageArgs): Promise<Page<InboxRequest>> {
    return readPage(this.em, {
      entity: InboxRequest,
      where: { tenantId, inboxId },
      order: NEWEST_FIRST,
      page,
    });
  }

  webhook(tenantId: string, ref: WebhookRef): Promise<Webhook | null> {
    return this.em.findOne(Webhook, { ...ref, tenantId, deletedAt: null });
  }

  /** Those that exist, deleted ones too while their deliveries are kept. */
  async webhookIds(tenantId: string, refs: readonly WebhookRef[]): Promise<string[]> {
    return idsOf(await this.#webhooks(tenantId, refs));
  }

  byIds<T extends { id: string; tenantId: string }>(
    entity: EntityClass<T>,
    tenantId: string,
    ids: readonly string[],
  ) {
    return this.em.find(entity, {
      tenantId,
      id: { $in: ids },
    } as unknown as FilterQuery<T>) as Promise<T[]>;
  }

  /** Those that sign now, newest first. */
  secrets(tenantId: string, webhookIds: readonly string[]): Promise<SigningSecret[]> {
    const isValid = { $or: [{ expiresAt: null }, { expiresAt: { $gt: this.#now() } }] };
    return this.em.find(
      SigningSecret,
      { tenantId, webhookId: { $in: webhookIds }, ...isValid },
      { orderBy: { id: "desc" } },
    );
  }

  async isReadable(): Promise<boolean> {
    return this.#orm.isConnected();
  }

  /** What a list of events leaves out. */
  protected eventsSeen(): object {
    return {};
  }

  protected get em(): Em {
    return this.#orm.em.fork() as Em;
  }

  /** An older version of a tenant's own type, or the one that is there. */
  eventTypeVersion(
    tenantId: string,
    eventTypeId: string,
    version: number,
  ): Promise<EventTypeVersion | null> {
    return this.em.findOne(EventTypeVersion, { tenantId, eventTypeId, version });
  }

  /** What a selection left of payloads. */
  async bodies(
    tenantId: string,
    keys: readonly Pick<Body, "eventId" | "shape">[],
  ): Promise<Body[]> {
    const em = this.em;
    const named = keys.map(({ eventId }) => eventId);
    const events = await em.find(Event, { tenantId, id: { $in: named } }, { fields: ["id"] });
    const theirs = new Set(idsOf(events));
    const seen = keys.filter(({ eventId }) => theirs.has(eventId));
    if (seen.length === 0) return [];
    return em.find(Body, { $or: seen.map(({ eventId, shape }) => ({ eventId, shape })) });
  }

  async #canonical(tenantId: string, names: readonly string[]): Promise<string[]> {
    const catalog = await this.#catalogOf(tenantId);
    return names.map((name) => catalog.canonical(name));
  }

  async #webhooks(tenantId: string, refs: readonly WebhookRef[]) {
    const named = refs.map((ref) => ("id" in ref ? { id: ref.id } : { key: ref.key }));
    if (named.length === 0) return [];
    const fields = ["id", "deliveryCount", "filteredCount"] as const;
    return this.em.find(Webhook, { tenantId, $or: named }, { fields });
  }

  /** What is stored for each status as it reads: a waiting delivery reads by the state of its webhook. */
  async #ofStatuses(
    em: Em,
    tenantId: string,
    statuses: ReadonlySet<DeliveryStatus>,
  ): Promise<object[]> {
    const still = await em.find(
      Webhook,
      { tenantId, $or: [{ state: { $ne: "ACTIVE" } }, { deletedAt: { $ne: null } }] },
      { fields: ["id", "deletedAt"] },
    );
    const held = idsOf(still.filter((webhook) => !webhook.deletedAt));
    const deleted = idsOf(still.filter((webhook) => webhook.deletedAt));
    const waitingFor = (webhookIds: string[]) =>
      webhookIds.length > 0
        ? WAITING.map((status) => ({ status, isTest: false, webhookId: { $in: webhookIds } }))
        : [];
    const notStill =
      still.length > 0 ? { $or: [{ isTest: true }, { webhookId: { $nin: idsOf(still) } }] } : {};
    return [...statuses].flatMap((status): object[] => {
      if (status === "HELD") return waitingFor(held);
      if (isWaiting(status)) return [{ status, ...notStill }];
      return [{ status }, ...(status === "CANCELLED" ? waitingFor(deleted) : [])];
    });
  }
}

function each(property: string, values: readonly string[]): Record<string, string>[] {
  return [...new Set(values)].map((value) => ({ [property]: value }));
}

/** Says it once more, in the words of the index that leaves successes out. */
function inIndex(outcome: Record<string, string>): object {
  if (outcome["lastOutcome"] === "SUCCEEDED") return outcome;
  return { $and: [outcome, { lastOutcome: { $ne: "SUCCEEDED" } }] };
}

function idsOf(rows: readonly { readonly id: string }[]): string[] {
  return rows.map(({ id }) => id);
}

/** So few that all of them can be looked at. */
function isFew(
  webhooks: readonly { readonly deliveryCount: number; readonly filteredCount: number }[],
): boolean {
  return webhooks.reduce((sum, one) => sum + one.deliveryCount + one.filteredCount, 0) <= FEW;
}
