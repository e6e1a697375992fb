import type { Actor, AuditChange } from "../domain/audit.ts";
import type { Catalog } from "../domain/catalog/catalog.ts";
import type { Claim } from "../domain/delivery.ts";
import type { AttemptRecorded } from "../domain/fact.ts";
import type { InboxAnswer, InboxRequest } from "../domain/inbox.ts";
import type { LogEntry } from "../domain/log-entry.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Route } from "../domain/route.ts";
import type {
  CancelledSome,
  Claimed,
  ClaimRequest,
  Kept,
  KeyHolder,
  Lanes,
  NewEvent,
  Recording,
  Store,
  Transition,
  Transitioned,
  Work,
} from "../domain/store.ts";
import type { Vault } from "../domain/vault.ts";
import type { Webhook, WebhookDefaults, WebhookRef } from "../domain/webhook.ts";
import { Catalogs } from "./catalogs.ts";
import type { Database, Place } from "./database.ts";
import { LogOrder } from "./log-order.ts";
import { Routes } from "./routes.ts";
import type { Versions } from "./statements.ts";
import { Transaction, type StoreTools } from "./transaction.ts";
import { foldLog, type Folding } from "./verbs/fold.ts";
import {
  AUDIT,
  CANCEL_WAITING,
  CLAIM_DUE,
  END_LEASES,
  END_LOST,
  FOLD,
  KEEP_TEST,
  ORDER,
  RECEIVE,
  RELEASE,
  REMOVE_OLD,
  TRANSITION,
  USED_KEYS,
} from "./verbs/grouped.ts";
import { keep } from "./verbs/keep.ts";
import { record } from "./verbs/record.ts";
import type { Removal, Removed } from "./verbs/retention.ts";
import { isStale, OrmWork } from "./work.ts";
import { Writer } from "./writer.ts";

/** A call that would write more rows than this is refused: it would hold everybody else up. */
const CALL_ROWS_MAX = 10_000;
/** Publishes that wait for their turn, in characters of payload. */
const WAITING_MAX = 64 * 1024 * 1024;
const STALE_TRIES = 50;

/** What hears of a commit, in commit order, before any caller goes on. */
export interface StoreListener {
  appended(entries: readonly LogEntry[]): void;
  /** Something of these webhooks is due in the table. */
  due(places: readonly Place[]): void;
  webhooksChanged(tenantId: string): void;
  /** Resolves when whoever lost a key is out. */
  keysChanged(): Promise<void>;
}

export interface StoreOptions extends StoreTools {
  readonly vault: Vault;
  readonly defaults: WebhookDefaults;
  readonly listener: StoreListener;
  readonly report: (error: unknown) => void;
}

/** `Store`: verbs over one writer, units of work on MikroORM. */
export class DatabaseStore implements Store {
  readonly #database: Database;
  readonly #options: StoreOptions;
  readonly #catalogs: Catalogs;
  readonly #routes: Routes;
  readonly #writer: Writer;
  readonly #log: LogOrder;
  #waiting = 0;

  /** With the webhooks of all tenants in memory. */
  static async open(database: Database, options: StoreOptions): Promise<DatabaseStore> {
    const store = new DatabaseStore(database, options, await database.lookups.positions());
    for (const tenantId of store.tenantIds) await store.#routes.load(tenantId);
    database.others?.start({
      ...options.listener,
      position: (tenantId) => store.position(tenantId),
      received: (entries) => store.#received(entries),
      cut: (tenantId, position) => store.#log.skip(tenantId, position),
      outdated: (tenantId, versions) => store.#outdated(tenantId, versions),
    });
    return store;
  }

