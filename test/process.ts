import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print, type ExecutionResult } from "graphql";
import { afterAll } from "vitest";
import { ADMIN_KEY, type LogLine } from "./app.ts";
import { CreateWebhook, PublishEvent, Sample } from "./documents.ts";
import type { CreateWebhookInput, PublishEventInput } from "./generated/graphql.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** Begins a command that is held to the permissions of files, which root otherwise is not. */
export const HELD: readonly string[] =
  process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** See `HELD`. */
  readonly isHeld?: boolean;
}

/** A test that ran out of time disposes of nothing: its processes end with the file. */
const running = new Set<Process>();
afterAll(async () => {
  await Promise.all([...running].map((process) => process.kill("SIGKILL")));
});

/** The program as an operator runs it, `node src/main.ts`, with what it prints. Killed when the test ends. */
export class Process implements AsyncDisposable {
  readonly startedMs = performance.now();
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";
  url = "";
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  #hasEnded = false;

  constructor(folder: string, { env = {}, isHeld = false }: ProcessOptions = {}) {
    const [command, ...args] = [...(isHeld ? HELD : []), process.execPath, MAIN];
    this.#child = spawn(command!, args, {
      cwd: folder,
      // Nothing of the caller's settings may leak in.
      env: { PATH: process.env["PATH"], PORT: "0", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(this);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      for (const look of this.#watchers) look();
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        this.#hasEnded = true;
        running.delete(this);
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
        for (const look of this.#watchers) look();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** The log's lines so far: all that is printed and begins like JSON. */
  get log(): LogLine[] {
    return this.stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits until this was printed; fails when the process ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(this.stdout);
        if (!found && !this.#hasEnded) return;
        this.#watchers.delete(look);
        if (found) resolve(found);
        else reject(new Error(`It ended without ${pattern}: ${this.stdout}${this.stderr}`));
      };
      this.#watchers.add(look);
      look();
    });
  }

  async ready(): Promise<this> {
    this.url = (await this.printed(/^Hookwire is ready on (\S+)\/graphql$/m))[1] ?? "";
    return this;
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }

  async ask<R, V>(
    document: TypedDocumentNode<R, V>,
    variables?: V,
    key = ADMIN_KEY,
  ): Promise<ExecutionResult<R>> {
    const response = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ query: print(document), variables }),
    });
    return (await response.json()) as ExecutionResult<R>;
  }

  /** The data; an error of the operation fails the test. */
  async run<R, V>(document: TypedDocumentNode<R, V>, variables?: V): Promise<R> {
    const { data, errors } = await this.ask(document, variables);
    if (errors || !data) throw new Error(JSON.stringify(errors));
    return data;
  }

  async makeWebhook(input: Partial<CreateWebhookInput> & { url: string }) {
    const { createWebhook } = await this.run(CreateWebhook, {
      input: { name: "Test", eventTypes: ["*"], ...input },
    });
    if (createWebhook?.__typename !== "CreateWebhookPayload" || !createWebhook.webhook)
      throw new Error(JSON.stringify(createWebhook));
    return { ...createWebhook.webhook, secret: createWebhook.secret ?? "" };
  }

  async publish(input: Partial<PublishEventInput> = {}) {
    const { publishEvent } = await this.run(PublishEvent, { input: await this.event(input) });
    if (publishEvent?.__typename !== "PublishEventPayload")
      throw new Error(JSON.stringify(publishEvent));
    return publishEvent;
  }

  /** The sample of a type, ready to be published. */
  async event(input: Partial<PublishEventInput> = {}): Promise<PublishEventInput> {
    const type = input.type ?? "payment_received";
    const payload = input.payload ?? (await this.run(Sample, { type })).eventType?.samplePayload;
    return { ...input, type, payload };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill("SIGKILL");
  }
}

/** Settings under which a webhook of a test reaches a receiver on loopback. */
export const OPEN = { HOOKWIRE_ADMIN_KEY: ADMIN_KEY, HOOKWIRE_ALLOW_TARGETS: "127.0.0.0/8" };

/** Started and ready, as the tests use it. */
export function startProcess(folder: string, env: Record<string, string> = {}): Promise<Process> {
  const started = new Process(folder, { env: { ...OPEN, ...env } });
  return started.ready().catch(async (error: unknown) => {
    await started.kill("SIGKILL");
    throw error;
  });
}

/** A start that is to fail: all that it said until it ended. */
export function failedStart(folder: string, options?: ProcessOptions): Promise<Ended> {
  return new Process(folder, options).ended;
}

export interface Folder extends Disposable {
  readonly path: string;
  /** Of the default DATABASE_URL. */
  readonly database: string;
}

export function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "hookwire-process-"));
  return {
    path,
    database: join(path, "data", "hookwire.db"),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Counts what comes by path and webhook-id; answers 200, or holds the answers back while told so. */
export class CountingReceiver implements AsyncDisposable {
  readonly counts = new Map<string, number>();
  /** All requests so far. */
  received = 0;
  isHolding = false;
  url = "";
  #held: ServerResponse[] = [];
  readonly #server = createServer((request, response) => this.#receive(request, response));

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  /** Requests that wait for their answer and whose client is still there. */
  get held(): number {
    return this.#held.filter(({ destroyed }) => !destroyed).length;
  }

  count(path: string, eventId: string): number {
    return this.counts.get(`${path} ${eventId}`) ?? 0;
  }

  /** Answers what was held, and from now on at once. */
  letGo(): void {
    this.isHolding = false;
    for (const response of this.#held.splice(0)) response.end();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    request.resume().once("end", () => {
      const key = `${request.url} ${String(request.headers["webhook-id"])}`;
      this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
      this.received++;
      if (this.isHolding) this.#held.push(response);
      else response.end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

export function startReceiver(): Promise<CountingReceiver> {
  return new CountingReceiver().listen();
}
