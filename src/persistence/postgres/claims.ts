import type { Claim, Delivery } from "../../domain/delivery.ts";
import { DELIVERY } from "../select-lists.ts";
import type { DueDelivery, DueRequest, Instants, Lease } from "../statements.ts";
import { deliveryOf } from "./deliveries.ts";
import { recordset, type Query } from "./rows.ts";

/** Of one's own name in leases, and of how many processes send at the moment, oneself included. */
export interface Crew {
  readonly owner: string;
  readonly senders: () => number;
}

const LANES = `select webhook_id as "webhookId" from lane where webhook_id = any($1) order by webhook_id for update`;
const ADD_LANES = `insert into lane (webhook_id) select unnest($1::text[]) on conflict do nothing`;

/**
 * What is due for each lane, and no more than its limit leaves. Each of the other processes that send has a share of the
 * limit to itself, whatever it leases at the moment: it may serve a new delivery without a look at the table. A lane with
 * a rate gets what a tenth of a second allows, once its next free send has come.
 */
const DUE = `
  select ${DELIVERY}, e.type_name as "typeName", e.occurred_at as "occurredAt", case when d.shape is null or d.shape = '?' then e.payload else b.payload end as payload
  from json_to_recordset($1) as a(webhook_id text, most int, max_in_flight int, rate int)
  join lane l on l.webhook_id = a.webhook_id
  cross join lateral (select case when $5::int = 1 then a.most else
    a.max_in_flight - (select coalesce(sum(case when o.claim_owner = $4 then o.count
        else greatest(o.count, a.max_in_flight / $5::int) end)
        + greatest(0, $5::int - 1 - count(*) filter (where o.claim_owner <> $4)) * (a.max_in_flight / $5::int), 0)
      from (select claim_owner, count(*) as count from delivery where webhook_id = a.webhook_id
            and claim_owner is not null and claim_ends_at > $3 group by claim_owner) o) end as left_over) room
  cross join lateral (
    select * from delivery where webhook_id = a.webhook_id and due_at <= $2 and not is_test
      and (claim_owner is null or claim_ends_at <= $3)
    order by due_at
    limit greatest(0, least(a.most, room.left_over, case when a.rate is null then a.most
      when l.next_send_at > $2 then 0 else greatest(1, a.rate / 10) end))
    for update skip locked) d
  join event e on e.id = d.event_id
  left join body b on b.event_id = d.event_id and b.shape = d.shape`;
const PACE = `
  update lane l set next_send_at = greatest(l.next_send_at, $2::timestamptz) + a.count * interval '1 second' / a.rate
  from json_to_recordset($1) as a(webhook_id text, count int, rate int) where l.webhook_id = a.webhook_id`;

/** `$1`: how far the wall clock is ahead of the lease clock, milliseconds. */
const NEXT = `
  select a.webhook_id as "webhookId", greatest(n.due_at, l.next_send_at) as "dueAt"
  from unnest($2::text[]) as a(webhook_id)
  left join lane l on l.webhook_id = a.webhook_id
  left join lateral (
    select min(case when claim_owner is null then due_at
      else greatest(due_at, to_timestamp((claim_ends_at + $1::float8) / 1000.0)) end) as due_at
    from (select due_at, claim_owner, claim_ends_at from delivery
          where webhook_id = a.webhook_id and due_at is not null and not is_test order by due_at limit 1000) first) n on true`;
const LEASE = `
  update delivery d set claim_owner = s.owner, claim_number = s.number, claim_ends_at = s.ends_at
  from json_to_recordset($1) as s(delivery_id text, owner text, number int, ends_at float8) where d.id = s.delivery_id`;
const RELEASE = `
  with s as (select * from json_to_recordset($1) as s(delivery_id text, owner text, number int)),
  locked as (select d.id from delivery d join s on s.delivery_id = d.id order by d.id for update of d)
  update delivery d set claim_owner = null, claim_ends_at = null
  from s join locked on locked.id = s.delivery_id
  where d.id = s.delivery_id and d.claim_owner = s.owner and d.claim_number = s.number`;
