import type { LogEntry } from "../domain/log-entry.ts";

/** Entries of each tenant that are kept in memory: what a subscriber that keeps up reads. The table has the rest. */
const KEPT = 2000;

/**
 * The recent end of each tenant's log, and the wake-ups of whoever follows it. An announcement carries nothing: it
 * only wakes, and each subscriber pulls what comes after its own position.
 */
export class Tail {
  readonly #recent = new Map<string, LogEntry[]>();
  readonly #sleepers = new Map<string, Set<() => void>>();

  /** In commit order. */
  append(entries: readonly LogEntry[]): void {
    for (const [tenantId, added] of Map.groupBy(entries, (entry) => entry.tenantId)) {
      const recent = this.#recent.get(tenantId) ?? [];
      recent.push(...added);
      if (recent.length > 2 * KEPT) recent.splice(0, recent.length - KEPT);
      this.#recent.set(tenantId, recent);
      const sleepers = this.#sleepers.get(tenantId);
      this.#sleepers.delete(tenantId);
      for (const wake of sleepers ?? []) wake();
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

  /** Resolves at the tenant's next commit, or when the signal aborts. */
  next(tenantId: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleepers = this.#sleepers.get(tenantId) ?? new Set();
      this.#sleepers.set(tenantId, sleepers);
      const wake = () => {
        signal.removeEventListener("abort", wake);
        sleepers.delete(wake);
        resolve();
      };
      sleepers.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
