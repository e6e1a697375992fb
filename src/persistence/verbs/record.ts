import type { JsonObject } from "../../domain/catalog/entry.ts";
import {
  LEASE_MARGIN_MS,
  lose,
  lostAttempt,
  settleLate,
  type Claim,
  type Delivery,
  type DeliveryAttempt,
  type Settled,
} from "../../domain/delivery.ts";
import { bodyOf, payloadOf } from "../../domain/event.ts";
import type { AttemptRecorded } from "../../domain/fact.ts";
import { UNSHAPED, type Route } from "../../domain/route.ts";
import type { ClaimRequest, Claimed, Recording } from "../../domain/store.ts";
import { Bodies } from "../bodies.ts";
import type { DueDelivery } from "../statements.ts";
import type { Transaction } from "../transaction.ts";

/**
 * Attempts that ended. A delivery changes only while the claim is still the current one: after a cancel the attempt is
 * recorded and only its success counts, after a lost claim it is recorded and nothing else.
 */
export async function record(
  transaction: Transaction,
  recordings: readonly Recording[],
): Promise<readonly AttemptRecorded[]> {
  const current = await transaction.sql.settle(
    recordings.toSorted((a, b) => (a.claim.deliveryId < b.claim.deliveryId ? -1 : 1)),
  );
  const facts: AttemptRecorded[] = [];
  for (const recording of recordings) {
    const { claim, attempt, settled } = recording;
    facts.push(
      current.has(attempt.id)
        ? recorded(transaction, claim, attempt, settled)
        : await recordLate(transaction, recording),
    );
  }
  return facts;
}

async function recordLate(
  transaction: Transaction,
  { claim, attempt, settled }: Recording,
): Promise<AttemptRecorded> {
  const { sql, tools } = transaction;
  const delivery = await sql.delivery(claim.tenantId, claim.deliveryId);
  // It was recorded, and only the answer was lost.
  if (await sql.hasAttempt(attempt.id)) return factOf(claim, attempt, delivery ?? settled);
  if (!delivery) return recorded(transaction, claim, attempt, settled);
  const isCurrent = delivery.claimOwner === claim.owner && delivery.claimNumber === claim.number;
  const late = settleLate(delivery, settled, { isCurrent, now: tools.clock.now() });
  if (isCurrent) await sql.settleAny(delivery.id, late, attempt);
  else await sql.countLateAttempt(delivery.id);
  return recorded(transaction, claim, Object.assign(attempt, { number: late.attempts }), late);
}

/** What an attempt was about. */
type About = Pick<Claim, "tenantId" | "deliveryId" | "webhookId" | "eventId" | "eventType"> & {
  readonly state: { readonly isTest: boolean };
};

function recorded(
  transaction: Transaction,
  claim: About,
  attempt: DeliveryAttempt,
  to: Settled,
): AttemptRecorded {
  const fact = factOf(claim, attempt, to);
  const { type: _, number: _number, trigger: _trigger, ...fields } = fact;
  transaction.attempts.push(attempt);
  transaction.log({
    ...fields,
    attempts: to.attempts,
    at: transaction.tools.clock.now(),
    change: "ATTEMPTED",
  });
  return fact;
}

function factOf(
  { tenantId, deliveryId, webhookId, eventId, eventType, state }: About,
  attempt: DeliveryAttempt,
  { status, dueAt }: Pick<Settled, "status" | "dueAt">,
): AttemptRecorded {
  const { id: attemptId, number, trigger, outcome, responseStatus, durationMs: tookMs } = attempt;
  return {
    type: "attempt.recorded",
    tenantId,
    deliveryId,
    webhookId,
    eventId,
    eventType,
    isTest: state.isTest,
    attemptId,
    number,
    trigger,
    outcome,
    responseStatus,
    tookMs,
    status,
    dueAt,
  };
}

