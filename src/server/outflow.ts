import type { WebSocket } from "ws";

/** Operations of one socket that are executed at once; a subscription is one only until it has begun. */
const EXECUTIONS = 16;
/** Bytes that wait to be taken by the client. */
const FULL_BYTES = 1024 * 1024;

/** What goes to one client. One that asks more than it reads is asked to wait, so that it costs no memory. */
export class Outflow {
  readonly #socket: WebSocket;
  #executing = 0;
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.once("close", () => this.#goOn());
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Resolves when the text has left: a subscriber that reads slowly is told no faster. */
  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return resolve();
      this.#socket.send(text, (error) => {
        this.#goOn();
        if (error) reject(error);
        else resolve();
      });
      // What it asks next waits in its own buffers.
      if (this.#isFull) this.#socket.pause();
    });
  }

  /** Runs `work` when few others run and what was sent has left; undefined when the client is gone before. */
  async run<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    while (this.isOpen && (this.#isFull || this.#executing >= EXECUTIONS))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (!this.isOpen) return undefined;
    this.#executing++;
    try {
      return await work();
    } finally {
      this.#executing--;
      this.#goOn();
    }
  }

  /** A client that takes nothing any more would keep what waits for it. */
  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
    if (this.#isFull) this.#socket.terminate();
  }

  get #isFull(): boolean {
    return this.#socket.bufferedAmount > FULL_BYTES;
  }

  #goOn(): void {
    if (this.isOpen && this.#isFull) return;
    if (this.#socket.isPaused) this.#socket.resume();
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
