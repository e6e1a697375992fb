import type { Claim, Delivery } from "../../domain/delivery.ts";
import { DELIVERY } from "../select-lists.ts";
import type { DueDelivery, DueRequest, Instants, Lease } from "../statements.ts";
import { deliveryOf, dueDeliveryOf, EVENT_OF_DELIVERY } from "./delivery-columns.ts";
import { date, type Row, type SqliteHandle } from "./rows.ts";

/** `limit ? + 0`: for a bare bound limit SQLite makes its plan anew each time, which costs eight times the query. */
export function claimStatements(db: SqliteHandle) {
  const due = db.prepare<[string, number, number, number], Row<DueDelivery>>(
    `select ${DELIVERY}, ${EVENT_OF_DELIVERY}
     where d.webhook_id = ? and d.due_at <= ? and d.is_test = 0 and (d.claim_owner is null or d.claim_ends_at <= ?)
     order by d.due_at limit ? + 0`,
  );
  const next = db.prepare<[number, string], { dueAt: number | null }>(
    `select min(iif(claim_owner is null, due_at, max(due_at, claim_ends_at + ?))) as dueAt
     from (select due_at, claim_owner, claim_ends_at from delivery
           where webhook_id = ? and due_at is not null and is_test = 0 order by due_at limit 1000)`,
  );
  const claim = db.prepare(
    "update delivery set claim_owner = ?, claim_number = ?, claim_ends_at = ? where id = ?",
  );
  const release = db.prepare(
    "update delivery set claim_owner = null, claim_ends_at = null where id = ? and claim_owner = ? and claim_number = ?",
  );
  const waiting = db.prepare<[string, number, number], Row<Delivery>>(
    `select ${DELIVERY} from delivery d
     where d.webhook_id = ? and d.due_at is not null and d.created_at <= ?
     and (d.is_test = 0 or d.claim_owner is null) limit ? + 0`,
  );
  const leasedForNobody = db.prepare<[number], Row<Delivery>>(
    `select ${DELIVERY} from delivery d
     where d.claim_owner is not null and (d.is_test = 1 or d.due_at is null) and d.claim_ends_at <= ?`,
  );
  const endLeases = db.prepare(
    "update delivery set claim_ends_at = 0 where claim_owner is not null",
  );
  const url = db.prepare<[string], { url: string }>("select url from webhook where id = ?");
  return {
    due: (requests: readonly DueRequest[], { now, leaseMs }: Instants): DueDelivery[] =>
      requests.flatMap(({ webhookId, most }) =>
        due.all(webhookId, now.getTime(), leaseMs, most).map(dueDeliveryOf),
      ),
    nextDueAt(webhookIds: readonly string[], { now, leaseMs }: Instants) {
      // How far the wall clock is ahead of the lease clock.
      const aheadMs = now.getTime() - leaseMs;
      return new Map(webhookIds.map((id) => [id, date(next.get(aheadMs, id)!.dueAt)]));
    },
    lease(leases: readonly Lease[]): void {
      for (const { deliveryId, owner, number, endsAt } of leases)
        claim.run(owner, number, endsAt, deliveryId);
    },
    release(claims: readonly Claim[]): void {
      for (const { deliveryId, owner, number } of claims) release.run(deliveryId, owner, number);
    },
    waiting: (webhookId: string, before: Date, most: number): Delivery[] =>
      waiting.all(webhookId, before.getTime(), most).map(deliveryOf),
    leasedForNobody: (leaseMs: number): Delivery[] => leasedForNobody.all(leaseMs).map(deliveryOf),
    webhookUrl: (id: string): string => url.get(id)?.url ?? "",
    endLeases: (): void => void endLeases.run(),
  };
}
