import type { Delivery, DeliveryAttempt, Settled } from "../../domain/delivery.ts";
import type { Recording } from "../../domain/store.ts";
import { DELIVERY } from "../select-lists.ts";
import { deliveryOf } from "./delivery-columns.ts";
import { at, insert, type Row, type SqliteHandle } from "./rows.ts";

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
  const attempt = db.prepare<[string], unknown>("select 1 from delivery_attempt where id = ?");
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
    addDeliveries(deliveries: readonly Delivery[]): void {
      for (const d of deliveries)
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
    delivery(tenantId: string, id: string): Delivery | undefined {
      const row = byId.get(tenantId, id);
      return row && deliveryOf(row);
    },
    transition: (id: string, to: Settled): void => void transition.run(...values(to), id),
    settle(recordings: readonly Recording[]): ReadonlySet<string> {
      const current = recordings.filter(
        ({ claim, attempt, settled: to }) =>
          settle.run(
            ...values(to),
            attempt.outcome,
            attempt.id,
            claim.deliveryId,
            claim.owner,
            claim.number,
            to.attempts - 1,
          ).changes === 1,
      );
      return new Set(current.map(({ attempt }) => attempt.id));
    },
    settleAny: (id: string, to: Settled, attempt: DeliveryAttempt): void =>
      void settleAny.run(...values(to), attempt.outcome, attempt.id, id),
    setShape: (id: string, shape: string | null): void => void setShape.run(shape, id),
    countLateAttempt: (id: string): void => void countLate.run(id),
    hasAttempt: (id: string): boolean => attempt.get(id) !== undefined,
    addAttempts(attempts: readonly DeliveryAttempt[]): void {
      for (const a of attempts)
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
