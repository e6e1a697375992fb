import { setImmediate as othersFirst } from "node:timers/promises";
import type { LogEntry } from "../domain/log-entry.ts";
import {
  createTest,
  type LogFilter,
  type StreamItem,
  type StreamRequest,
} from "../domain/stream.ts";
import type { Clock } from "../domain/tools.ts";
import { PAGE, type Pages } from "./pages.ts";
import type { Tail } from "./tail.ts";
import type { Turnstile } from "./turnstile.ts";

/** After this much silence a subscriber gets a cursor, so that a quiet filter's does not age. */
const PROGRESS_MS = 30_000;
/** Positions that a filter is looked for in at once: a millisecond or two. */
const WINDOW = 5000;

/** The log in the table, searched by the database: few of its entries may be meant. */
export interface LogSearch {
  passing(
    tenantId: string,
    filter: LogFilter,
    stretch: { from: number; to: number; most: number; order: "asc" | "desc" },
  ): Promise<readonly LogEntry[]>;
  /** The oldest position that retention left. */
  first(tenantId: string): Promise<number | undefined>;
}

/** Where streams come from: the log in memory and in the table, and its present end. */
export interface Live {
  readonly tail: Tail;
  readonly pages: Pages;
  readonly log: LogSearch;
  readonly turnstile: Turnstile;
  readonly clock: Clock;
  readonly position: (tenantId: string) => number;
}

/** Streams that somebody still listens to. */
export const openStreams = new Set<LogStream>();

/**
 * One subscriber's way through the log: first what it asked for, then live, by one and the same path. It pulls, so one
 * that stalls costs nothing. An iterator object and not an async generator: `return` of a generator that waits would
 * itself wait for the next value.
 */
export class LogStream implements AsyncIterableIterator<StreamItem> {
  readonly #live: Live;
  readonly #request: StreamRequest;
  readonly #passes: (entry: LogEntry) => boolean;
  readonly #isFiltered: boolean;
  #isEnded = false;
  #wake = (): void => {};
  readonly #ready: StreamItem[] = [];
  #position = 0;
  /** The end of the log when the subscriber came: what lies before is history. */
  #historyEnd: number | undefined;
  #replayed = 0;
  /** When it last told something, lease clock. */
  #toldAtMs = 0;
  #isStarted = false;

