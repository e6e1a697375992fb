import { pino, type Logger } from "pino";
import type { Fact } from "./domain/fact.ts";

export type { Logger };

/** One JSON object a line, on standard output; times in UTC. */
export function createLog(level: string): Logger {
  return pino({
    level,
    base: undefined,
    messageKey: "message",
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}

/** A line is a view of a fact: its type is the message, its fields stand in snake_case, times with their unit. */
export function logLine({ type: _message, ...fields }: Fact): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [snakeCase(name), value]),
  );
}

const names = new Map<string, string>();

function snakeCase(name: string): string {
  let snake = names.get(name);
  if (!snake)
    names.set(name, (snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)));
  return snake;
}
