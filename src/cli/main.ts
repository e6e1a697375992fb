import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import type { Command } from "./command.ts";

/** A command's file is loaded when it is asked for. */
const COMMANDS: Readonly<Record<string, { does: string; load: () => Promise<Command> }>> = {
  rekey: {
    does: "change the key that secrets are encrypted with",
    load: async () => (await import("./rekey.ts")).rekey,
  },
  types: {
    does: "write the event types of a running service as a TypeScript file",
    load: async () => (await import("./types.ts")).types,
  },
};

const HELP = ["--help", "-h"];
const WIDTH = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
const USAGE = `Usage: hookwire <command>

${Object.entries(COMMANDS)
  .map(([name, { does }]) => `  ${name.padEnd(WIDTH)}  ${does}`)
  .join("\n")}

hookwire <command> --help says more. The service itself is started with npm start.`;

/** Exit codes: 0 it is done, 1 it could not be done, 2 it was not understood. */
async function main([name = "", ...args]: readonly string[]): Promise<void> {
  if (HELP.includes(name)) return console.log(USAGE);
  if (name === "") return misunderstood(USAGE);
  if (!Object.hasOwn(COMMANDS, name))
    return misunderstood(`There is no command ${name}.\n\n${USAGE}`);
  const command = await COMMANDS[name]!.load();
  if (args.some((arg) => HELP.includes(arg))) return console.log(command.usage);
  try {
    await command.run(args);
  } catch (error) {
    if (isOfParseArgs(error)) return misunderstood(`${error.message}\n\n${command.usage}`);
    const isPlain = command.problems.some((kind) => error instanceof kind);
    console.error(isPlain ? `hookwire ${name}: ${(error as Error).message}` : error);
    process.exitCode = 1;
  }
}

function misunderstood(text: string): void {
  console.error(text);
  process.exitCode = 2;
}

function isOfParseArgs(error: unknown): error is Error {
  return String((error as { code?: unknown } | null)?.code).startsWith("ERR_PARSE_ARGS_");
}

enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/hookwire", import.meta.url)));
await main(process.argv.slice(2));
