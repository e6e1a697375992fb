import type { Actor, AuditChange } from "../domain/audit.ts";
import type { IdPrefix } from "../domain/id.ts";
import type { LogEntry } from "../domain/log-entry.ts";
import type { Route } from "../domain/route.ts";
import type { Lanes } from "../domain/store.ts";
import type { Clock } from "../domain/tools.ts";
import type { Catalogs } from "./catalogs.ts";
import type { Routes } from "./routes.ts";
import type { Statements } from "./sql/statements.ts";

/** What verbs take from outside. */
export interface StoreTools {
  readonly clock: Clock;
  readonly newId: (prefix: IdPrefix) => string;
  /** Names this process in leases. */
  readonly owner: string;
}

/** The last position of each tenant's log, as committed. */
export type Positions = Map<string, number>;

/** A change of a log entry that the caller leaves out is null. */
export type LogFields = Pick<LogEntry, "tenantId" | "at" | "change"> & Partial<LogEntry>;

/** Who did it, where and when. */
export interface Audit {
  readonly tenantId: string;
  readonly at: Date;
  readonly by: Actor;
}

/**
 * What verbs work with inside one turn of the writer. What they do outside the database (positions, places in lanes)
 * is staged here, to be kept at the commit or undone.
 */
export class Transaction {
  readonly sql: Statements;
  readonly routes: Routes;
  readonly catalogs: Catalogs;
  readonly tools: StoreTools;
  /** In commit order. */
  readonly entries: LogEntry[] = [];
  readonly changedTenants = new Set<string>();
  /** API keys were made or revoked. */
  hasChangedKeys = false;
  readonly #positions: Positions;
  readonly #staged: Positions = new Map();
  /** Events that filters turned away, by webhook. */
  readonly #filtered = new Map<string, number>();
  readonly #reserved: { lanes: Lanes; route: Route }[] = [];

  constructor(
    sql: Statements,
    { routes, catalogs }: { routes: Routes; catalogs: Catalogs },
    tools: StoreTools,
    positions: Positions,
  ) {
    this.sql = sql;
    this.routes = routes;
    this.catalogs = catalogs;
    this.tools = tools;
    this.#positions = positions;
  }

  log(fields: LogFields): void {
    const { tenantId } = fields;
    const position = 1 + (this.#staged.get(tenantId) ?? this.#positions.get(tenantId) ?? 0);
    this.#staged.set(tenantId, position);
    const entry: LogEntry = { ...BLANK, ...fields, position };
    this.entries.push(entry);
    this.sql.addLogEntry(entry);
  }

  /** Keeps who did what, in the tenant that it concerns. */
  audit(change: AuditChange, { by, ...about }: Audit): void {
    this.sql.addAuditEntry({ id: this.tools.newId("aud"), ...about, ...by, ...change });
  }

  /** The tenant's webhooks are not what they were: fan-out and lanes read them anew. */
  changeWebhooks(tenantId: string): void {
    if (this.changedTenants.has(tenantId)) return;
    this.changedTenants.add(tenantId);
    this.sql.raiseWebhooksVersion(tenantId);
    this.routes.forget(tenantId);
  }

  /** The tenant's event types are not what they were: what its webhooks match and select is found out anew. */
  changeCatalog(tenantId: string): void {
    this.catalogs.forget(tenantId);
    this.changeWebhooks(tenantId);
  }

  countFiltered(webhookId: string): void {
    this.#filtered.set(webhookId, 1 + (this.#filtered.get(webhookId) ?? 0));
  }

  reserve(lanes: Lanes, route: Route): boolean {
    if (!lanes.reserve(route)) return false;
    this.#reserved.push({ lanes, route });
    return true;
  }

  /** Writes what was gathered, in the order of ids; the last step before the commit. */
  complete(): void {
    for (const id of [...this.#filtered.keys()].toSorted())
      this.sql.addFiltered(id, this.#filtered.get(id)!);
  }

  committed(): void {
    for (const [tenantId, position] of this.#staged) this.#positions.set(tenantId, position);
  }

  rolledBack(): void {
    for (const { lanes, route } of this.#reserved) lanes.giveBack(route);
    // Whoever looked while it was open has seen what is not there.
    this.catalogs.clear();
    this.routes.clear();
  }
}

/** A log entry about nothing yet. */
export const BLANK: Omit<LogEntry, "tenantId" | "position" | "at" | "change"> = {
  webhookId: null,
  deliveryId: null,
  eventId: null,
  eventType: null,
  isTest: false,
  status: null,
  attempts: null,
  dueAt: null,
  attemptId: null,
  outcome: null,
  responseStatus: null,
  tookMs: null,
  inboxId: null,
  requestId: null,
};
