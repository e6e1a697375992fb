import type { SeedWebhooks } from "./seed.ts";

/** A page of the API that somebody waits for. */
export interface List {
  readonly name: string;
  readonly query: string;
  readonly variables?: object;
  /** Of the budget for pages. */
  readonly hasBudget?: boolean;
}

const ROW = `id eventType webhookName status isTest createdAt attemptCount nextAttemptAt
  lastAttempt { outcome responseStatus startedAt durationMs }`;
const DELIVERIES = `query ($filter: DeliveryFilter, $after: String) {
  deliveries(first: 50, filter: $filter, after: $after) { nodes { ${ROW} } pageInfo { hasNextPage endCursor } } }`;
const COUNT = `query ($filter: DeliveryFilter) {
  deliveries(first: 1, filter: $filter) { totalCount { value exact } } }`;
const EVENTS = `query ($filter: EventFilter) {
  publishedEvents(first: 50, filter: $filter) { nodes { id typeName publishedAt } pageInfo { endCursor } } }`;
const EVENT = `query ($id: ID!) {
  publishedEvent(by: { id: $id }) { deliveries(first: 50) { nodes { ${ROW} } } } }`;
const WEBHOOK = `query ($id: ID!) {
  webhook(by: { id: $id }) { name deliveries(first: 50) { nodes { ${ROW} } } } }`;
const WEBHOOK_TABLE = `{ webhooks(first: 25) { nodes { name state deliveryCount
  health { state successRate24h p50Ms p95Ms autoPauseAt } lastDelivery { status createdAt }
  waiting { pending { value } retrying { value } failed24h { value } nextAttemptAt } } } }`;
const ATTEMPTS = `query ($id: ID!) {
  delivery(id: $id) { attempts(first: 25) { nodes { outcome responseStatus durationMs } } } }`;
const CATALOG = "{ events { name title description category } }";

/** `type` is one that a share of the events has. */
export function listsOf(
  { active, paused, rare }: SeedWebhooks,
  type: string,
  middle: Middle,
): readonly List[] {
  const by = (what: string, filter: object, hasBudget = false): List => ({
    name: `deliveries ${what}`,
    query: DELIVERIES,
    variables: { filter },
    hasBudget,
  });
  const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  const statuses = ["SUCCEEDED", "FAILED", "CANCELLED", "RETRYING", "PENDING", "HELD"];
  return [
    { name: "deliveries", query: DELIVERIES, hasBudget: true },
    { name: "deliveries, a page in the middle", query: DELIVERIES, variables: middle },
    by("of a webhook", { webhooks: [{ id: active[0] }] }, true),
    by("of a webhook with few", { webhooks: [{ id: rare }] }, true),
    ...statuses.map((status) => by(status, { statuses: [status] }, true)),
    by("of an event type", { eventTypes: [type] }, true),
    by("of an event type without any", { eventTypes: ["membership_expired"] }, true),
    by("of the last day", { createdAt: { from: ago(1) } }),
    by("of a day 20 days ago", { createdAt: { from: ago(21), to: ago(20) } }),
    by("that are tests", { isTest: true }),
    by("whose last outcome is TIMEOUT", { lastOutcomes: ["TIMEOUT"] }),
    by("whose last outcome is TLS", { lastOutcomes: ["TLS"] }),
    by("whose last outcome is DNS (none)", { lastOutcomes: ["DNS"] }),
    by("FAILED or CANCELLED", { statuses: ["FAILED", "CANCELLED"] }),
    by("PENDING, RETRYING or HELD", { statuses: ["PENDING", "RETRYING", "HELD"] }),
    by("FAILED, of a webhook", { statuses: ["FAILED"], webhooks: [{ id: active[0] }] }),
    by("HELD, of a webhook", { statuses: ["HELD"], webhooks: [{ id: paused[0] }] }),
    by("SUCCEEDED, of a webhook with few", { statuses: ["SUCCEEDED"], webhooks: [{ id: rare }] }),
    by("of two event types without any", { eventTypes: ["membership_expired", "invoice_sent"] }),
    by("whose last outcome is TLS or DNS", { lastOutcomes: ["TLS", "DNS"] }),
    { name: "totalCount", query: COUNT },
    {
      name: "totalCount of a webhook",
      query: COUNT,
      variables: { filter: { webhooks: [{ id: active[0] }] } },
    },
    { name: "totalCount FAILED", query: COUNT, variables: { filter: { statuses: ["FAILED"] } } },
    { name: "events", query: EVENTS },
    { name: "events of a type", query: EVENTS, variables: { filter: { types: [type] } } },
    { name: "events that are tests", query: EVENTS, variables: { filter: { isTest: true } } },
    {
      name: "events of a day 20 days ago",
      query: EVENTS,
      variables: { filter: { publishedAt: { from: ago(21), to: ago(20) } } },
    },
    { name: "deliveries of an event", query: EVENT, variables: { id: middle.eventId } },
    { name: "a webhook with its deliveries", query: WEBHOOK, variables: { id: active[1] } },
    { name: "webhooks with health and counts", query: WEBHOOK_TABLE },
    { name: "attempts of a delivery", query: ATTEMPTS, variables: { id: middle.deliveryId } },
    { name: "the catalog", query: CATALOG },
  ];
}

/** Something in the middle of the list, and what is there. */
export interface Middle {
  readonly after: string;
  readonly deliveryId: string;
  readonly eventId: string;
}
