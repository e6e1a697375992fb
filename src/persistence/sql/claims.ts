import type { Claim, Delivery } from "../../domain/delivery.ts";
import { DELIVERY, EVENT_OF_DELIVERY, type DueRow } from "./delivery-columns.ts";
import type { Row, SqliteHandle } from "./sqlite.ts";

/** `limit ? + 0`: for a bare bound limit SQLite makes its plan anew each time, which costs eight times the query. */
export function claimStatements(db: SqliteHandle) {
  const due = db.prepare<[string, number, number, number], DueRow>(
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
  const orphaned = db.prepare<[], { id: string }>(
    `select id from webhook where deleted_at is not null
     and exists (select 1 from delivery where webhook_id = webhook.id and due_at is not null)`,
  );
  const leasedForNobody = db.prepare<[], Row<Delivery>>(
    `select ${DELIVERY} from delivery d
     where d.claim_owner is not null and (d.is_test = 1 or d.due_at is null)`,
  );
  const endLeases = db.prepare(
    "update delivery set claim_ends_at = 0 where claim_owner is not null",
  );
  const url = db.prepare<[string], { url: string }>("select url from webhook where id = ?");
  return {
    due: (webhookId: string, now: Date, leaseMs: number, most: number) =>
      due.all(webhookId, now.getTime(), leaseMs, most),
    /** `aheadMs`: how far the wall clock is ahead of the lease clock. */
    nextDueAt(webhookId: string, aheadMs: number): Date | null {
      const { dueAt } = next.get(aheadMs, webhookId)!;
      return dueAt === null ? null : new Date(dueAt);
    },
    claim: (id: string, owner: string, number: number, endsAt: number): void =>
      void claim.run(owner, number, endsAt, id),
    release: ({ deliveryId, owner, number }: Claim): void =>
      void release.run(deliveryId, owner, number),
    waiting: (webhookId: string, before: Date, most: number) =>
      waiting.all(webhookId, before.getTime(), most),
    /** Deleted webhooks that something still waits for. */
    orphaned: () => orphaned.all().map(({ id }) => id),
    /** Leased, and claimed by no lane when the lease ends: tests, and what was cancelled meanwhile. */
    leasedForNobody: () => leasedForNobody.all(),
    /** Of a deleted webhook too, while its deliveries are kept. */
    webhookUrl: (id: string): string => url.get(id)?.url ?? "",
    endLeases: (): void => void endLeases.run(),
  };
}