/** Leases what is due for these webhooks, the oldest first. A lease that ended by itself is recorded as lost before. */
export async function claimDue(
  transaction: Transaction,
  requests: readonly ClaimRequest[],
): Promise<Claimed> {
  const { sql, routes, instants } = transaction;
  const asked = requests.flatMap(({ tenantId, webhookId, most }) => {
    const route = routes.find(tenantId, webhookId);
    return route ? { ...route, most } : [];
  });
  const due = Map.groupBy(await sql.due(asked, instants), ({ webhookId }) => webhookId);
  const claims: Claim[] = [];
  const lost: AttemptRecorded[] = [];
  for (const route of asked)
    for (const delivery of due.get(route.webhookId) ?? []) {
      if (delivery.claimOwner !== null) lost.push(await recordLost(transaction, delivery));
      // Broken once more before the lane heard of it: it stays where it is.
      else if (delivery.shape === UNSHAPED && route.select.get(delivery.typeName) === "BROKEN")
        continue;
      else claims.push(await lease(transaction, delivery, route));
    }
  await sql.lease(claims);
  // As many as asked for: more may be due, and the next claim will see.
  const isFull = ({ webhookId, most }: ClaimRequest) => due.get(webhookId)?.length === most;
  const nextDueAt = new Map<string, Date | null>(
    asked.filter(isFull).map(({ webhookId }) => [webhookId, instants.now]),
  );
  const rest = asked.filter((one) => !isFull(one)).map(({ webhookId }) => webhookId);
  for (const [webhookId, dueAt] of await sql.nextDueAt(rest, instants))
    nextDueAt.set(webhookId, dueAt);
  return { claims, nextDueAt, lost };
}

async function lease(
  { sql, tools, bodies: kept }: Transaction,
  delivery: DueDelivery,
  route: Route,
): Promise<Claim> {
  const { id: deliveryId, tenantId, webhookId, eventId, eventType } = delivery;
  const { typeName, payload, occurredAt } = delivery;
  const event = { id: eventId, typeName, payload, occurredAt };
  let body: string;
  if (delivery.shape === UNSHAPED) {
    // The selection was broken when the event was published, and has been mended.
    const bodies = new Bodies(kept, event, payloadOf(event) as JsonObject);
    const shape = bodies.shapeFor(route);
    await sql.setShape(deliveryId, shape);
    // The format is that of the time when it was published.
    body = bodies.bodyFor(delivery, shape);
  } else body = bodyOf(event, delivery.format);
  return {
    tenantId,
    deliveryId,
    webhookId,
    eventId,
    eventType,
    state: stateOf(delivery),
    body,
    owner: tools.owner,
    number: delivery.claimNumber + 1,
    endsAt: tools.clock.leaseMs() + route.timeoutMs + LEASE_MARGIN_MS,
  };
}

/** The attempt of a lease that ended by itself. What waits goes back to the table, where the next claim finds it. */
export async function recordLost(
  transaction: Transaction,
  delivery: Delivery,
): Promise<AttemptRecorded> {
  const { sql, tools, routes } = transaction;
  const { id: deliveryId, tenantId, webhookId, eventId, eventType, trigger } = delivery;
  const route = routes.find(tenantId, webhookId);
  const now = tools.clock.now();
  const settled = lose(stateOf(delivery), { delaysMs: route?.retryDelaysMs ?? [], now });
  const url = route?.url ?? (await sql.webhookUrl(webhookId));
  const about = { id: tools.newId("att"), tenantId, deliveryId, trigger, url };
  const attempt = lostAttempt(about, settled.attempts, now);
  await sql.settleAny(deliveryId, settled, attempt);
  const lost = { tenantId, deliveryId, webhookId, eventId, eventType, state: delivery };
  return recorded(transaction, lost, attempt, settled);
}

/** What the attempt is told of the delivery: no more than its transitions read. */
function stateOf(delivery: Delivery): Claim["state"] {
  const { status, trigger, attempts, failures, losses, isTest, succeededAt } = delivery;
  return { status, trigger, attempts, failures, losses, isTest, succeededAt };
}
