import { DatabaseSync } from "node:sqlite";
import { expect } from "vitest";

/** What a receiver answered, or would have if its client had lived. */
export type Answered = 200 | 503;

export function keyOf(webhook: string, eventId: string): string {
  return `${webhook} ${eventId}`;
}

/** A delivery as the table has it, with its attempts in their order. */
export interface Row {
  readonly webhook: string;
  readonly eventId: string;
  readonly status: string;
  readonly attempts: number;
  readonly made: readonly { readonly number: number; readonly outcome: string }[];
}

/**
 * The file of a process that has ended, as it lies there. Only read: a connection that may write would settle what the
 * next start has to settle.
 */
export class DeadFile implements Disposable {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = new DatabaseSync(file, { readOnly: true });
  }

  /** Leases that nobody gave back. */
  get leased(): number {
    return this.#count("select count(*) as n from delivery where claim_owner is not null");
  }

  /** Whole, with a log without gaps, nothing half-written, and all of these events. */
  isSound(accepted: Iterable<string>): void {
    expect(this.#db.prepare("pragma integrity_check").get()).toEqual({ integrity_check: "ok" });
    expect(this.#count("select max(position) - count(*) as n from log")).toBe(0);
    expect(
      this.#count(
        `select count(*) as n from event
         where matched_webhooks <> (select count(*) from delivery where event_id = event.id)`,
      ),
    ).toBe(0);
    expect(
      this.#count(
        "select count(*) as n from idempotency_key where event_id not in (select id from event)",
      ),
    ).toBe(0);
    const ids = [...accepted];
    const kept = this.#db
      .prepare("select count(*) as n from event where id in (select value from json_each(?))")
      .get(JSON.stringify(ids));
    expect(kept).toEqual({ n: ids.length });
  }

  get events(): string[] {
    return this.#db
      .prepare("select id from event")
      .all()
      .map(({ id }) => String(id));
  }

  get deliveries(): Row[] {
    const rows = this.#db
      .prepare(
        `select webhook_name as webhook, event_id as eventId, status, attempts,
         (select json_group_array(json_object('number', number, 'outcome', outcome) order by number)
          from delivery_attempt where delivery_id = delivery.id) as made
         from delivery`,
      )
      .all();
    return rows.map((row) => ({ ...row, made: JSON.parse(String(row["made"])) }) as unknown as Row);
  }

  #count(sql: string): number {
    return Number(this.#db.prepare(sql).get()?.["n"] ?? NaN);
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
