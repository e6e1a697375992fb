import type { Announce, AttemptRecorded } from "../domain/fact.ts";
import type { LogEntry } from "../domain/log-entry.ts";
import type { CancelledSome } from "../domain/store.ts";
import type { Clock } from "../domain/tools.ts";

const FOLD_MS = 1000;
const RETENTION_MS = 60_000;
/** Deliveries of a deleted webhook that are settled in one transaction. */
const SETTLE_STEP = 500;
/** Whatever the clock says, all of a deleted webhook's deliveries are meant. */
const END_OF_TIME = new Date(8.64e15);

/** How far a removal has come. */
interface RemovalPlace {
  readonly deliveryId: string;
  readonly eventId: string;
}

/** The verbs that nobody asks for. */
export interface UpkeepStore {
  foldLog(tenantId: string): Promise<{
    readonly hasMore: boolean;
    readonly paused: readonly { readonly webhookId: string; readonly reason: string }[];
  }>;
  /** Deleted webhooks that something still waits for. */
  orphaned(): Promise<readonly string[]>;
  cancelWaiting(webhookId: string, before: Date, most: number): Promise<CancelledSome>;
  /** Records what was leased by a process that is gone, and is claimed by no lane. */
  endLost(): Promise<readonly AttemptRecorded[]>;
  removeOld(removal: {
    readonly before: Date;
    readonly auditBefore: Date;
    readonly now: Date;
    readonly place?: RemovalPlace;
  }): Promise<{
    readonly deliveries: number;
    readonly events: number;
    readonly logEntries: number;
    readonly auditEntries: number;
    readonly place?: RemovalPlace;
  }>;
}

export interface UpkeepOptions {
  readonly store: UpkeepStore;
  readonly clock: Clock;
  readonly announce: Announce;
  readonly retentionMs: number;
  /** The same for who did what. */
  readonly auditRetentionMs: number;
  readonly report: (error: unknown) => void;
}

/** What is done beside the line: health folded from the log, deleted webhooks settled, old rows removed. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #unfolded = new Set<string>();
  readonly #stop = new AbortController();
  #hasDeleted = true;
  #folding: Promise<void> | undefined;
  #removing: Promise<void> | undefined;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  start(tenantIds: readonly string[]): void {
    for (const tenantId of tenantIds) this.#unfolded.add(tenantId);
    this.#wake();
    this.#removing = this.#repeatRemoval();
  }

  /** New rows of the log: within a second they are folded. An idle service does nothing. */
  appended(entries: readonly LogEntry[]): void {
    for (const { tenantId, change } of entries) {
      this.#unfolded.add(tenantId);
      if (change === "DELETED") this.#hasDeleted = true;
    }
    if (entries.length > 0) this.#wake();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#folding, this.#removing]);
  }

  #wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#folding ??= this.#foldSoon().finally(() => {
      this.#folding = undefined;
      if (this.#unfolded.size > 0 || this.#hasDeleted) this.#wake();
    });
  }

  async #foldSoon(): Promise<void> {
    const { clock, report } = this.#options;
    await clock.wait(FOLD_MS, this.#stop.signal);
    try {
      for (const tenantId of Array.from(this.#unfolded)) await this.#fold(tenantId);
      if (this.#hasDeleted) await this.#settleDeleted();
    } catch (error) {
      this.#hasDeleted = true;
      if (!this.#stop.signal.aborted) report(error);
    }
  }

  async #fold(tenantId: string): Promise<void> {
    const { store, announce } = this.#options;
    this.#unfolded.delete(tenantId);
    for (let hasMore = true; hasMore && !this.#stop.signal.aborted;) {
      const folding = await store.foldLog(tenantId).catch((error: unknown) => {
        this.#unfolded.add(tenantId);
        throw error;
      });
      for (const { webhookId, reason } of folding.paused)
        announce({ type: "webhook.autoPaused", tenantId, webhookId, reason });
      ({ hasMore } = folding);
    }
  }

  async #settleDeleted(): Promise<void> {
    const { store, announce } = this.#options;
    // What is deleted from here on is looked for again.
    this.#hasDeleted = false;
    for (const webhookId of await store.orphaned())
      for (let count = SETTLE_STEP; count === SETTLE_STEP && !this.#stop.signal.aborted;) {
        const settled = await store.cancelWaiting(webhookId, END_OF_TIME, SETTLE_STEP);
        for (const fact of settled.lost) announce(fact);
        ({ count } = settled);
      }
  }

  async #repeatRemoval(): Promise<void> {
    const { clock, report } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        for (const fact of await this.#options.store.endLost()) this.#options.announce(fact);
        for (let place = await this.#removeSome(); place; place = await this.#removeSome(place));
      } catch (error) {
        if (!this.#stop.signal.aborted) report(error);
      }
      await clock.wait(RETENTION_MS, this.#stop.signal);
    }
  }

  async #removeSome(from?: RemovalPlace): Promise<RemovalPlace | undefined> {
    const { store, clock, announce, retentionMs, auditRetentionMs } = this.#options;
    const now = clock.now();
    const { place, ...removed } = await store.removeOld({
      before: new Date(now.getTime() - retentionMs),
      auditBefore: new Date(now.getTime() - auditRetentionMs),
      now,
      place: from,
    });
    if (Object.values(removed).some((count) => count > 0))
      announce({ type: "retention.removed", ...removed });
    return this.#stop.signal.aborted ? undefined : place;
  }
}
