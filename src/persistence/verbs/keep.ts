import { Delivery, LEASE_MARGIN_MS, type Claim } from "../../domain/delivery.ts";
import { bodyOf, type Event, type PayloadFormat } from "../../domain/event.ts";
import type { Route } from "../../domain/route.ts";
import type { Kept, Lanes, NewEvent } from "../../domain/store.ts";
import type { Transaction } from "../transaction.ts";

export interface Keep {
  readonly tenantId: string;
  readonly events: readonly NewEvent[];
  readonly lanes: Lanes;
}

/** Events with all their deliveries. Of each idempotency key the first one wins; the others learn whose it is. */
export function keep(transaction: Transaction, { tenantId, events, lanes }: Keep): Kept[] {
  return events.map(({ event, hash }) => {
    if (hash !== null && !transaction.sql.useKey(event, hash)) {
      const holder = transaction.sql.keyHolder(tenantId, event.idempotencyKey!);
      const kind = holder.hash === hash ? "REPEAT" : "CONFLICT";
      return {
        eventId: holder.eventId,
        kind,
        matchedWebhooks: holder.matchedWebhooks,
        claims: [],
        waiting: [],
      };
    }
    return keepNew(transaction, event, lanes);
  });
}

function keepNew(transaction: Transaction, event: Event, lanes: Lanes): Kept {
  const routes = transaction.routes.wanting(event.tenantId, event.typeName);
  const bodies = new Map<PayloadFormat, string>();
  const claims: Claim[] = [];
  const waiting: string[] = [];
  transaction.sql.addEvent(Object.assign(event, { matchedWebhooks: routes.length }));
  for (const route of routes) {
    const isMine = route.state === "ACTIVE" && transaction.reserve(lanes, route);
    const delivery = addDelivery(transaction, event, route, isMine);
    if (isMine) claims.push(claimOf(delivery, cached(bodies, event, route.format)));
    else waiting.push(route.webhookId);
  }
  return { eventId: event.id, kind: "NEW", matchedWebhooks: routes.length, claims, waiting };
}

/** A test's event and its one delivery, leased in whatever state the webhook is; null when it was deleted. */
export function keepTest(
  transaction: Transaction,
  { event, webhookId }: { event: Event; webhookId: string },
): Claim | null {
  const route = transaction.routes.find(event.tenantId, webhookId);
  if (!route) return null;
  transaction.sql.addEvent(event);
  return claimOf(addDelivery(transaction, event, route, true), bodyOf(event, route.format));
}

function addDelivery(
  transaction: Transaction,
  event: Event,
  route: Route,
  isMine: boolean,
): Delivery {
  const { clock, newId, owner } = transaction.tools;
  const now = clock.now();
  const delivery: Delivery = {
    id: newId("dlv"),
    tenantId: event.tenantId,
    eventId: event.id,
    eventType: event.typeName,
    webhookId: route.webhookId,
    webhookName: route.webhookName,
    format: route.format,
    isTest: event.isTest,
    status: "PENDING",
    trigger: event.isTest ? "TEST" : "AUTOMATIC",
    attempts: 0,
    failures: 0,
    losses: 0,
    createdAt: now,
    dueAt: now,
    succeededAt: null,
    finishedAt: null,
    lastOutcome: null,
    lastAttemptId: null,
    claimOwner: isMine ? owner : null,
    claimNumber: isMine ? 1 : 0,
    claimEndsAt: isMine ? clock.leaseMs() + route.timeoutMs + LEASE_MARGIN_MS : null,
  };
  transaction.sql.addDelivery(delivery);
  logDelivery(transaction, delivery, "CREATED", now);
  return delivery;
}

/** One row of the log for a change of a delivery. */
export function logDelivery(
  transaction: Transaction,
  delivery: Pick<
    Delivery,
    "tenantId" | "id" | "webhookId" | "eventId" | "eventType" | "status" | "attempts" | "dueAt"
  > & { readonly isTest: boolean },
  change: "CREATED" | "REQUEUED" | "CANCELLED",
  at: Date,
): void {
  const {
    tenantId,
    id: deliveryId,
    webhookId,
    eventId,
    eventType,
    isTest,
    status,
    attempts,
    dueAt,
  } = delivery;
  transaction.log({
    tenantId,
    at,
    change,
    deliveryId,
    webhookId,
    eventId,
    eventType,
    isTest,
    status,
    attempts,
    dueAt,
  });
}

function claimOf(delivery: Delivery, body: string): Claim {
  return {
    tenantId: delivery.tenantId,
    deliveryId: delivery.id,
    webhookId: delivery.webhookId,
    eventId: delivery.eventId,
    eventType: delivery.eventType,
    state: delivery,
    body,
    owner: delivery.claimOwner!,
    number: delivery.claimNumber,
    endsAt: delivery.claimEndsAt!,
  };
}

function cached(bodies: Map<PayloadFormat, string>, event: Event, format: PayloadFormat): string {
  let body = bodies.get(format);
  if (body === undefined) bodies.set(format, (body = bodyOf(event, format)));
  return body;
}
