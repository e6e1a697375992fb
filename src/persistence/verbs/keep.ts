import { Delivery, LEASE_MARGIN_MS, type Claim } from "../../domain/delivery.ts";
import type { Event } from "../../domain/event.ts";
import type { Route } from "../../domain/route.ts";
import type { Kept, Lanes, NewEvent } from "../../domain/store.ts";
import { Bodies } from "../bodies.ts";
import type { KeyUse } from "../statements.ts";
import type { Transaction } from "../transaction.ts";

export interface Keep {
  readonly events: readonly NewEvent[];
  readonly lanes: Lanes;
}

/** Events with all their deliveries. Of each idempotency key the first one wins; the others learn whose it is. */
export async function keep(
  transaction: Transaction,
  calls: readonly Keep[],
): Promise<readonly Kept[][]> {
  const holders = await holdersOf(transaction, calls);
  return calls.map(({ events, lanes }) =>
    events.map((kept) => {
      const holder = holders.get(kept.event.id);
      return holder ? repeatOf(kept, holder()) : keepNew(transaction, kept, lanes);
    }),
  );
}

type Holder = () => Pick<Kept, "eventId" | "matchedWebhooks"> & { readonly hash: string };

/** By id of an event that came too late: the one that its key was used for, in the table or earlier in the group. */
async function holdersOf(
  { sql }: Transaction,
  calls: readonly Keep[],
): Promise<ReadonlyMap<string, Holder>> {
  const keyed = calls.flatMap(({ events }) => events.filter(isKeyed));
  if (keyed.length === 0) return new Map();
  const firsts = new Map<string, KeyUse>();
  for (const use of keyed) if (!firsts.has(keyOf(use))) firsts.set(keyOf(use), use);
  // In sorted order: two groups with the same keys never wait for each other.
  const won = await sql.useKeys([...firsts.keys()].toSorted().map((key) => firsts.get(key)!));
  const late = keyed.filter(({ event }) => !won.has(event.id));
  const isHeldHere = (use: KeyUse) => won.has(firsts.get(keyOf(use))!.event.id);
  const stored = await sql.keyHolders(late.filter((use) => !isHeldHere(use)));
  return new Map(
    late.map((use): [string, Holder] => {
      const holder = stored.get(use.event.id);
      if (holder) return [use.event.id, () => holder];
      const { event, hash } = firsts.get(keyOf(use))!;
      // Its fan-out comes before the one that asks.
      return [
        use.event.id,
        () => ({ eventId: event.id, hash, matchedWebhooks: event.matchedWebhooks }),
      ];
    }),
  );
}

function isKeyed(kept: NewEvent): kept is NewEvent & KeyUse {
  return kept.hash !== null;
}

function keyOf({ event }: KeyUse): string {
  return JSON.stringify([event.tenantId, event.idempotencyKey]);
}

function repeatOf({ hash }: NewEvent, holder: ReturnType<Holder>): Kept {
  const { eventId, matchedWebhooks } = holder;
  const kind = holder.hash === hash ? "REPEAT" : "CONFLICT";
  return { eventId, kind, matchedWebhooks, claims: [], waiting: [] };
}

function keepNew(transaction: Transaction, { event, data }: NewEvent, lanes: Lanes): Kept {
  const bodies = new Bodies(transaction.bodies, event, data);
  const wanting = transaction.routes.wanting(event.tenantId, event.typeName);
  const routes = wanting.filter(({ filter }) => filter === null || filter(data));
  const claims: Claim[] = [];
  const waiting: string[] = [];
  transaction.events.push(Object.assign(event, { matchedWebhooks: routes.length }));
  for (const route of routes) {
    const isMine = route.state === "ACTIVE" && transaction.reserve(lanes, route);
    const shape = bodies.shapeFor(route);
    const delivery = addDelivery(transaction, event, { route, shape, isMine });
    if (isMine) claims.push(claimOf(delivery, bodies.bodyFor(route, shape)));
    else {
      waiting.push(route.webhookId);
      transaction.due.push(route);
    }
  }
  if (routes.length < wanting.length) {
    const passed = new Set(routes);
    for (const route of wanting)
      if (!passed.has(route)) turnAway(transaction, event, route, bodies);
  }
  return { eventId: event.id, kind: "NEW", matchedWebhooks: routes.length, claims, waiting };
}
/** Counted in any case, and kept when the webhook asks for that. */
function turnAway(transaction: Transaction, event: Event, route: Route, bodies: Bodies): void {
  transaction.countFiltered(route.webhookId);
  if (!route.keepFiltered) return;
  const shape = bodies.shapeFor(route);
  addDelivery(transaction, event, { route, shape, isMine: false, isFiltered: true });
}

export interface KeepTest {
  readonly test: NewEvent;
  readonly webhookId: string;
}

/**
 * A test's event and its one delivery, leased in whatever state the webhook is; null when it was deleted, BROKEN when its
 * selection does not fit the type.
 */
export async function keepTest(
  transaction: Transaction,
  { test: { event, data }, webhookId }: KeepTest,
): Promise<Claim | "BROKEN" | null> {
  const route = transaction.routes.find(event.tenantId, webhookId);
  if (!route) return null;
  if (route.select.get(event.typeName) === "BROKEN") return "BROKEN";
  transaction.events.push(event);
  const bodies = new Bodies(transaction.bodies, event, data);
  const shape = bodies.shapeFor(route);
  const delivery = addDelivery(transaction, event, { route, shape, isMine: true });
  return claimOf(delivery, bodies.bodyFor(route, shape));
}

interface NewDelivery {
  readonly route: Route;
  readonly shape: string | null;
  /** Leased by this process. */
  readonly isMine: boolean;
  readonly isFiltered?: boolean;
}

function addDelivery(
  transaction: Transaction,
  event: Event,
  { route, shape, isMine, isFiltered = false }: NewDelivery,
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
    status: isFiltered ? "FILTERED" : "PENDING",
    trigger: event.isTest ? "TEST" : "AUTOMATIC",
    attempts: 0,
    failures: 0,
    losses: 0,
    createdAt: now,
    dueAt: isFiltered ? null : now,
    succeededAt: null,
    finishedAt: isFiltered ? now : null,
    lastOutcome: null,
    lastAttemptId: null,
    claimOwner: isMine ? owner : null,
    claimNumber: isMine ? 1 : 0,
    claimEndsAt: isMine ? clock.leaseMs() + route.timeoutMs + LEASE_MARGIN_MS : null,
    shape,
  };
  transaction.deliveries.push(delivery);
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
