import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a process of a benchmark can be asked for, by name. */
export type Commands = Readonly<Record<string, (about: never) => unknown>>;

interface Asked {
  readonly id: number;
  readonly name: string;
  readonly about: unknown;
}
interface Answered {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A process of its own beside the service, so that what it costs is not taken for what the service costs. */
export class Child<C extends Commands> implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  /** `file` answers with `answer`; its name is relative to this folder. */
  constructor(file: string, args: readonly string[] = []) {
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
      serialization: "advanced",
    });
    this.#process.on("message", ({ id, result, error }: Answered) => {
      const asked = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) asked?.resolve(result);
      else asked?.reject(new Error(`${file}: ${error}`));
    });
    this.#process.once("exit", (code) => {
      for (const { reject } of this.#pending.values())
        reject(new Error(`${file} ended with ${code}`));
    });
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  async ask<N extends keyof C & string>(
    name: N,
    about: Parameters<C[N]>[0],
  ): Promise<Awaited<ReturnType<C[N]>>> {
    const id = ++this.#lastId;
    const asked = Promise.withResolvers<unknown>();
    this.#pending.set(id, asked);
    this.#process.send({ id, name, about } satisfies Asked);
    return (await asked.promise) as Awaited<ReturnType<C[N]>>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
  }
}

/** The other end: this process does what it is asked, until its parent is gone. */
export function answer(commands: Commands): void {
  const reply = async ({ id, name, about }: Asked): Promise<Answered> => {
    try {
      return { id, result: await commands[name]!(about as never) };
    } catch (error) {
      return { id, error: (error as Error).stack ?? String(error) };
    }
  };
  process.on("message", (asked: Asked) => {
    void reply(asked).then((answered) => process.send?.(answered));
  });
  process.once("disconnect", () => process.exit());
}