const WAITING = `
  select ${DELIVERY} from delivery d where d.webhook_id = $1 and d.due_at is not null and d.created_at <= $2
  and (not d.is_test or d.claim_owner is null) order by d.id limit $3 for update`;
const FOR_NOBODY = `
  select ${DELIVERY} from delivery d where d.claim_owner is not null and (d.is_test or d.due_at is null)
  and d.claim_ends_at <= $1 order by d.id for update skip locked`;

export function claimStatements(query: Query, { owner, senders }: Crew) {
  /** Locks the lanes: of several processes one at a time looks at a lane's leases. */
  async function lockLanes(webhookIds: readonly string[]): Promise<void> {
    const locked = await query(LANES, [webhookIds]);
    if (locked.length === webhookIds.length) return;
    await query(ADD_LANES, [webhookIds.toSorted()]);
    await query(LANES, [webhookIds]);
  }
  return {
    async due(
      requests: readonly DueRequest[],
      { now, leaseMs }: Instants,
    ): Promise<readonly DueDelivery[]> {
      if (requests.length === 0) return [];
      await lockLanes(requests.map(({ webhookId }) => webhookId));
      const asked = requests.map(({ webhookId, most, maxInFlight, rateLimitPerSecond: rate }) => ({
        webhookId,
        most,
        maxInFlight,
        rate,
      }));
      const values = [recordset(asked), now, Math.floor(leaseMs), owner, senders()];
      const rows = await query<DueDelivery>(DUE, values);
      const counts = Map.groupBy(rows, ({ webhookId }) => webhookId);
      const paced = asked.flatMap(({ webhookId, rate }) => {
        const count = counts.get(webhookId)?.length ?? 0;
        return rate !== null && count > 0 ? [{ webhookId, rate, count }] : [];
      });
      if (paced.length > 0) await query(PACE, [recordset(paced), now]);
      return rows.map((row) => Object.assign(deliveryOf(row), row));
    },
    async nextDueAt(
      webhookIds: readonly string[],
      { now, leaseMs }: Instants,
    ): Promise<ReadonlyMap<string, Date | null>> {
      if (webhookIds.length === 0) return new Map();
      const rows = await query<{ webhookId: string; dueAt: Date | null }>(NEXT, [
        now.getTime() - leaseMs,
        webhookIds,
      ]);
      return new Map(rows.map(({ webhookId, dueAt }) => [webhookId, dueAt]));
    },
    async lease(leases: readonly Lease[]): Promise<void> {
      if (leases.length === 0) return;
      const rows = leases.map(({ deliveryId, number, endsAt, owner: by }) => ({
        deliveryId,
        owner: by,
        number,
        endsAt,
      }));
      await query(LEASE, [recordset(rows)]);
    },
    async release(claims: readonly Claim[]): Promise<void> {
      const rows = claims.map(({ deliveryId, owner: by, number }) => ({
        deliveryId,
        owner: by,
        number,
      }));
      await query(RELEASE, [recordset(rows)]);
    },
    async waiting(webhookId: string, before: Date, most: number): Promise<Delivery[]> {
      return (await query<Delivery>(WAITING, [webhookId, before, most])).map(deliveryOf);
    },
    async leasedForNobody(leaseMs: number): Promise<Delivery[]> {
      return (await query<Delivery>(FOR_NOBODY, [Math.floor(leaseMs)])).map(deliveryOf);
    },
    /** Nothing is voided: leases end by themselves, and others' are none of ours. */
    endLeases: (): void => {},
    async webhookUrl(id: string): Promise<string> {
      const [row] = await query<{ url: string }>("select url from webhook where id = $1", [id]);
      return row?.url ?? "";
    },
  };
}
