import { execFile, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Ended } from "./process.ts";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

export interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** A program in a folder, with these settings and none of the caller's. */
export function start(folder: string, command: readonly string[], env: NodeJS.ProcessEnv): Run {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const [program = "", ...args] = command;
  // A test that ran out of time leaves nothing running.
  const options = { cwd: folder, env: { PATH: process.env["PATH"], ...env }, timeout: 120_000 };
  const child = execFile(program, args, options, (_error, stdout, stderr) => {
    resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr });
  });
  return { child, ended: promise };
}

/** The program of `hookwire …`, whatever comes before it. */
export const HOOKWIRE = [process.execPath, MAIN];

/** `hookwire …` in a folder. */
export function hookwire(folder: string, args: string, env: NodeJS.ProcessEnv = {}): Run {
  return start(folder, [...HOOKWIRE, ...args.split(" ").filter(Boolean)], env);
}
