import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print, type ExecutionResult } from "graphql";
import { createClient, type Client } from "graphql-ws";
import { pino } from "pino";
import { inject, test } from "vitest";
import { readConfig } from "../src/config.ts";
import { startService, type Circumstances, type Service } from "../src/service.ts";
import { freshDatabase, type FreshDatabase } from "./fresh-database.ts";

export const ADMIN_KEY = "an-operator-key-of-the-tests";

/** Settings that make a service quick to watch; a test changes what it is about. */
const SETTINGS = {
  PORT: "0",
  HOOKWIRE_ADMIN_KEY: ADMIN_KEY,
  HOOKWIRE_ALLOW_TARGETS: "127.0.0.0/8",
  HOOKWIRE_RETRY_DELAYS: "PT0.05S,PT0.1S,PT0.2S",
  HOOKWIRE_SENDERS: "0",
};

/** The server that tests run on; SQLite when there is none. */
export const POSTGRES = inject("postgres");
const SHARED_KEY = Buffer.alloc(32, 1).toString("base64");

export interface LogLine {
  readonly message: string;
  readonly level: string;
  readonly [field: string]: unknown;
}

export interface AppOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly circumstances?: Partial<Circumstances>;
  /** One that others use too; it is not dropped at the end. */
  readonly database?: { readonly url: string };
}

/** The real service: a fresh database file, the API over HTTP, sockets and SSE. Gone when the test ends. */
export class App implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "hookwire-"));
  /** Every line that was logged. */
  readonly log: LogLine[] = [];
  /** What requests and sockets show. */
  key = ADMIN_KEY;
  #service!: Service;
  #options: AppOptions;
  #database: FreshDatabase | undefined;
  readonly #secretKey = randomBytes(32).toString("base64");
  readonly #clients = new Set<Client>();

  constructor(options: AppOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#service.url;
  }

  get firstStart(): Service["firstStart"] {
    return this.#service.firstStart;
  }

  get env(): Record<string, string> {
    const server = this.#options.database ?? this.#database;
    return {
      ...SETTINGS,
      DATABASE_URL: server?.url ?? `sqlite:${join(this.folder, "hookwire.db")}`,
      ...(server && { HOOKWIRE_SECRET_KEY: this.#options.database ? SHARED_KEY : this.#secretKey }),
      ...this.#options.env,
    };
  }

  async start(options: AppOptions = this.#options): Promise<void> {
    this.#options = options;
    if (POSTGRES && !options.database) this.#database ??= await freshDatabase(POSTGRES);
    const log = pino(
      { messageKey: "message", formatters: { level: (level) => ({ level }) } },
      { write: (line: string) => this.log.push(JSON.parse(line) as LogLine) },
    );
    this.#service = await startService(readConfig(this.env), log, options.circumstances);
  }

  /** A clean stop, with everything kept: `start` goes on from it. */
  stop(): Promise<void> {
    for (const client of this.#clients) void client.dispose();
    this.#clients.clear();
    return this.#service.stop();
  }

  /** A POST to the API, as it goes over the wire. */
  post(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${this.key}`,
        "content-type": "application/json",
        ...headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /** The answer with its errors. */
  async ask<R, V>(document: TypedDocumentNode<R, V>, variables?: V): Promise<ExecutionResult<R>> {
    const response = await this.post({ query: print(document), variables });
    return (await response.json()) as ExecutionResult<R>;
  }

  /** The data; an error of the operation fails the test. */
  async run<R, V>(document: TypedDocumentNode<R, V>, variables?: V): Promise<R> {
    const { data, errors } = await this.ask(document, variables);
    if (errors || !data) throw new Error(JSON.stringify(errors));
    return data;
  }

  /** A client of its own, over graphql-transport-ws. */
  client(authorization = `Bearer ${this.key}`): Client {
    const client = createClient({
      url: `${this.url.replace("http", "ws")}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      retryAttempts: 0,
    });
    this.#clients.add(client);
    return client;
  }

  /** The messages of a subscription, over a socket of its own. */
  subscribe<R extends Record<string, unknown>, V extends Record<string, unknown>>(
    document: TypedDocumentNode<R, V>,
    variables?: V,
  ): AsyncIterableIterator<R> {
    return this.#messages(
      this.client().iterate<R>({ query: print(document), variables }) as AsyncIterableIterator<
        ExecutionResult<R>
      >,
    );
  }

  /** The same over server-sent events. */
  async *sse<R, V>(
    document: TypedDocumentNode<R, V>,
    variables?: V,
    signal?: AbortSignal,
  ): AsyncIterableIterator<R> {
    const response = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${this.key}`,
        "content-type": "application/json",
        accept: "text/event-stream",
      },
      body: JSON.stringify({ query: print(document), variables }),
      signal,
    });
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const data = /^event: next\ndata: (.*)$/ms.exec(block)?.[1];
        if (data) yield (JSON.parse(data) as { data: R }).data;
      }
    }
  }

  async *#messages<R>(
    results: AsyncIterableIterator<ExecutionResult<R>>,
  ): AsyncIterableIterator<R> {
    for await (const { data, errors } of results) {
      if (errors || !data) throw new Error(JSON.stringify(errors));
      yield data;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#database?.[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function startApp(options: AppOptions = {}): Promise<App> {
  const app = new App(options);
  await app.start();
  return app;
}

/** Looks again until `look` finds something: waits for a fact that no stream tells. Fails with the test's own timeout. */
export async function eventually<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    // Not at once: looking all the time would take the very time that the service needs.
    await delay(10);
  }
}

/** The first message that is meant. */
export async function first<T>(
  messages: AsyncIterable<T>,
  isMeant: (message: T) => boolean,
): Promise<T> {
  for await (const message of messages) if (isMeant(message)) return message;
  throw new Error("The stream ended before that message");
}

/** A test that looks into the file of SQLite, or holds a lock on it. */
export const testOnFile = test.skipIf(POSTGRES !== undefined);