  private constructor(
    database: Database,
    options: StoreOptions,
    positions: ReadonlyMap<string, number>,
  ) {
    const { lookups, begin, transactionsMax: most, isLost } = database;
    this.#database = database;
    this.#options = options;
    this.#log = new LogOrder(positions);
    this.#catalogs = new Catalogs(lookups);
    this.#routes = new Routes({ ...options, lookups, catalogs: this.#catalogs });
    this.#writer = new Writer({
      begin,
      most,
      isLost,
      order: ORDER,
      open: ({ sql }) => new Transaction(sql, this.#routes, options),
      committed: (transaction) => this.#committed(transaction),
      report: options.report,
    });
  }

  get tenantIds(): readonly string[] {
    return this.#log.tenantIds;
  }

  position(tenantId: string): number {
    return this.#log.position(tenantId);
  }

  async catalog(tenantId: string): Promise<Catalog> {
    await this.#database.others?.fresh(tenantId);
    return (await this.#catalogs.of(tenantId)).catalog;
  }

  route(tenantId: string, webhookId: string): Route | undefined {
    return this.#routes.find(tenantId, webhookId);
  }

  routes(tenantId: string): Iterable<Route> {
    return this.#routes.all(tenantId);
  }

  async keep(
    tenantId: string,
    events: readonly NewEvent[],
    lanes: Lanes,
  ): Promise<readonly Kept[]> {
    const rows = events.reduce((sum, { event }) => sum + this.#rowsOf(tenantId, event.typeName), 0);
    if (rows > CALL_ROWS_MAX) throw new Refusal("CALL_TOO_LARGE", { limit: CALL_ROWS_MAX });
    const size = events.reduce((sum, { event }) => sum + event.payload.length, 0);
    if (this.#waiting + size > WAITING_MAX)
      throw new Refusal("PUBLISHES_WAITING", { limit: WAITING_MAX, retryAfterMs: 1000 });
    this.#waiting += size;
    try {
      return await this.#writer.change(keep, { events, lanes }, rows);
    } finally {
      this.#waiting -= size;
    }
  }

  async keyHolder(tenantId: string, key: string): Promise<KeyHolder | undefined> {
    return this.#database.lookups.keyHolder(tenantId, key);
  }

  async keepTest(test: NewEvent, webhookId: string): Promise<Claim> {
    const claim = await this.#writer.change(KEEP_TEST, { test, webhookId }, 3);
    if (!claim) throw new Refusal("WEBHOOK_NOT_FOUND", { path: ["webhook"] });
    if (claim === "BROKEN") throw new Refusal("SELECTION_BROKEN", { path: ["webhook"] });
    return claim;
  }

  claimDue(requests: readonly ClaimRequest[]): Promise<Claimed> {
    return this.#writer.change(CLAIM_DUE, requests);
  }

  async release(claims: readonly Claim[]): Promise<void> {
    await this.#writer.change(RELEASE, claims);
  }

  record(recording: Recording): Promise<AttemptRecorded> {
    return this.#writer.change(record, recording, 3);
  }

  async transition(about: Transition): Promise<Transitioned> {
    const done = await this.#writer.change(TRANSITION, about, 3);
    if (done instanceof Refusal) throw done;
    return done;
  }

  cancelWaiting(webhookId: string, before: Date, most: number): Promise<CancelledSome> {
    return this.#writer.change(CANCEL_WAITING, { webhookId, before, most }, most);
  }

  async audit(tenantId: string, change: AuditChange, by: Actor): Promise<void> {
    const at = this.#options.clock.now();
    await this.#writer.change(AUDIT, { change, tenantId, at, by });
  }

  receive(request: InboxRequest): Promise<InboxAnswer | null> {
    return this.#writer.change(RECEIVE, request, 3);
  }

  async foldLog(tenantId: string): Promise<Folding> {
    if (!this.#database.others) return this.#writer.change(FOLD, tenantId);
    // It holds the tenant, whom others wait for who hold what a group needs.
    let folding: Folding = { hasMore: false, paused: [] };
    await this.#writer.turn(async (transaction) => {
      folding = await foldLog(transaction, tenantId);
    });
    return folding;
  }

  async orphaned(): Promise<readonly string[]> {
    return this.#database.lookups.orphaned();
  }

  removeOld(removal: Omit<Removal, "tenantIds">): Promise<Removed> {
    return this.#writer.change(REMOVE_OLD, { ...removal, tenantIds: this.tenantIds });
  }

  /** When keys were last used, by id. */
  async usedKeys(uses: ReadonlyMap<string, Date>): Promise<void> {
    await this.#writer.change(USED_KEYS, uses);
  }

  /** What was leased by a process that is gone, and is claimed by no lane. */
  endLost(): Promise<readonly AttemptRecorded[]> {
    return this.#writer.change(END_LOST, undefined);
  }

  endLeases(): Promise<readonly AttemptRecorded[]> {
    return this.#writer.change(END_LEASES, undefined);
  }

  async webhook(tenantId: string, ref: WebhookRef): Promise<Webhook> {
    return (await this.#work(tenantId)).webhook(ref);
  }

  /** Reads and decides first, then writes in one turn; starts again when somebody else was quicker. */
  async change<T>(tenantId: string, decide: (work: Work) => Promise<T>, by: Actor): Promise<T> {
    for (let tries = 1; ; tries++) {
      const work = await this.#work(tenantId);
      const result = await decide(work);
      if (!work.hasChanges) return result;
      try {
        await this.#writer.turn((transaction, session) => {
          work.join(session);
          return work.flush(transaction, by);
        });
        return result;
      } catch (error) {
        if (!isStale(error) || tries === STALE_TRIES) throw error;
      }
    }
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#database.others?.stop();
  }

  /** What is in memory follows the tables before anybody goes on. */
  async #committed(transaction: Transaction): Promise<void> {
    const { entries, due, changedTenants, changedCatalogs, hasChangedKeys } = transaction;
    const { listener } = this.#options;
    for (const tenantId of changedCatalogs) this.#catalogs.forget(tenantId);
    for (const tenantId of changedTenants) await this.#routes.load(tenantId);
    this.#received(entries);
    if (entries.length > 0 || hasChangedKeys || changedTenants.size > 0)
      this.#database.others?.tell(due);
    for (const tenantId of changedTenants) listener.webhooksChanged(tenantId);
    if (hasChangedKeys) await listener.keysChanged();
  }

  #received(entries: readonly LogEntry[]): void {
    this.#options.listener.appended(this.#log.receive(entries));
    if (this.#log.hasGaps) this.#database.others?.wake();
  }

  async #outdated(tenantId: string, { webhooks, catalog }: Versions): Promise<void> {
    const hasOtherTypes = (await this.#catalogs.of(tenantId)).version !== catalog;
    if (hasOtherTypes) this.#catalogs.forget(tenantId);
    this.#log.add(tenantId);
    if (!hasOtherTypes && this.#routes.version(tenantId) === webhooks) return;
    await this.#routes.load(tenantId);
    this.#options.listener.webhooksChanged(tenantId);
  }

  async #work(tenantId: string): Promise<OrmWork> {
    await this.#database.others?.fresh(tenantId);
    const { version } = await this.#catalogs.of(tenantId);
    const now = this.#options.clock.now();
    return new OrmWork(this.#database.orm.em.fork(), { tenantId, now, catalogVersion: version });
  }

  #rowsOf(tenantId: string, typeName: string): number {
    return 1 + 2 * this.#routes.wanting(tenantId, typeName).length;
  }
}
