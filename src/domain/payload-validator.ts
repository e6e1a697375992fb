import type { ErrorObject, Options, ValidateFunction } from "ajv";
import { _, Ajv2020 } from "ajv/dist/2020.js";
import type { JsonObject } from "./catalog/entry.ts";
import { linearPattern } from "./linear-pattern.ts";
import { Lru } from "./lru.ts";
import { costsOf, metered, OutOfSteps, type Costs } from "./payload-meter.ts";

/**
 * Steps of one validation: one for each subschema applied to each value, more for expensive
 * keywords. A step takes a microsecond at most, when its error is kept. The 256 KiB of a payload
 * are at most 131,000 values, and 20,000 in practice.
 */
const MAX_STEPS = 300_000;
/**
 * What a step pays for of a pattern: one instruction tried on as many characters. It takes 40 ns
 * at worst, when what was learned from the characters before is of no use for the next.
 */
const TRIES_OF_STEP = 64;

/** Synchronous validation knows no second payload at the same time. */
let left = 0;

function spend(steps: number): void {
  left -= steps;
  if (left < 0) throw new OutOfSteps();
}

function payFor(costs: Costs, data: unknown): void {
  spend(costsOf(costs, data));
}

function linearRegExp(source: string): { test: (text: string) => boolean; toString: () => string } {
  const instructions = linearPattern(source).programSize();
  return {
    test: (text) => {
      spend(1 + (text.length * instructions) / TRIES_OF_STEP);
      return linearPattern(source).test(text);
    },
    // Ajv takes two engines of one name for one.
    toString: () => source,
  };
}
linearRegExp.code = "linearRegExp";

const OPTIONS: Options = {
  allErrors: true,
  // Errors then hold the value that was found.
  verbose: true,
  // Without it a required "constructor" is found in every object.
  ownProperties: true,
  validateFormats: false,
  code: { regExp: linearRegExp, optimize: false },
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
  // 19.99 is a multiple of 0.01, whatever binary fractions say.
  multipleOfPrecision: 8,
};

/**
 * Each schema has an Ajv of its own: a shared one never forgets a schema, and an `$id` inside one
 * tenant's schema would be found by the references of another's.
 */
function compile(schema: JsonObject): ValidateFunction {
  const ajv = new Ajv2020(OPTIONS);
  ajv.addKeyword({
    keyword: "$cost",
    // Before what it is the price of.
    before: "$ref",
    // By its path in the schema: Ajv takes time quadratic in the number of values that it is given.
    code: ({ gen, data, schemaValue }) => {
      gen.code(_`${gen.scopeValue("func", { ref: payFor })}(${schemaValue}, ${data})`);
    },
  });
  // An asynchronous validator would take every payload, and reject a promise that nobody holds.
  return ajv.compile({ ...metered(schema), $async: false });
}

/** By identity: whoever reads types from the database must keep the objects for a while. */
const validators = new Lru<JsonObject, ValidateFunction>(1_000);

/**
 * All errors, or why there is no telling: not within the steps of one payload, or since Ajv compares objects by their own
 * `valueOf` and `toString`, which a payload may have as plain fields. Throws when the schema can't be compiled.
 */
export function validate(
  schema: JsonObject,
  payload: unknown,
): readonly ErrorObject[] | "too much" | "incomparable" {
  let check = validators.get(schema);
  if (!check) {
    check = compile(schema);
    validators.set(schema, check);
  }
  left = MAX_STEPS;
  try {
    return check(payload) ? [] : (check.errors ?? []);
  } catch (error) {
    if (error instanceof OutOfSteps) return "too much";
    if (error instanceof TypeError) return "incomparable";
    throw error;
  }
}

/** Why payloads can't be checked with this schema, in words that continue its name; null when they can. */
export function compileProblem(schema: JsonObject): string | null {
  try {
    compile(schema);
    return null;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return `can't be used: ${text.replace(/^strict mode: /, "").slice(0, 200)}`;
  }
}
