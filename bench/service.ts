import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
export const KEY = "benchmark-key-0123456789";
/** The one secret of all webhooks of a benchmark. */
export const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

export interface ServiceOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Of an earlier one, to start on its database. */
  readonly folder?: string;
  readonly nodeArgs?: readonly string[];
}

export interface WebhookOptions {
  readonly url: string;
  readonly type: string;
  readonly settings?: object;
}

/** A folder of its own under the system's temporary one. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), "hookwire-bench-"));
}

/** The program as an operator runs it, on a folder of its own, with logs off unless they are asked for. */
export class Service implements AsyncDisposable {
  readonly folder: string;
  readonly #process: ChildProcess;
  readonly #keepsFolder: boolean;
  #url = "";
  /** From start to ready, in milliseconds. */
  readyMs = NaN;

  private constructor({ env = {}, folder, nodeArgs = [] }: ServiceOptions) {
    this.folder = folder ?? makeFolder();
    this.#keepsFolder = folder !== undefined;
    this.#process = spawn(process.execPath, [...nodeArgs, MAIN], {
      cwd: this.folder,
      env: {
        PATH: process.env["PATH"],
        PORT: "0",
        HOOKWIRE_ADMIN_KEY: KEY,
        HOOKWIRE_ALLOW_TARGETS: "127.0.0.0/8",
        HOOKWIRE_LOG: "warn",
        // All subscribers show one key.
        HOOKWIRE_LIMIT_SOCKETS_PER_KEY: "5000",
        ...env,
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
  }

  static async start(options: ServiceOptions = {}): Promise<Service> {
    const startMs = performance.now();
    const service = new Service(options);
    service.#url = await service.#untilReady();
    service.readyMs = performance.now() - startMs;
    return service;
  }

  #untilReady(): Promise<string> {
    return new Promise((resolve, reject) => {
      let printed = "";
      this.#process.stdout!.setEncoding("utf8").on("data", (text: string) => {
        if (this.#url !== "") return;
        printed += text;
        const url = /^Hookwire is ready on (\S+)\/graphql$/m.exec(printed)?.[1];
        if (url !== undefined) resolve(url);
      });
      this.#process.once("exit", () =>
        reject(new Error(`It ended before it was ready: ${printed}`)),
      );
    });
  }

  get url(): string {
    return this.#url;
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  get database(): string {
    return join(this.folder, "data", "hookwire.db");
  }

  get databaseBytes(): number {
    return ["", "-wal"].reduce(
      (sum, end) => sum + (statSync(this.database + end, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }

  /** Resident memory now and at its highest, in MiB. */
  get memory(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    const mib = (name: string) =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? NaN) / 1024;
    return { now: mib("VmRSS"), peak: mib("VmHWM") };
  }

  /** Time on processors since it started, in milliseconds. */
  get cpuMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** The data of an operation; an error fails the benchmark. */
  async run<T>(query: string, variables: object = {}): Promise<T> {
    const response = await fetch(`${this.#url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data?: T; errors?: unknown };
    if (errors || !data) throw new Error(JSON.stringify(errors));
    return data;
  }

  /** Returns its id. */
  async makeWebhook({ url, type, settings }: WebhookOptions): Promise<string> {
    const { createWebhook: made } = await this.run<{
      createWebhook: { webhook?: { id: string }; message?: string };
    }>(
      `mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) {
        ... on CreateWebhookPayload { webhook { id } } ... on UserError { message } } }`,
      { input: { name: url, url, eventTypes: [type], secret: SECRET, ...settings } },
    );
    if (!made.webhook) throw new Error(made.message);
    return made.webhook.id;
  }

  /** Resolves when nothing waits any more and every attempt is recorded. */
  async settled(): Promise<void> {
    const waiting =
      "{ deliveries(first: 1, filter: { statuses: [PENDING, RETRYING] }) { nodes { id } } }";
    for (let left = 1; left > 0;) {
      const { deliveries } = await this.run<{ deliveries: { nodes: unknown[] } }>(waiting);
      left = deliveries.nodes.length;
    }
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end("SIGKILL");
    if (!this.#keepsFolder) rmSync(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill(signal);
    await exit;
  }
}
