import type { Dispatcher } from "undici";
import type { Header, Timings } from "../domain/outcome.ts";
import { REDACTED } from "../domain/request.ts";
import type { Passenger } from "./connector.ts";
import type { ConnectPhase, Wire } from "./wire.ts";

/** Kept of a response's body; the rest is never read. */
export const BODY_LIMIT = 16 * 1024;
const HEADER_LIMIT = 100;
const HEADER_VALUE_LIMIT = 4 * 1024;

/** Provisional answers (1xx): each costs as much as a whole one, and nothing else bounds them but the deadline. */
const PROVISIONAL_LIMIT = 100;

/** The code of an answer whose status is none of HTTP's. */
export const BAD_STATUS = "ERR_BAD_STATUS";
export const TOO_PROVISIONAL = "ERR_TOO_PROVISIONAL";

const NO_BYTES = new Uint8Array(0);

/** Closes the connection when enough was read; nobody sees it. */
const ENOUGH = new Error("No more of the response is wanted");

/** One request over one connection, and what came back. It never throws: undici would crash on it. */
export class Exchange implements Passenger {
  wire: Wire | undefined;
  /** Resolves when nothing more will change. */
  readonly ended: Promise<void>;
  /** Why it ended early; undefined after a whole response or enough of it. */
  error: NodeJS.ErrnoException | undefined;
  /** 0 until the head of the answer is there. */
  status = 0;
  headers: readonly Header[] = [];
  truncated = false;

  #body: Uint8Array = NO_BYTES;
  #size = 0;
  #provisional = 0;
  #hasEnded = false;
  #isReused = false;
  #sentAt = 0;
  #firstByteAt = 0;
  #endedAt = 0;
  #controller: Dispatcher.DispatchController | undefined;
  readonly #resolve: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolve = resolve;
  }

  /** Ends it now, in whatever phase; closes the connection, also one that is still being made. */
  cut(error: Error): void {
    if (this.#hasEnded) return;
    this.#end(error);
    if (this.#controller) this.#controller.abort(error);
    else this.wire?.socket?.destroy(error);
  }

  /** The connection had carried requests before, and broke before a single byte of an answer. */
  get isStale(): boolean {
    return this.#isReused && this.#firstByteAt === 0 && STALE_CODES.has(this.error?.code ?? "");
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** At least one byte of an answer came, if only of a provisional one. */
  get hasAnswerBegun(): boolean {
    return this.#firstByteAt !== 0;
  }

  /** The phase it is in, or was in when it ended. */
  get phase(): ConnectPhase {
    return this.#sentAt !== 0 ? "OPEN" : (this.wire?.phase ?? "START");
  }

  get body(): Uint8Array {
    return this.#body.length === this.#size ? this.#body : this.#body.slice(0, this.#size);
  }

  get timings(): Timings {
    const timings: { -readonly [K in keyof Timings]: Timings[K] } = {};
    const { wire } = this;
    if (wire && !this.#isReused) {
      if (wire.dnsMs !== undefined) timings.dnsMs = round(wire.dnsMs);
      if (wire.connectMs !== undefined) timings.connectMs = round(wire.connectMs);
      if (wire.tlsMs !== undefined) timings.tlsMs = round(wire.tlsMs);
    }
    if (this.#firstByteAt !== 0) {
      timings.firstByteMs = round(this.#firstByteAt - this.#sentAt);
      timings.downloadMs = round(this.#endedAt - this.#firstByteAt);
    }
    return timings;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#hasEnded) return controller.abort(this.error ?? ENOUGH);
    this.#controller = controller;
    this.#sentAt = performance.now();
    this.#isReused = this.wire !== undefined && this.wire.uses++ > 0;
  }

  onResponseStarted(): void {
    if (this.#firstByteAt === 0) this.#firstByteAt = performance.now();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.#hasEnded) return;
    if (status >= 100 && status < 200) {
      if (++this.#provisional <= PROVISIONAL_LIMIT) return;
      return this.cut(Object.assign(new Error("too provisional"), { code: TOO_PROVISIONAL }));
    }
    if (status < 100 || status > 599) {
      return this.cut(Object.assign(new Error(`status ${status}`), { code: BAD_STATUS }));
    }
    this.status = status;
    this.headers = recordHeaders(controller.rawHeaders);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#hasEnded) return;
    const room = BODY_LIMIT - this.#size;
    this.#keep(chunk.length > room ? chunk.subarray(0, room) : chunk);
    if (chunk.length <= room) return;
    this.truncated = true;
    this.#end(undefined);
    controller.abort(ENOUGH);
  }

  onResponseEnd(): void {
    this.#end(undefined);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#end(error);
  }

  #end(error: Error | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#endedAt = performance.now();
    this.error = error;
    if (error && this.status !== 0) this.truncated = true;
    this.#resolve();
  }

  /**
   * Copies, because a chunk is a view of the socket's 64 KiB; grows once, because a drip would cost
   * an array for each byte.
   */
  #keep(part: Uint8Array): void {
    if (this.#size === 0) {
      this.#body = new Uint8Array(part);
    } else {
      if (this.#body.length < BODY_LIMIT) {
        const whole = new Uint8Array(BODY_LIMIT);
        whole.set(this.#body);
        this.#body = whole;
      }
      this.#body.set(part, this.#size);
    }
    this.#size += part.length;
  }
}

/** A connection that the receiver had closed, or was about to. */
const STALE_CODES = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

function recordHeaders(raw: Dispatcher.DispatchController["rawHeaders"]): Header[] {
  const headers: Header[] = [];
  if (!Array.isArray(raw)) return headers;
  for (let at = 0; at + 1 < raw.length && headers.length < HEADER_LIMIT; at += 2) {
    const name = text(raw[at]).toLowerCase();
    const value = name === "set-cookie" ? REDACTED : text(raw[at + 1]).slice(0, HEADER_VALUE_LIMIT);
    headers.push({ name, value });
  }
  return headers;
}

function text(part: Buffer | string | undefined): string {
  return typeof part === "string" ? part : (part?.toString("latin1") ?? "");
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
