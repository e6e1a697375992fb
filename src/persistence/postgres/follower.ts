import { setImmediate } from "node:timers/promises";
import type { PoolClient } from "pg";
import type { LogEntry } from "../../domain/log-entry.ts";
import type { Clock } from "../../domain/tools.ts";
import type { Followed, Others, Place } from "../database.ts";
import { LOG_ENTRY } from "../select-lists.ts";
import type { Lookups, Versions } from "../statements.ts";
import { CHANNEL, JOINED, type LiveCrew } from "./crew.ts";
import type { Query } from "./rows.ts";

/** A notification that was missed costs at most so much. */
const POLL_MS = 1000;
const PAGE = 1000;
/** Bytes of a notification: the server takes less than 8,000. */
const HINT_MAX = 7900;
/** A hint that there are more of than fit. */
const ALL = "*";

const STATE = `
  select t.id as "tenantId", t.webhooks_version as webhooks, t.catalog_version as catalog,
    coalesce(p.position, 0) as position
  from tenant t left join log_position p on p.tenant_id = t.id`;
const AFTER = `
  select ${LOG_ENTRY} from log l where tenant_id = $1 and position > $2 order by position limit ${PAGE}`;
/** What nobody was told of, or whoever was told is gone. */
const DUE = `
  select w.tenant_id as "tenantId", w.id as "webhookId" from webhook w
  where w.deleted_at is null and w.state = 'ACTIVE' and exists (
    select 1 from delivery d where d.webhook_id = w.id and d.due_at <= $1 and not d.is_test
    and (d.claim_owner is null or d.claim_ends_at <= $2))`;
const KEYS = `select value from meta where name = 'keys_version'`;

export interface FollowerOptions {
  readonly crew: LiveCrew;
  readonly query: Query;
  /** A connection for itself, to be released. */
  readonly connect: () => Promise<PoolClient>;
  readonly lookups: Lookups;
  readonly clock: Clock;
  readonly report: (error: unknown) => void;
}

/**
 * What other processes commit, read from the tables. A notification only says that there is something; once a second it is
 * looked for without one.
 */
export class Follower implements Others {
  #followed: Followed | undefined;
  readonly #options: FollowerOptions;
  readonly #over = new AbortController();
  readonly #due = new Set<string>();
  #wake = Promise.withResolvers<void>();
  #running: Promise<unknown> = Promise.resolve();
  #telling: Promise<void> | undefined;
  #isTold = true;
  /** When it last looked for what is due, lease clock. */
  #lookedMs = -Infinity;
  #keysVersion: string | undefined;
  /** By tenant, the comparison that begins next. */
  readonly #comparing = new Map<string, Promise<void>>();

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  start(followed: Followed): void {
    this.#followed = followed;
    this.#running = Promise.all([this.#listen(), this.#follow()]);
  }

  async stop(): Promise<void> {
    this.#over.abort();
    this.#wake.resolve();
    await this.#running;
    await this.#telling;
  }

  senders(): number {
    return this.#options.crew.senders();
  }

  /** One comparison serves all who ask before it begins. */
  fresh(tenantId: string): Promise<void> {
    let comparing = this.#comparing.get(tenantId);
    if (!comparing)
      this.#comparing.set(
        tenantId,
        (comparing = setImmediate().then(() => this.#compare(tenantId))),
      );
    return comparing;
  }

  async #compare(tenantId: string): Promise<void> {
    this.#comparing.delete(tenantId);
    const versions = await this.#options.lookups.versions(tenantId);
    if (versions) await this.#followed?.outdated(tenantId, versions);
  }

  /** Looks as soon as it can. */
  wake(): void {
    this.#wake.resolve();
  }

  /** Lets the others know of a commit: one notification for all that were told while one was on its way. */
  tell(due: readonly Place[]): void {
    for (const { tenantId, webhookId } of due) this.#due.add(`${tenantId}/${webhookId}`);
    this.#isTold = false;
    this.#telling ??= this.#tell().finally(() => (this.#telling = undefined));
  }

  async #tell(): Promise<void> {
    while (!this.#isTold) {
      this.#isTold = true;
      const hint = [...this.#due].join(" ");
      this.#due.clear();
      const payload = hint.length > HINT_MAX ? ALL : hint;
      // A notification that is lost is made up for by looking once a second.
      await this.#options
        .query("select pg_notify($1, $2)", [CHANNEL, payload])
        .catch(this.#options.report);
    }
  }

  async #listen(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      let client: PoolClient | undefined;
      try {
        client = await this.#options.connect();
        const lost = Promise.withResolvers<void>();
        client.once("error", () => lost.resolve());
        client.once("end", () => lost.resolve());
        client.on("notification", ({ payload = "" }) => this.#told(payload));
        await client.query(`listen ${CHANNEL}`);
        // What was told before is looked for once.
        this.#options.crew.count();
        this.wake();
        await Promise.race([lost.promise, aborted(signal)]);
      } catch (error) {
        this.#options.report(error);
      }
      client?.release(true);
      await this.#options.clock.wait(POLL_MS, signal);
    }
  }

  #told(payload: string): void {
    if (payload === JOINED) this.#options.crew.count();
    else if (payload === ALL) this.#lookedMs = -Infinity;
    else if (payload !== "") this.#followed?.due(payload.split(" ").map(placeOf));
    this.wake();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      const pause = new AbortController();
      await Promise.race([this.#wake.promise, this.#pause(pause.signal)]);
      pause.abort();
      this.#wake = Promise.withResolvers();
      if (signal.aborted) return;
      try {
        await this.#look();
      } catch (error) {
        this.#options.report(error);
        await this.#options.clock.wait(POLL_MS, signal);
      }
    }
  }

  #pause(signal: AbortSignal): Promise<void> {
    return this.#options.clock.wait(POLL_MS, signal);
  }

  async #look(): Promise<void> {
    const { query } = this.#options;
    const followed = this.#followed;
    if (!followed) return;
    const [keys] = await query<{ value: string }>(KEYS);
    if (keys?.value !== this.#keysVersion) {
      if (this.#keysVersion !== undefined || keys) await followed.keysChanged();
      this.#keysVersion = keys?.value;
    }
    const { clock } = this.#options;
    if (clock.leaseMs() - this.#lookedMs >= POLL_MS) {
      this.#lookedMs = clock.leaseMs();
      followed.due(await query<Place>(DUE, [clock.now(), clock.leaseMs()]));
    }
    const tenants = await query<Versions & { tenantId: string; position: number }>(STATE);
    for (const { tenantId, position, webhooks, catalog } of tenants) {
      await followed.outdated(tenantId, { webhooks, catalog });
      while (followed.position(tenantId) < position) {
        const entries = await query<LogEntry>(AFTER, [tenantId, followed.position(tenantId)]);
        // Positions have no gaps: what is missing at the start was removed.
        followed.cut(tenantId, (entries[0]?.position ?? position + 1) - 1);
        followed.received(entries);
      }
    }
  }
}

function placeOf(hint: string): Place {
  const [tenantId = "", webhookId = ""] = hint.split("/");
  return { tenantId, webhookId };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
