import type { Actor, AuditChange, AuditEntry } from "../domain/audit.ts";
import type { Delivery, DeliveryAttempt } from "../domain/delivery.ts";
import type { Event } from "../domain/event.ts";
import type { IdPrefix } from "../domain/id.ts";
import type { LogEntry } from "../domain/log-entry.ts";
import type { Route } from "../domain/route.ts";
import type { Lanes } from "../domain/store.ts";
import type { Clock } from "../domain/tools.ts";
import type { Place } from "./database.ts";
import type { Body } from "./mapping-catalog.ts";
import type { Routes } from "./routes.ts";
import type { Instants, Statements, Unplaced } from "./statements.ts";

/** What verbs take from outside. */
export interface StoreTools {
  readonly clock: Clock;
  readonly newId: (prefix: IdPrefix) => string;
  /** Names this process in leases. */
  readonly owner: string;
}

/** A change of a log entry that the caller leaves out is null. */
export type LogFields = Pick<LogEntry, "tenantId" | "at" | "change"> & Partial<LogEntry>;

/** Who did it, where and when. */
export interface Audit {
  readonly tenantId: string;
  readonly at: Date;
  readonly by: Actor;
}

/**
 * What verbs work with inside one transaction. New rows are gathered and written at its end, each table's at once; places
 * in lanes that were reserved outside the database are given back unless it commits.
 */
export class Transaction {
  readonly sql: Statements;
  readonly routes: Routes;
  readonly tools: StoreTools;
  readonly events: Event[] = [];
  readonly bodies: Body[] = [];
  readonly deliveries: Delivery[] = [];
  readonly attempts: DeliveryAttempt[] = [];
  /** The lanes that something is due for in the table. */
  readonly due: Place[] = [];
  /** In commit order, once it is complete. */
  entries: readonly LogEntry[] = [];
  /** Tenants whose webhooks are not what they were: fan-out and lanes read them anew. */
  readonly changedTenants = new Set<string>();
  /** Those whose event types are others too. */
  readonly changedCatalogs = new Set<string>();
  /** API keys were made or revoked. */
  hasChangedKeys = false;
  readonly #log: Unplaced[] = [];
  readonly #audits: AuditEntry[] = [];
  /** Events that filters turned away, by webhook. */
  readonly #filtered = new Map<string, number>();
  readonly #reserved: { lanes: Lanes; route: Route }[] = [];

  constructor(sql: Statements, routes: Routes, tools: StoreTools) {
    this.sql = sql;
    this.routes = routes;
    this.tools = tools;
  }

  get instants(): Instants {
    const { clock } = this.tools;
    return { now: clock.now(), leaseMs: clock.leaseMs() };
  }

  log(fields: LogFields): void {
    this.#log.push({ ...BLANK, ...fields });
  }

  /** Keeps who did what, in the tenant that it concerns. */
  audit(change: AuditChange, { by, ...about }: Audit): void {
    this.#audits.push({ id: this.tools.newId("aud"), ...about, ...by, ...change });
  }

  countFiltered(webhookId: string): void {
    this.#filtered.set(webhookId, 1 + (this.#filtered.get(webhookId) ?? 0));
  }

  reserve(lanes: Lanes, route: Route): boolean {
    if (!lanes.reserve(route)) return false;
    this.#reserved.push({ lanes, route });
    return true;
  }

  /** Writes what was gathered; the last step before the commit. */
  async complete(): Promise<void> {
    const { sql } = this;
    if (this.events.length > 0) await sql.addEvents(this.events);
    if (this.bodies.length > 0) await sql.addBodies(this.bodies);
    if (this.deliveries.length > 0) await sql.addDeliveries(this.deliveries);
    if (this.attempts.length > 0) await sql.addAttempts(this.attempts);
    if (this.#audits.length > 0) await sql.addAuditEntries(this.#audits);
    if (this.#filtered.size > 0) await sql.addFiltered(this.#filtered);
    if (this.hasChangedKeys) await sql.raiseKeysVersion();
    for (const tenantId of [...this.changedTenants].toSorted())
      await sql.raiseVersions(tenantId, {
        webhooks: 1,
        catalog: Number(this.changedCatalogs.has(tenantId)),
      });
    if (this.#log.length > 0) this.entries = await sql.appendLog(this.#log);
  }

  rolledBack(): void {
    for (const { lanes, route } of this.#reserved) lanes.giveBack(route);
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
