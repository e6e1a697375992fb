import type { MikroORM } from "@mikro-orm/sqlite";
import type { Awaitable, Lookups, Session } from "./statements.ts";

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
  close(): Promise<void>;
}

/** The database can't be opened; the message is for whoever starts the service. */
export class DatabaseProblem extends Error {
  override readonly name = "DatabaseProblem";
}
