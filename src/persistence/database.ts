import type { MikroORM } from "@mikro-orm/sql";
import type { LogEntry } from "../domain/log-entry.ts";
import type { Awaitable, Lookups, Session, Versions } from "./statements.ts";

/** An open database, whichever it is. */
export interface Database {
  /** Its reads, and the units of work of people. */
  readonly orm: MikroORM;
  readonly lookups: Lookups;
  /** Transactions that may be open at once. */
  readonly transactionsMax: number;
  /** Begins one. Waits while another process holds the database, but not once `closing` is given. */
  readonly begin: (closing: AbortSignal) => Awaitable<Session>;
  /** Whether an error says that the connection is gone. */
  readonly isLost: (error: unknown) => boolean;
  /** Present where other processes change the tables too. */
  readonly others?: Others;
  close(): Promise<void>;
}

/** A webhook, and whose it is. */
export interface Place {
  readonly tenantId: string;
  readonly webhookId: string;
}

/** What a process keeps in memory and other processes change. */
export interface Followed {
  position(tenantId: string): number;
  /** Rows of other processes' commits, and some of one's own. */
  received(entries: readonly LogEntry[]): void;
  /** Up to here the log is gone: retention has removed it. */
  cut(tenantId: string, position: number): void;
  /** Reads anew what is older than these. */
  outdated(tenantId: string, versions: Versions): Promise<void>;
  keysChanged(): Promise<void>;
  /** Something of these webhooks is due in the table. */
  due(places: readonly Place[]): void;
}

/** The other processes on the same database. */
export interface Others {
  start(followed: Followed): void;
  stop(): Promise<void>;
  /** Resolves when what the tenant owns has been compared with the tables, after the call. */
  fresh(tenantId: string): Promise<void>;
  /** Looks for what is missing. */
  wake(): void;
  /** Lets them know of a commit, and of these webhooks that something is due. */
  tell(due: readonly Place[]): void;
  /** How many processes send at the moment, this one included. */
  senders(): number;
}

/** The database can't be opened; the message is for whoever starts the service. */
export class DatabaseProblem extends Error {
  override readonly name = "DatabaseProblem";
}
