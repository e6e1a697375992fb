import type { LogEntry } from "../domain/log-entry.ts";

/** Entries that are read at once: enough to be quick, few enough to leave the event loop to deliveries. */
export const PAGE = 500;
/** Whole pages that are kept for those who are about as far behind. */
const KEPT = 16;

/** The log in the table: what comes after a position, oldest first, and before one, newest first. */
export interface LogReader {
  after(tenantId: string, position: number, most: number): Promise<readonly LogEntry[]>;
  before(tenantId: string, position: number, most: number): Promise<readonly LogEntry[]>;
}

/** The log in the table, a page at a time: many who lag behind read each page once. */
export class Pages {
  readonly #log: LogReader;
  /** The one used last at the end. */
  readonly #kept = new Map<string, Promise<readonly LogEntry[]>>();

  constructor(log: LogReader) {
    this.#log = log;
  }

  async after(tenantId: string, position: number): Promise<readonly LogEntry[]> {
    const start = position - (position % PAGE);
    const name = `${tenantId} ${start}`;
    const page = this.#kept.get(name) ?? this.#log.after(tenantId, start, PAGE);
    this.#kept.delete(name);
    this.#kept.set(name, page);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(oldest);
    }
    try {
      const entries = await page;
      // The last one of all is still growing.
      if (entries.length < PAGE) this.#kept.delete(name);
      return entries.filter((entry) => entry.position > position);
    } catch (error) {
      this.#kept.delete(name);
      throw error;
    }
  }

  before(tenantId: string, position: number): Promise<readonly LogEntry[]> {
    return this.#log.before(tenantId, position, PAGE);
  }
}
