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
import type { Database } from "./orm.ts";
import { Routes } from "./routes.ts";
import { createStatements, type Statements } from "./sql/statements.ts";
import { Transaction, type Positions, type StoreTools } from "./transaction.ts";
import { foldLog, type Folding } from "./verbs/fold.ts";
import { keep, keepTest } from "./verbs/keep.ts";
import { receive } from "./verbs/receive.ts";
import { claimDue, record } from "./verbs/record.ts";
import { removeOld, type Removal, type Removed } from "./verbs/retention.ts";
import { cancelWaiting, endLeases, transition } from "./verbs/transition.ts";
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
  webhooksChanged(tenantId: string): void;
  keysChanged(): void;
}

export interface StoreOptions extends StoreTools {
  readonly vault: Vault;
  readonly defaults: WebhookDefaults;
  readonly listener: StoreListener;
  readonly report: (error: unknown) => void;
}

/** `Store` on SQLite: verbs over one writer, units of work on MikroORM. */
export class SqliteStore implements Store {
  readonly #database: Database;
  readonly #options: StoreOptions;
  readonly #catalogs: Catalogs;
  readonly #routes: Routes;
  readonly #writer: Writer;
  readonly #sql: Statements;
  readonly #positions: Positions;
  #waiting = 0;

  constructor(database: Database, options: StoreOptions) {
    const sql = createStatements(database.writer);
    this.#database = database;
    this.#options = options;
    this.#sql = sql;
    this.#positions = sql.positions();
    const catalogs = new Catalogs(database.writer);
    const routes = new Routes(database.writer, { ...options, catalogs });
    this.#catalogs = catalogs;
    this.#routes = routes;
    this.#writer = new Writer(database.writer, {
      open: () => new Transaction(sql, { routes, catalogs }, options, this.#positions),
      committed({ entries, changedTenants, hasChangedKeys }) {
        options.listener.appended(entries);
        if (hasChangedKeys) options.listener.keysChanged();
        for (const tenantId of changedTenants) options.listener.webhooksChanged(tenantId);
      },
      report: options.report,
    });
  }

  get tenantIds(): readonly string[] {
    return [...this.#positions.keys()];
  }

  position(tenantId: string): number {
    return this.#positions.get(tenantId) ?? 0;
  }

  catalog(tenantId: string): Catalog {
    return this.#catalogs.of(tenantId);
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
      return await this.#writer.change(keep, { tenantId, events, lanes }, rows);
    } finally {
      this.#waiting -= size;
    }
  }

  async keepTest(test: NewEvent, webhookId: string): Promise<Claim> {
    const claim = await this.#writer.change(keepTest, { test, webhookId }, 3);
    if (!claim) throw new Refusal("WEBHOOK_NOT_FOUND", { path: ["webhook"] });
    if (claim === "BROKEN") throw new Refusal("SELECTION_BROKEN", { path: ["webhook"] });
    return claim;
  }

  claimDue(requests: readonly ClaimRequest[]): Promise<Claimed> {
    return this.#writer.change(claimDue, { requests });
  }

  async release(claims: readonly Claim[]): Promise<void> {
    await this.#writer.change(
      ({ sql }, about: readonly Claim[]) => about.forEach(sql.release),
      claims,
    );
  }

  record(recording: Recording): Promise<AttemptRecorded> {
    return this.#writer.change(record, recording, 3);
  }

  async transition(about: Transition): Promise<Transitioned> {
    const done = await this.#writer.change(transition, about, 3);
    if (done instanceof Refusal) throw done;
    return done;
  }

  cancelWaiting(webhookId: string, before: Date, most: number): Promise<CancelledSome> {
    return this.#writer.change(cancelWaiting, { webhookId, before, most }, most);
  }

  async audit(tenantId: string, change: AuditChange, by: Actor): Promise<void> {
    const at = this.#options.clock.now();
    await this.#writer.change(
      (transaction, about: AuditChange) => transaction.audit(about, { tenantId, at, by }),
      change,
    );
  }

  receive(request: InboxRequest): Promise<InboxAnswer | null> {
    return this.#writer.change(receive, request, 3);
  }

  foldLog(tenantId: string): Promise<Folding> {
    return this.#writer.change(foldLog, { tenantId });
  }

  orphaned(): readonly string[] {
    return this.#sql.orphaned();
  }

  removeOld(removal: Omit<Removal, "tenantIds">): Promise<Removed> {
    return this.#writer.change(removeOld, { ...removal, tenantIds: this.tenantIds });
  }

  /** When keys were last used, by id. */
  async usedKeys(uses: ReadonlyMap<string, Date>): Promise<void> {
    await this.#writer.change(
      ({ sql }, about: typeof uses) => about.forEach((at, id) => sql.usedKey(id, at)),
      uses,
    );
  }

  endLeases(): Promise<readonly AttemptRecorded[]> {
    return this.#writer.change(endLeases, undefined);
  }

  webhook(tenantId: string, ref: WebhookRef): Promise<Webhook> {
    return this.#work(tenantId).webhook(ref);
  }

  /** Reads and decides first, then writes in one turn; starts again when somebody else was quicker. */
  async change<T>(tenantId: string, decide: (work: Work) => Promise<T>, by: Actor): Promise<T> {
    for (let tries = 1; ; tries++) {
      const work = this.#work(tenantId);
      const result = await decide(work);
      if (!work.hasChanges) return result;
      try {
        await this.#writer.turn((transaction) => work.flush(transaction, by));
        return result;
      } catch (error) {
        if (!isStale(error) || tries === STALE_TRIES) throw error;
      }
    }
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }

  #work(tenantId: string): OrmWork {
    const catalog = this.#catalogs.of(tenantId);
    const now = this.#options.clock.now();
    return new OrmWork(this.#database.orm.em.fork(), { tenantId, now, catalog });
  }

  #rowsOf(tenantId: string, typeName: string): number {
    return 1 + 2 * this.#routes.wanting(tenantId, typeName).length;
  }
}