  constructor(live: Live, request: StreamRequest) {
    this.#live = live;
    this.#request = request;
    this.#passes = createTest(request.filter);
    this.#isFiltered = Object.keys(request.filter).length > 0;
    openStreams.add(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<StreamItem, undefined>> {
    if (!this.#isStarted) await this.#begin();
    do {
      await this.#live.turnstile.pass();
      if (this.#ready.length > 0 || this.#isEnded) break;
      await this.#pull();
      // A page without anything to tell costs more than a message: the others first.
      if (this.#ready.length === 0) await othersFirst();
    } while (this.#ready.length === 0 && !this.#isEnded);
    const value = this.#isEnded ? undefined : this.#ready.shift();
    this.#toldAtMs = this.#live.clock.leaseMs();
    return value ? { done: false, value } : { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<StreamItem, undefined>> {
    this.#isEnded = true;
    this.#live.tail.forget(this.#request.tenantId, this.#wake);
    this.#wake();
    openStreams.delete(this);
    return { done: true, value: undefined };
  }

  async #begin(): Promise<void> {
    this.#isStarted = true;
    this.#toldAtMs = this.#live.clock.leaseMs();
    const { tenantId, start } = this.#request;
    this.#historyEnd = this.#live.position(tenantId);
    this.#position = this.#historyEnd;
    if (start && "after" in start) this.#position = start.after;
    // From a log that was longer: of a database that was put back from a backup.
    if (this.#position > this.#historyEnd) this.#tellGap(this.#historyEnd);
    if (start && "last" in start) await this.#collectLast(start.last);
  }

  /** The last entries that are meant, found from the end backwards. */
  async #collectLast(wanted: number): Promise<void> {
    const oldest = (await this.#live.log.first(this.#request.tenantId)) ?? Infinity;
    const found: LogEntry[] = [];
    let start = this.#historyEnd! + 1;
    while (start > oldest && found.length < wanted && !this.#isEnded) {
      const entries = await this.#before(start);
      await othersFirst();
      for (const entry of entries)
        if (found.length < wanted && (await this.#isMeant(entry))) found.push(entry);
      start =
        entries.length === PAGE || !this.#isFiltered
          ? (entries.at(-1)?.position ?? 0)
          : start - WINDOW;
    }
    for (const entry of found.reverse()) this.#emit(entry);
  }

  /** Newest first. */
  #before(position: number): Promise<readonly LogEntry[]> {
    const { tenantId, filter } = this.#request;
    const { pages, log } = this.#live;
    if (!this.#isFiltered) return pages.before(tenantId, position);
    const stretch = {
      from: position - WINDOW,
      to: position - 1,
      most: PAGE,
      order: "desc",
    } as const;
    return log.passing(tenantId, filter, stretch);
  }

  async #pull(): Promise<void> {
    const { tenantId } = this.#request;
    const start = this.#position;
    const end = this.#live.position(tenantId);
    const { entries, first, reached } = await this.#after(start, end);
    if (first > start + 1) this.#tellGap(first - 1);
    for (const entry of entries) {
      if (entry.position <= this.#position) continue;
      this.#tellCaughtUp(entry.position - 1);
      this.#position = entry.position;
      if (await this.#isMeant(entry)) this.#emit(entry);
    }
    this.#position = Math.max(this.#position, reached);
    this.#tellCaughtUp(this.#position);
    if (this.#ready.length > 0 || this.#isEnded) return;
    if (this.#patienceMs === 0) this.#tellProgress();
    else if (this.#position === this.#live.position(tenantId)) await this.#sleep();
  }

  /** What comes next, the oldest position that is left of it, and how far it reaches. */
  async #after(
    position: number,
    end: number,
  ): Promise<{ entries: readonly LogEntry[]; first: number; reached: number }> {
    if (position === end) return { entries: [], first: end + 1, reached: end };
    const { tenantId, filter } = this.#request;
    const { tail, pages, log } = this.#live;
    const recent = tail.after(tenantId, position, PAGE);
    if (recent || !this.#isFiltered) {
      const entries = recent ?? (await pages.after(tenantId, position));
      // Behind the end with nothing left to read: retention removed all there was.
      const first = entries[0]?.position ?? end + 1;
      return { entries, first, reached: entries.at(-1)?.position ?? position };
    }
    const to = Math.min(position + WINDOW, end);
    const stretch = { from: position + 1, to, most: PAGE, order: "asc" } as const;
    const entries = await log.passing(tenantId, filter, stretch);
    // Asked for last: what retention removes meanwhile is told as a gap, even though it was read.
    const first = (await log.first(tenantId)) ?? end + 1;
    return { entries, first, reached: entries.length === PAGE ? entries.at(-1)!.position : to };
  }

  /** A filter that has to read does so between others, entry by entry; one that knows by itself costs nothing. */
  async #isMeant(entry: LogEntry): Promise<boolean> {
    if (!this.#passes(entry)) return false;
    const answer = this.#request.matches?.(entry) ?? true;
    if (typeof answer === "boolean") return answer;
    const isMeant = await answer;
    await othersFirst();
    return isMeant;
  }

  /** Until the next commit, or until there was nothing to tell for so long that the cursor itself is news. */
  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#isEnded) return resolve();
      this.#live.tail.sleep(this.#request.tenantId, this.#toldAtMs + PROGRESS_MS, resolve);
    });
  }

  get #patienceMs(): number {
    return Math.max(0, this.#toldAtMs + PROGRESS_MS - this.#live.clock.leaseMs());
  }

  #emit(entry: LogEntry): void {
    if (this.#historyEnd !== undefined) this.#replayed++;
    this.#ready.push({ type: "ENTRY", position: entry.position, at: entry.at, entry });
  }

  /** Once, when all of the history has been told. */
  #tellCaughtUp(position: number): void {
    if (this.#historyEnd === undefined || position < this.#historyEnd) return;
    this.#historyEnd = undefined;
    this.#ready.push({
      type: "CAUGHT_UP",
      position,
      at: this.#live.clock.now(),
      replayed: this.#replayed,
    });
  }

  #tellProgress(): void {
    this.#ready.push({
      type: "PROGRESS",
      position: this.#position,
      at: this.#live.clock.now(),
    });
  }

  #tellGap(position: number): void {
    this.#position = position;
    this.#ready.push({ type: "GAP", position, at: this.#live.clock.now() });
  }
}
