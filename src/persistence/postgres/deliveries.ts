import { Delivery, type DeliveryAttempt, type Settled } from "../../domain/delivery.ts";
import type { Recording } from "../../domain/store.ts";
import { DELIVERY } from "../select-lists.ts";
import { recordset, type Query } from "./rows.ts";

const SETTLED = [
  "status = s.status, trigger = s.trigger, attempts = s.attempts, failures = s.failures, losses = s.losses",
  "due_at = s.due_at, succeeded_at = s.succeeded_at, finished_at = s.finished_at",
].join(", ");
const SETTLED_TYPE =
  "status text, trigger text, attempts int, failures int, losses int, due_at timestamptz, succeeded_at timestamptz, finished_at timestamptz";
const ENDED =
  "last_outcome = s.last_outcome, last_attempt_id = s.last_attempt_id, claim_owner = null, claim_ends_at = null";
const ENDED_TYPE = `id text, last_outcome text, last_attempt_id text, claim_owner text, claim_number int, ${SETTLED_TYPE}`;

/** The rows are locked in the order of their ids before they are changed. */
const SETTLE = `
  with s as (select * from json_to_recordset($1) as s(${ENDED_TYPE})),
  locked as (select d.id from delivery d join s on s.id = d.id order by d.id for update of d)
  update delivery d set ${SETTLED}, ${ENDED}
  from s join locked on locked.id = s.id
  where d.id = s.id and d.claim_owner = s.claim_owner and d.claim_number = s.claim_number
    and d.attempts = s.attempts - 1 and d.status <> 'CANCELLED'
  returning s.last_attempt_id as "attemptId"`;
const SETTLE_ANY = `
  update delivery d set ${SETTLED}, ${ENDED} from json_to_recordset($1) as s(${ENDED_TYPE}) where d.id = s.id`;
const TRANSITION = `
  update delivery d set ${SETTLED} from json_to_recordset($1) as s(id text, ${SETTLED_TYPE}) where d.id = s.id`;
const BY_ID = `select ${DELIVERY} from delivery d where d.tenant_id = $1 and d.id = $2 for update`;

function settledOf(s: Settled) {
  return {
    status: s.status,
    trigger: s.trigger,
    attempts: s.attempts,
    failures: s.failures,
    losses: s.losses,
    dueAt: s.dueAt,
    succeededAt: s.succeededAt,
    finishedAt: s.finishedAt,
  };
}

function endedOf(id: string, to: Settled, attempt: DeliveryAttempt) {
  return { ...settledOf(to), id, lastOutcome: attempt.outcome, lastAttemptId: attempt.id };
}

export function deliveryOf(row: Delivery): Delivery {
  return Object.assign(new Delivery(), row);
}

export function deliveryStatements(query: Query) {
  return {
    async delivery(tenantId: string, id: string): Promise<Delivery | undefined> {
      // No text of PostgreSQL can hold it.
      if (id.includes("\0")) return undefined;
      const [row] = await query<Delivery>(BY_ID, [tenantId, id]);
      return row && deliveryOf(row);
    },
    async transition(id: string, to: Settled): Promise<void> {
      await query(TRANSITION, [recordset([{ ...settledOf(to), id }])]);
    },
    async settle(recordings: readonly Recording[]): Promise<ReadonlySet<string>> {
      const ended = recordings.map(({ claim, attempt, settled }) => ({
        ...endedOf(claim.deliveryId, settled, attempt),
        claimOwner: claim.owner,
        claimNumber: claim.number,
      }));
      const current = await query<{ attemptId: string }>(SETTLE, [recordset(ended)]);
      return new Set(current.map(({ attemptId }) => attemptId));
    },
    async settleAny(id: string, to: Settled, attempt: DeliveryAttempt): Promise<void> {
      await query(SETTLE_ANY, [recordset([endedOf(id, to, attempt)])]);
    },
    async countLateAttempt(id: string): Promise<void> {
      await query("update delivery set attempts = attempts + 1 where id = $1", [id]);
    },
    async setShape(id: string, shape: string | null): Promise<void> {
      await query("update delivery set shape = $2 where id = $1", [id, shape]);
    },
    async hasAttempt(id: string): Promise<boolean> {
      const rows = await query("select 1 as found from delivery_attempt where id = $1", [id]);
      return rows.length > 0;
    },
  };
}
