import { z } from "zod";
import { formatDuration, parseDuration } from "./duration.ts";
import type { Problem } from "./refusal.ts";

/** One line of text, trimmed. */
export const checkedText = (most: number) =>
  z
    .string()
    .trim()
    .min(1, "must not be empty")
    .max(most, `must have at most ${most} characters`)
    .refine((value) => !/[\p{Cc}\p{Cs}]/u.test(value), "must not contain control characters");

/** Whether every database can keep it: no NUL, and no half of a character. */
export function isText(value: string): boolean {
  return !/[\0\p{Cs}]/u.test(value);
}

/** An ISO 8601 duration, in milliseconds. */
export const checkedDuration = (least: number, most: number) =>
  z.string().transform((value, context) => {
    const ms = parseDuration(value);
    if (ms !== undefined && ms >= least && ms <= most) return ms;
    const range = `from ${formatDuration(least)} to ${formatDuration(most)}`;
    context.addIssue({
      code: "custom",
      message: `must be an ISO 8601 duration ${range}`,
    });
    return z.NEVER;
  });

/** The problems that zod found, as a refusal tells them. */
export function zodProblems(error: z.ZodError | undefined): Problem[] {
  return (error?.issues ?? []).map((issue) => ({
    path: issue.path.map(String),
    message: issue.message,
  }));
}
