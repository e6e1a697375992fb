import { setImmediate as nextTick, setTimeout as wait } from "node:timers/promises";
import type { SqliteHandle } from "./sql/sqlite.ts";
import type { Transaction } from "./transaction.ts";

/** A change as a plain value: a verb, and what it is about. It may run again after a rollback. */
interface Change {
  readonly verb: (transaction: Transaction, about: never) => unknown;
  readonly about: unknown;
  readonly rows: number;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Work of several steps that has a turn for itself. */
interface Turn {
  readonly run: (transaction: Transaction) => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface WriterOptions {
  readonly open: () => Transaction;
  /** Hears of each commit before those who asked for it go on. */
  readonly committed: (transaction: Transaction) => void;
  readonly report: (error: unknown) => void;
}

/** One commit serves all changes that wait, up to this many rows: enough to share an fsync, short enough to go unnoticed. */
const GROUP_ROWS = 1000;
/** A slow disk makes groups larger, up to this wait. */
const GATHER_MOST_MS = 20;
const BUSY_RETRY_MS = 25;
const BUSY_PATIENCE_MS = 5000;

/** The one door to the writing connection: whoever changes something queues here, and goes on after the commit. */
export class Writer {
  readonly #begin: () => void;
  readonly #commit: () => void;
  readonly #rollback: () => void;
  readonly #open: () => Transaction;
  readonly #committed: (transaction: Transaction) => void;
  readonly #report: (error: unknown) => void;
  readonly #queue: (Change | Turn)[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;
  /** When the last commit ended, and how long it took: durable ones wait for the disk. */
  #committedMs = 0;
  #commitMs = 0;

  constructor(db: SqliteHandle, { open, committed, report }: WriterOptions) {
    const [begin, commit, rollback] = ["begin immediate", "commit", "rollback"].map((sql) =>
      db.prepare(sql),
    );
    this.#begin = () => begin!.run();
    this.#commit = () => commit!.run();
    // A full disk makes SQLite roll back by itself.
    this.#rollback = () => db.inTransaction && rollback!.run();
    this.#open = open;
    this.#committed = committed;
    this.#report = report;
  }

  /** Resolves with what the verb returned, after the commit that holds it. */
  change<A, R>(verb: (transaction: Transaction, about: A) => R, about: A, rows = 1): Promise<R> {
    return new Promise<R>((resolve, reject) =>
      this.#enqueue({ verb, about, rows, resolve, reject } as unknown as Change),
    );
  }

  turn(run: Turn["run"]): Promise<void> {
    return new Promise<void>((resolve, reject) => this.#enqueue({ run, resolve, reject }));
  }

  /**
   * Resolves when all that was asked for is done; what is asked for later is refused. A lock of another process is not
   * waited for any more: what it holds up is refused too.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  #enqueue(entry: Change | Turn): void {
    if (this.#isClosed) return entry.reject(new Error("The store is closed"));
    this.#queue.push(entry);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    for (await this.#gather(); this.#queue.length > 0; await this.#gather()) {
      try {
        await this.#beginWhenFree();
      } catch (error) {
        // Another process holds the database: all who wait are told now, and not one after the other.
        for (const { reject } of this.#queue.splice(0)) reject(error);
        continue;
      }
      if ("run" in this.#queue[0]!) await this.#runTurn(this.#queue.shift() as Turn);
      else await this.#runGroup(this.#takeGroup());
    }
    this.#running = undefined;
  }

  /** Whoever asks in the same turn of the event loop shares a commit, and for as long as the last one took. */
  async #gather(): Promise<void> {
    const restMs = this.#committedMs + this.#commitMs - performance.now();
    await (restMs >= 1 ? wait(restMs) : nextTick());
  }

  #takeGroup(): Change[] {
    let rows = 0;
    const end = this.#queue.findIndex(
      (entry, index) => "run" in entry || ((rows += entry.rows) > GROUP_ROWS && index > 0),
    );
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end) as Change[];
  }

  async #runGroup(group: Change[]): Promise<void> {
    try {
      const results = await this.#complete((transaction) =>
        group.map(({ verb, about }) => verb(transaction, about as never)),
      );
      for (const [index, change] of group.entries()) change.resolve(results[index] as never);
    } catch (error) {
      if (group.length === 1) return group[0]!.reject(error);
      // One of them failed: alone, each gets the answer that is its own.
      for (const change of group) await this.#runAlone(change);
    }
  }

  async #runAlone(change: Change): Promise<void> {
    try {
      await this.#beginWhenFree();
    } catch (error) {
      return change.reject(error);
    }
    await this.#runGroup([change]);
  }

  async #runTurn({ run, resolve, reject }: Turn): Promise<void> {
    await this.#complete(run).then(resolve, reject);
  }

  /** Does the work of the transaction that was begun, and commits it or rolls it back. */
  async #complete<T>(work: (transaction: Transaction) => T | Promise<T>): Promise<T> {
    const transaction = this.#open();
    let result: T;
    try {
      const returned = work(transaction);
      result = returned instanceof Promise ? await returned : returned;
      transaction.complete();
      const startMs = performance.now();
      this.#commit();
      this.#committedMs = performance.now();
      this.#commitMs = Math.min(this.#committedMs - startMs, GATHER_MOST_MS);
    } catch (error) {
      this.#rollback();
      transaction.rolledBack();
      throw error;
    }
    transaction.committed();
    try {
      this.#committed(transaction);
    } catch (error) {
      // It is committed, whatever becomes of those who hear of it.
      this.#report(error);
    }
    return result;
  }

  async #beginWhenFree(): Promise<void> {
    for (let waited = 0; ; waited += BUSY_RETRY_MS) {
      try {
        return this.#begin();
      } catch (error) {
        const isBusy = String((error as { code?: unknown }).code).startsWith("SQLITE_BUSY");
        if (!isBusy || this.#isClosed || waited >= BUSY_PATIENCE_MS) throw error;
      }
      await wait(BUSY_RETRY_MS);
    }
  }
}
