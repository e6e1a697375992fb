import type { ErrorObject, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type PayloadProblem, problemOf } from "../payload-problem.ts";
import type { JsonObject } from "./entry.ts";

let meta: ValidateFunction | undefined;

/** What is not JSON Schema 2020-12 by its own meta-schema. Recurses as deep as the schema is. */
export function metaProblems(schema: JsonObject): readonly PayloadProblem[] {
  // Compiled when the first tenant declares a type: it takes tens of milliseconds.
  meta ??= new Ajv2020({
    allErrors: true,
    verbose: true,
    ownProperties: true,
    logger: false,
  }).getSchema("https://json-schema.org/draft/2020-12/schema");
  if (!meta || meta(schema)) return [];
  const problems = new Map<string, PayloadProblem>();
  for (const error of meta.errors ?? []) {
    const problem = problemOf(error);
    if (!problems.has(problem.pointer)) problems.set(problem.pointer, inPlainWords(error, problem));
  }
  return [...problems.values()];
}

function inPlainWords(
  { keyword, schemaPath }: ErrorObject,
  { pointer, message }: PayloadProblem,
): PayloadProblem {
  if (/\/(?:simpleTypes|properties\/type)\//.test(schemaPath)) return { pointer, message: TYPE };
  if (keyword === "uniqueItems") return { pointer, message: "has the same entry twice" };
  return { pointer, message };
}

const TYPE =
  'must be "string", "number", "integer", "boolean", "object", "array" or "null", or a list of them';
