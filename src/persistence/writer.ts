import { setImmediate as nextTick, setTimeout as wait } from "node:timers/promises";
import type { Awaitable, Session } from "./statements.ts";
import type { Transaction } from "./transaction.ts";

/** Changes of one kind as plain values: all those of a group in one call. They may run again after a rollback. */
export type Verb<A, R> = (transaction: Transaction, about: readonly A[]) => Promise<readonly R[]>;

interface Change {
  readonly verb: Verb<never, unknown>;
  readonly about: unknown;
  readonly rows: number;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Work of several steps that has a transaction for itself. */
interface Turn {
  readonly run: (transaction: Transaction, session: Session) => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface WriterOptions {
  /** Begins a transaction. Waits while another process holds the database, but not once `closing` is given. */
  readonly begin: (closing: AbortSignal) => Awaitable<Session>;
  /** Transactions that may be open at once: one on SQLite. */
  readonly most: number;
  /** The error says that the connection is gone: whether a commit succeeded is not known. */
  readonly isLost: (error: unknown) => boolean;
  /** Verbs of a group run in this order, so that no two transactions wait for each other; others come first. */
  readonly order?: readonly unknown[];
  readonly open: (session: Session) => Transaction;
  /** Hears of each commit before those who asked for it go on. */
  readonly committed: (transaction: Transaction) => Promise<void>;
  readonly report: (error: unknown) => void;
}

/** One commit serves all changes that wait, up to this many rows: enough to share an fsync, short enough to go unnoticed. */
const GROUP_ROWS = 1000;
/** Beside an open transaction a further one begins only for so many rows: fewer share the next commit. */
const BESIDE_ROWS = 200;
/** A slow disk makes groups larger, up to this wait. */
const GATHER_MOST_MS = 20;

/** The one door to the tables: whoever changes something queues here, and goes on after the commit. */
export class Writer {
  readonly #options: WriterOptions;
  readonly #queue: (Change | Turn)[] = [];
  readonly #closing = new AbortController();
  #rows = 0;
  #open = 0;
  #isOpening = false;
  #idle = Promise.withResolvers<void>();
  /** When the last commit ended, and how long it took: durable ones wait for the disk. */
  #committedMs = 0;
  #commitMs = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Resolves with what the verb returned for it, after the commit that holds it. */
  change<A, R>(verb: Verb<A, R>, about: A, rows = 1): Promise<R> {
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
    this.#closing.abort();
    while (this.#isBusy) await this.#idle.promise;
  }

  get #isBusy(): boolean {
    return this.#queue.length > 0 || this.#open > 0 || this.#isOpening;
  }

  #enqueue(entry: Change | Turn): void {
    if (this.#closing.signal.aborted) return entry.reject(new Error("The store is closed"));
    this.#queue.push(entry);
    this.#rows += rowsOf(entry);
    this.#next();
  }

  /** Opens a transaction when there is something for it. */
  #next(): void {
    const first = this.#queue[0];
    if (!first || this.#isOpening || this.#open >= this.#options.most) return;
    if (this.#open > 0 && this.#rows < BESIDE_ROWS && !("run" in first)) return;
    this.#isOpening = true;
    void this.#begin().finally(() => {
      this.#next();
      if (this.#isBusy) return;
      this.#idle.resolve();
      this.#idle = Promise.withResolvers();
    });
  }

  async #begin(): Promise<void> {
    await this.#gather();
    let session: Session;
    try {
      session = await this.#options.begin(this.#closing.signal);
    } catch (error) {
      // Nothing can be written: all who wait are told now, and not one after the other.
      this.#rows = 0;
      for (const { reject } of this.#queue.splice(0)) reject(error);
      this.#isOpening = false;
      return;
    }
    const work = "run" in this.#queue[0]! ? (this.#queue.shift() as Turn) : this.#takeGroup();
    this.#isOpening = false;
    this.#open++;
    this.#next();
    await ("run" in work ? this.#runTurn(session, work) : this.#runGroup(session, work));
    this.#open--;
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
    const group = this.#queue.splice(0, end === -1 ? this.#queue.length : end) as Change[];
    for (const change of group) this.#rows -= change.rows;
    return group;
  }

  async #runGroup(session: Session, group: readonly Change[]): Promise<void> {
    try {
      const results = await this.#complete(session, (transaction) =>
        runVerbs(transaction, group, this.#options.order),
      );
      for (const change of group) change.resolve(results.get(change) as never);
    } catch (error) {
      if (group.length === 1 || this.#options.isLost(error))
        return group.forEach(({ reject }) => reject(error));
      // One of them failed: alone, each gets the answer that is its own.
      for (const change of group) await this.#runAlone(change);
    }
  }

  async #runAlone(change: Change): Promise<void> {
    try {
      await this.#runGroup(await this.#options.begin(this.#closing.signal), [change]);
    } catch (error) {
      change.reject(error);
    }
  }

  async #runTurn(session: Session, { run, resolve, reject }: Turn): Promise<void> {
    await this.#complete(session, (transaction) => run(transaction, session)).then(resolve, reject);
  }

  /** Does the work of the transaction that was begun, and commits it or rolls it back. */
  async #complete<T>(session: Session, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const { open, committed, report } = this.#options;
    const transaction = open(session);
    let result: T;
    try {
      result = await work(transaction);
      await transaction.complete();
      const startMs = performance.now();
      await session.commit();
      this.#committedMs = performance.now();
      this.#commitMs = Math.min(this.#committedMs - startMs, GATHER_MOST_MS);
    } catch (error) {
      await session.rollback();
      transaction.rolledBack();
      throw error;
    }
    // It is committed, whatever becomes of those who hear of it.
    await committed(transaction).catch(report);
    return result;
  }
}

function rowsOf(entry: Change | Turn): number {
  return "run" in entry ? 0 : entry.rows;
}

/** Each verb once. */
async function runVerbs(
  transaction: Transaction,
  group: readonly Change[],
  order: readonly unknown[] = [],
): Promise<ReadonlyMap<Change, unknown>> {
  const results = new Map<Change, unknown>();
  const byVerb = [...Map.groupBy(group, (change) => change.verb)];
  for (const [verb, changes] of byVerb.toSorted(
    ([a], [b]) => order.indexOf(a) - order.indexOf(b),
  )) {
    const about = changes.map((change) => change.about as never);
    const answers = await verb(transaction, about);
    for (const [index, change] of changes.entries()) results.set(change, answers[index]);
  }
  return results;
}

/** A verb that looks at one thing after the other. */
export function oneByOne<A, R>(
  change: (transaction: Transaction, about: A) => Promise<R>,
): Verb<A, R> {
  return async (transaction, about) => {
    const results: R[] = [];
    for (const one of about) results.push(await change(transaction, one));
    return results;
  };
}
