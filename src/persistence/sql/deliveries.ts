import type { Claim, Delivery, DeliveryAttempt, Settled } from "../../domain/delivery.ts";
import { DELIVERY } from "./delivery-columns.ts";
import { at, insert, type Row, type SqliteHandle } from "./sqlite.ts";

export function deliveryStatements(db: SqliteHandle) {
  const add = db.prepare(insert("delivery", 23));
  const byId = db.prepare<[string, string], Row<Delivery>>(
    `select ${DELIVERY} from delivery d where d.tenant_id = ? and d.id = ?`,
  );
  const settled =
    "status = ?, trigger = ?, attempts = ?, failures = ?, losses = ?, due_at = ?, succeeded_at = ?, finished_at = ?";
  const transition = db.prepare(`update delivery set ${settled} where id = ?`);
  const settle = db.prepare(
    `update delivery set ${settled}, last_outcome = ?, last_attempt_id = ?, claim_owner = null, claim_ends_at = null
     where id = ? and claim_owner = ? and claim_number = ? and attempts = ? and status <> 'CANCELLED'`,
  );
  const settleAny = db.prepare(
    `update delivery set ${settled}, last_outcome = ?, last_attempt_id = ?, claim_owner = null, claim_ends_at = null where id = ?`,
  );
  const countLate = db.prepare("update delivery set attempts = attempts + 1 where id = ?");
  const setShape = db.prepare("update delivery set shape = ? where id = ?");
  const addAttempt = db.prepare(`${insert("delivery_attempt", 17)} on conflict do nothing`);
  const values = (s: Settled) => [
    s.status,
    s.trigger,
    s.attempts,
    s.failures,
    s.losses,
    at(s.dueAt),
    at(s.succeededAt),
    at(s.finishedAt),
  ];
  return {
    addDelivery(d: Delivery): void {
      add.run(
        d.id,
        d.tenantId,
        d.eventId,
        d.eventType,
        d.webhookId,
        d.webhookName,
        d.format,
        Number(d.isTest),
        d.status,
        d.trigger,
        d.attempts,
        d.failures,
        d.losses,
        at(d.createdAt),
        at(d.dueAt),
        at(d.succeededAt),
        at(d.finishedAt),
        d.lastOutcome,
        d.lastAttemptId,
        d.claimOwner,
        d.claimNumber,
        d.claimEndsAt,
        d.shape,
      );
    },
    delivery: (tenantId: string, id: string) => byId.get(tenantId, id),
    transition: (id: string, to: Settled): void => void transition.run(...values(to), id),
    /** False when the claim was lost, the delivery cancelled or removed meanwhile: nothing changed then. */
    settle: (
      { deliveryId, owner, number }: Claim,
      to: Settled,
      attempt: DeliveryAttempt,
    ): boolean =>
      settle.run(
        ...values(to),
        attempt.outcome,
        attempt.id,
        deliveryId,
        owner,
        number,
        to.attempts - 1,
      ).changes === 1,
    settleAny: (id: string, to: Settled, attempt: DeliveryAttempt): void =>
      void settleAny.run(...values(to), attempt.outcome, attempt.id, id),
    setShape: (id: string, shape: string | null): void => void setShape.run(shape, id),
    countLateAttempt: (id: string): void => void countLate.run(id),
    addAttempt(a: DeliveryAttempt): void {
      addAttempt.run(
        a.id,
        a.tenantId,
        a.deliveryId,
        a.number,
        a.trigger,
        a.outcome,
        a.message,
        at(a.startedAt),
        a.durationMs,
        JSON.stringify(a.timings),
        a.url,
        a.remoteAddress,
        JSON.stringify(a.requestHeaders),
        a.responseStatus,
        JSON.stringify(a.responseHeaders),
        a.responseBody,
        Number(a.responseTruncated),
      );
    },
  };
}
