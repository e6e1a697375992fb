import type { Options, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { EventType, JsonObject } from "./event-type.ts";
import { below, inWords, type PayloadProblem, problemOf } from "./payload-problem.ts";

export type { PayloadProblem } from "./payload-problem.ts";

/** Levels, the payload itself being the first: deeper ones overflow the stacks of those who read it. */
const MAX_DEPTH = 64;
/** A large payload can be wrong in a million places; nobody reads that far. */
const MAX_PROBLEMS = 100;

/**
 * What keeps the payload from being one of this type: nothing, or the first 100 problems.
 * Throws when the type's schema can't be compiled.
 */
export function payloadProblems(eventType: EventType, payload: unknown): readonly PayloadProblem[] {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
    return [{ pointer: "", message: `must be an object, but is ${inWords(payload)}` }];
  }
  const unfit = unfitForJson(payload, 1);
  if (unfit.length > 0) return unfit;
  const validate = validatorOf(eventType.schema);
  if (validate(payload)) return [];
  return (validate.errors ?? []).slice(0, MAX_PROBLEMS).map(problemOf);
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

const OPTIONS: Options = {
  allErrors: true,
  // Errors then hold the value that was found.
  verbose: true,
  // Without it a required "constructor" is found in every object.
  ownProperties: true,
  validateFormats: false,
  // A misspelt keyword is an error. The other strict rules forbid valid schemas.
  strictSchema: true,
  allowMatchingProperties: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  // Whoever accepts a schema checks it against the meta-schema; that takes four times as long as compiling it.
  meta: false,
  validateSchema: false,
  logger: false,
};

const validators = new WeakMap<JsonObject, ValidateFunction>();

/**
 * Each schema has an Ajv of its own: a shared one never forgets a schema, and an `$id` inside one
 * tenant's schema would be found by the references of another's.
 */
function validatorOf(schema: JsonObject): ValidateFunction {
  const known = validators.get(schema);
  if (known) return known;
  // An asynchronous validator would take every payload, and reject a promise that nobody holds.
  const validate = new Ajv2020(OPTIONS).compile({ ...schema, $async: false });
  validators.set(schema, validate);
  return validate;
}
