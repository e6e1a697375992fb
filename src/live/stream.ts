import { setImmediate as othersFirst } from "node:timers/promises";
import type { LogEntry } from "../domain/log-entry.ts";
import type { StreamItem, StreamRequest } from "../domain/stream.ts";
import type { Clock } from "../domain/tools.ts";
import { PAGE, type Pages } from "./pages.ts";
import type { Tail } from "./tail.ts";
import type { Turnstile } from "./turnstile.ts";

/** After this much silence a subscriber gets a cursor, so that a quiet filter's does not age. */
const PROGRESS_MS = 30_000;

/** Where streams come from: the log in memory and in the table, and its present end. */
export interface Live {
  readonly tail: Tail;
  readonly pages: Pages;
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
    openStreams.add(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<StreamItem, undefined>> {
    if (!this.#isStarted) await this.#begin();
    do {
      // A page without anything to tell costs time all the same.
      await this.#live.turnstile.pass();
      if (this.#ready.length === 0 && !this.#isEnded) await this.#pull();
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

  /** The last entries that match, found from the end backwards, a page at a time. */
  async #collectLast(wanted: number): Promise<void> {
    const found: LogEntry[] = [];
    for (let before = this.#historyEnd! + 1; found.length < wanted && !this.#isEnded;) {
      const page = await this.#live.pages.before(this.#request.tenantId, before);
      if (page.length === 0) break;
      await othersFirst();
      for (const entry of page)
        if (found.length < wanted && (await this.#isMeant(entry))) found.push(entry);
      before = page.at(-1)!.position;
    }
    for (const entry of found.reverse()) this.#emit(entry);
  }

  async #pull(): Promise<void> {
    const { tenantId } = this.#request;
    const end = this.#live.position(tenantId);
    const entries =
      this.#live.tail.after(tenantId, this.#position, PAGE) ??
      (await this.#live.pages.after(tenantId, this.#position));
    if (entries[0] && entries[0].position > this.#position + 1)
      this.#tellGap(entries[0].position - 1);
    for (const entry of entries) {
      this.#tellCaughtUp(entry.position - 1);
      this.#position = entry.position;
      if (await this.#isMeant(entry)) this.#emit(entry);
    }
    if (entries.length > 0) {
      if (this.#ready.length === 0 && this.#patienceMs === 0) this.#tellProgress();
      return;
    }
    // Behind the end with nothing left to read: retention removed all there was.
    if (this.#position < end) this.#tellGap(end);
    this.#tellCaughtUp(this.#position);
    if (this.#ready.length > 0 || this.#position !== this.#live.position(tenantId)) return;
    if (this.#patienceMs === 0) this.#tellProgress();
    else await this.#sleep();
  }

  /** A filter that has to read does so between others, entry by entry; one that knows by itself costs nothing. */
  async #isMeant(entry: LogEntry): Promise<boolean> {
    const answer = this.#request.matches(entry);
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
