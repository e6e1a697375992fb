import type { LogEntry } from "../domain/log-entry.ts";
import type { Clock } from "../domain/tools.ts";

/** Entries of each tenant that are kept in memory: what a subscriber that keeps up reads. The table has the rest. */
const KEPT = 2000;

/** Those who wait for a tenant's next commit. */
interface Sleepers {
  readonly wakes: Set<() => void>;
  /** The first of them wakes by itself then, lease clock. */
  untilMs: number;
  timer: AbortController;
}

/**
 * The recent end of each tenant's log, and the wake-ups of whoever follows it. An announcement carries nothing: it
 * only wakes, and each subscriber pulls what comes after its own position.
 */
export class Tail {
  readonly #clock: Clock;
  readonly #recent = new Map<string, LogEntry[]>();
  readonly #sleepers = new Map<string, Sleepers>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In commit order. */
  append(entries: readonly LogEntry[]): void {
    for (const [tenantId, added] of Map.groupBy(entries, (entry) => entry.tenantId)) {
      const recent = this.#recent.get(tenantId) ?? [];
      recent.push(...added);
      if (recent.length > 2 * KEPT) recent.splice(0, recent.length - KEPT);
      this.#recent.set(tenantId, recent);
      this.#wakeAll(tenantId);
    }
  }

  /** What came after a position, at most `most`; undefined when that reaches further back than memory does. */
  after(tenantId: string, position: number, most: number): readonly LogEntry[] | undefined {
    const recent = this.#recent.get(tenantId);
    const first = recent?.[0]?.position;
    if (!recent || first === undefined || position + 1 < first) return undefined;
    const start = position + 1 - first;
    return recent.slice(start, start + most);
  }

  /**
   * Wakes once, at the tenant's next commit or when it is `untilMs` by the lease clock; sooner when another one of the
   * tenant has to. One timer for all of them: there are thousands, and each commit wakes them.
   */
  sleep(tenantId: string, untilMs: number, wake: () => void): void {
    const sleepers = this.#sleepers.get(tenantId) ?? {
      wakes: new Set(),
      untilMs: Infinity,
      timer: new AbortController(),
    };
    this.#sleepers.set(tenantId, sleepers);
    sleepers.wakes.add(wake);
    if (untilMs >= sleepers.untilMs) return;
    sleepers.timer.abort();
    const timer = new AbortController();
    Object.assign(sleepers, { untilMs, timer });
    void this.#clock
      .wait(untilMs - this.#clock.leaseMs(), timer.signal)
      .then(() => timer.signal.aborted || this.#wakeAll(tenantId));
  }

  /** Nobody waits any more for whom this would have woken. */
  forget(tenantId: string, wake: () => void): void {
    const sleepers = this.#sleepers.get(tenantId);
    if (!sleepers?.wakes.delete(wake) || sleepers.wakes.size > 0) return;
    sleepers.timer.abort();
    this.#sleepers.delete(tenantId);
  }

  #wakeAll(tenantId: string): void {
    const sleepers = this.#sleepers.get(tenantId);
    if (!sleepers) return;
    sleepers.timer.abort();
    this.#sleepers.delete(tenantId);
    for (const wake of sleepers.wakes) wake();
  }
}
