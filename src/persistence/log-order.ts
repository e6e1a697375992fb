import type { LogEntry } from "../domain/log-entry.ts";

/** Brings rows of the logs into their order: of several transactions at once the later one may be heard of first. */
export class LogOrder {
  /** Where each tenant's log ends, as far as all before is known. */
  readonly #positions: Map<string, number>;
  /** By tenant, rows whose turn has not come: one before them is still on its way. */
  readonly #early = new Map<string, readonly LogEntry[]>();

  constructor(positions: ReadonlyMap<string, number>) {
    this.#positions = new Map(positions);
  }

  get tenantIds(): readonly string[] {
    return [...this.#positions.keys()];
  }

  position(tenantId: string): number {
    return this.#positions.get(tenantId) ?? 0;
  }

  add(tenantId: string): void {
    if (!this.#positions.has(tenantId)) this.#positions.set(tenantId, 0);
  }

  /** Nothing up to here will come any more: retention has removed it. */
  skip(tenantId: string, position: number): void {
    this.#positions.set(tenantId, Math.max(position, this.position(tenantId)));
  }

  get hasGaps(): boolean {
    return this.#early.size > 0;
  }

  /** What comes next, of these rows and of those that were early. */
  receive(entries: readonly LogEntry[]): readonly LogEntry[] {
    const next: LogEntry[] = [];
    for (const [tenantId, rows] of Map.groupBy(entries, (entry) => entry.tenantId)) {
      const all = [...(this.#early.get(tenantId) ?? []), ...rows];
      let position = this.position(tenantId);
      for (const row of all.toSorted((a, b) => a.position - b.position)) {
        if (row.position !== position + 1) continue;
        next.push(row);
        position++;
      }
      this.#positions.set(tenantId, position);
      const early = all.filter((row) => row.position > position);
      if (early.length > 0) this.#early.set(tenantId, early);
      else this.#early.delete(tenantId);
    }
    return next;
  }
}
