import type { LogEntry } from "../domain/log-entry.ts";
import type { Clock } from "../domain/tools.ts";

/** Entries of each tenant that are kept in memory: what a subscriber that keeps up reads. The table has the rest. */
const KEPT = 2000;

/** Those who wait for a tenant's next commit. */
interface Sleepers {
  /** Until when each of them sleeps at most, lease clock. */
  readonly wakes: Map<() => void, number>;
  /** When the first of them wakes by itself. */
  nextMs: number;
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
      const known = this.#recent.get(tenantId) ?? [];
      // What was removed in between can't be had from here.
      const recent = known.at(-1)?.position === added[0]!.position - 1 ? known : [];
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
   * Wakes once, at the tenant's next commit or when it is `untilMs` by the lease clock. One timer for all of a tenant:
   * there are thousands, and each commit wakes them.
   */
  sleep(tenantId: string, untilMs: number, wake: () => void): void {
    const sleepers = this.#sleepers.get(tenantId) ?? {
      wakes: new Map(),
      nextMs: Infinity,
      timer: new AbortController(),
    };
    this.#sleepers.set(tenantId, sleepers);
    sleepers.wakes.set(wake, untilMs);
    if (untilMs < sleepers.nextMs) this.#setTimer(tenantId, sleepers, untilMs);
  }

  #setTimer(tenantId: string, sleepers: Sleepers, nextMs: number): void {
    sleepers.timer.abort();
    const timer = new AbortController();
    Object.assign(sleepers, { nextMs, timer });
    void this.#clock
      .wait(Math.max(0, nextMs - this.#clock.leaseMs()), timer.signal)
      .then(() => timer.signal.aborted || this.#wakeDue(tenantId, sleepers));
  }

  #wakeDue(tenantId: string, sleepers: Sleepers): void {
    const nowMs = this.#clock.leaseMs();
    const due = [...sleepers.wakes].filter(([, untilMs]) => untilMs <= nowMs);
    for (const [wake] of due) sleepers.wakes.delete(wake);
    if (sleepers.wakes.size === 0) this.#sleepers.delete(tenantId);
    else this.#setTimer(tenantId, sleepers, Math.min(...sleepers.wakes.values()));
    for (const [wake] of due) wake();
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
    for (const wake of sleepers.wakes.keys()) wake();
  }
}
