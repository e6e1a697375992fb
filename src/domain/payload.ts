import type { EventType } from "./catalog/entry.ts";
import { below, inWords, type PayloadProblem, problemOf } from "./payload-problem.ts";
import { validate } from "./payload-validator.ts";

export type { PayloadProblem } from "./payload-problem.ts";

/** Levels, the payload itself being the first: deeper ones overflow the stacks of those who read it. */
const MAX_DEPTH = 64;
/** A large payload can be wrong in a million places; nobody reads that far. */
const MAX_PROBLEMS = 100;

/**
 * What keeps the payload from being one of this type: nothing, or the first 100 problems.
 * Throws when the type's schema can't be compiled.
 */
export function payloadProblems(
  eventType: Pick<EventType, "schema">,
  payload: unknown,
): readonly PayloadProblem[] {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
    return [{ pointer: "", message: `must be an object, but is ${inWords(payload)}` }];
  }
  const unfit = unfitForJson(payload, 1);
  if (unfit.length > 0) return unfit;
  const errors = validate(eventType.schema, payload);
  if (typeof errors === "string") return [{ pointer: "", message: UNCHECKED[errors] }];
  return errors.slice(0, MAX_PROBLEMS).map(problemOf);
}

const UNCHECKED = {
  "too much": "takes too long to check against the schema of its type: send less of it at once",
  incomparable:
    "can't be compared with the values of its schema: it has a field called valueOf or toString there",
} as const;

/** Whether JSON can carry it, and we its depth. */
export function isFit(payload: unknown): boolean {
  return unfitForJson(payload, 1).length === 0;
}

/** Pointers are relative to `value` and grow on the way up, so that a sound payload costs none. */
function unfitForJson(value: unknown, depth: number): readonly PayloadProblem[] {
  if ((typeof value === "number" && !isExact(value)) || typeof value === "bigint") {
    const message = `is ${inWords(value)}, which JSON can't carry exactly: send it as text`;
    return [{ pointer: "", message }];
  }
  if (typeof value !== "object" || value === null) return [];
  if (depth > MAX_DEPTH) {
    return [{ pointer: "", message: `is nested more than ${MAX_DEPTH} levels deep` }];
  }
  const problems: PayloadProblem[] = [];
  for (const [key, child] of Object.entries(value)) {
    const inner = unfitForJson(child, depth + 1);
    if (inner.length === 0) continue;
    for (const { pointer, message } of inner) {
      problems.push({ pointer: below("", key) + pointer, message });
    }
    if (problems.length >= MAX_PROBLEMS) break;
  }
  return problems.slice(0, MAX_PROBLEMS);
}

/** RFC 8259, section 6: beyond ±(2^53 - 1) two readers may see two different integers. */
function isExact(value: number): boolean {
  return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value));
}
