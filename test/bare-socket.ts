import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { ADMIN_KEY, eventually, type App } from "./app.ts";

export interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A socket without a client library: it asks what none would, and shows each frame. */
export class BareSocket implements Disposable {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  /** The code that it was closed with and why, or the status and the body of the answer that is no socket. */
  readonly over: Promise<readonly [number, string]>;
  readonly #opened: Promise<unknown>;
  #lastId = 0;

  constructor(app: App, headers: Record<string, string> = {}) {
    const url = `${app.url.replace("http", "ws")}/graphql`;
    this.socket = new WebSocket(url, "graphql-transport-ws", { headers });
    this.socket.on("error", () => undefined);
    this.socket.on("message", (text: Buffer) =>
      this.frames.push(JSON.parse(text.toString()) as Frame),
    );
    this.#opened = once(this.socket, "open").catch(() => undefined);
    this.over = Promise.race([
      once(this.socket, "close").then(([code, reason]) => [Number(code), String(reason)] as const),
      once(this.socket, "unexpected-response").then(async ([, response]) => {
        let body = "";
        for await (const chunk of response as IncomingMessage) body += String(chunk);
        return [Number((response as IncomingMessage).statusCode), body] as const;
      }),
    ]);
  }

  /** Resolves when it is open; "refused" when it will never be. */
  async opened(): Promise<"open" | "refused"> {
    return Promise.race([
      this.over.then(() => "refused" as const),
      this.#opened.then(() => "open" as const),
    ]);
  }

  /** Says hello with the key; the type of the answer, or the code that it is closed with. */
  async greet(key = ADMIN_KEY): Promise<string | number> {
    await this.opened();
    this.send({ type: "connection_init", payload: { authorization: `Bearer ${key}` } });
    return Promise.race([
      eventually(async () => this.frames[0]?.type),
      this.over.then(([code]) => code),
    ]);
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The first frame that answers this. */
  async ask(payload: object): Promise<Frame> {
    const id = String(++this.#lastId);
    this.send({ id, type: "subscribe", payload });
    return eventually(async () => this.frames.find((frame) => frame.id === id));
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}
