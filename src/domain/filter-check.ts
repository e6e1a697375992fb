/** From input, or from what is stored, to a predicate that can hold. */
import type { ObjectShape } from "./catalog/shape.ts";
import { misfits, pointerProblem, shapesAt } from "./filter-fit.ts";
import type { FieldTest, Predicate, Scalar, ValueTest } from "./filter.ts";
import { tokensOf } from "./filter.ts";
import { didYouMean, nearMisses } from "./near-miss.ts";
import { brief, inWords } from "./payload-problem.ts";
import type { Problem } from "./refusal.ts";

const MAX_LEVELS = 10;
const MAX_TESTS = 100;
const MAX_VALUES = 100;
const MAX_BYTES = 16 * 1024;
const MAX_POINTER_CHARACTERS = 1_000;
/** Each may be compared with all the names there are, and nobody reads further. */
const MAX_PROBLEMS = 30;

export type CheckedPredicate =
  | { readonly predicate: Predicate }
  | { readonly problems: readonly Problem[] };

/**
 * `shapes`: of the event types that the webhook matches. Each pointer must lead somewhere in at least one of them, and its
 * test must be able to hold there. Paths begin within the predicate.
 */
export function checkPredicate(value: unknown, shapes: readonly ObjectShape[]): CheckedPredicate {
  const check: Check = { shapes, problems: [], tests: 0 };
  const predicate = checkNode(value, [], check);
  if (predicate && check.problems.length === 0) {
    if (Buffer.byteLength(JSON.stringify(predicate)) <= MAX_BYTES) return { predicate };
    report(check, [], `must have at most ${MAX_BYTES} bytes as JSON`);
  }
  return { problems: check.problems.slice(0, MAX_PROBLEMS) };
}

interface Check {
  readonly shapes: readonly ObjectShape[];
  readonly problems: Problem[];
  tests: number;
}

type Path = readonly string[];

/** Null, for the caller to return. */
function report({ problems }: Check, path: Path, message: string): null {
  problems.push({ path, message });
  return null;
}

const NODES = ["all", "any", "not", "field"] as const;

function checkNode(value: unknown, path: Path, check: Check): Predicate | null {
  if (levelsOf(path) > MAX_LEVELS) {
    return report(check, path, `is nested more than ${MAX_LEVELS} levels deep`);
  }
  const entry = onlyEntry(value, NODES, { path, check });
  if (!entry) return null;
  const inner = [...path, entry.name];
  switch (entry.name) {
    case "all": {
      const all = checkNodes(entry.value, inner, check);
      return all && { all };
    }
    case "any": {
      const any = checkNodes(entry.value, inner, check);
      return any && { any };
    }
    case "not": {
      const not = checkNode(entry.value, inner, check);
      return not && { not };
    }
    case "field": {
      const field = checkField(entry.value, inner, check);
      return field && { field };
    }
  }
}

/** Of a node's path: each level adds the name of a node, and lists add an index. */
function levelsOf(path: Path): number {
  return 1 + path.filter((step) => !/^\d/.test(step)).length;
}

function checkNodes(value: unknown, path: Path, check: Check): Predicate[] | null {
  if (!Array.isArray(value)) return report(check, path, "must be a list of conditions");
  if (value.length === 0) return report(check, path, "must have at least one condition");
  const nodes: Predicate[] = [];
  for (const [index, each] of value.entries()) {
    const node = checkNode(each, [...path, String(index)], check);
    if (node) nodes.push(node);
    if (check.tests > MAX_TESTS || check.problems.length >= MAX_PROBLEMS) break;
  }
  return nodes;
}

function checkField(value: unknown, path: Path, check: Check): FieldTest | null {
  check.tests += 1;
  if (check.tests > MAX_TESTS) {
    // Told once: the walk ends here.
    return check.tests === MAX_TESTS + 1
      ? report(check, [], `must have at most ${MAX_TESTS} tests`)
      : null;
  }
  if (!isObject(value)) return report(check, path, "must be an object with at and is");
  for (const name of givenOf(value)) {
    if (name === "at" || name === "is") continue;
    report(check, path, `must not have ${brief(name)}; it takes at and is`);
  }
  const at = checkPointer(value["at"], [...path, "at"], check);
  const is = checkTest(value["is"], [...path, "is"], check);
  if (at === null || !is) return null;
  const found = shapesAt(tokensOf(at) ?? [], check.shapes);
  for (const misfit of misfits(at, is, found)) {
    report(check, [...path, "is", ...misfit.path], misfit.message);
  }
  return { at, is };
}

function checkPointer(value: unknown, path: Path, check: Check): string | null {
  if (typeof value !== "string") return report(check, path, "must be a JSON pointer");
  if (value.length > MAX_POINTER_CHARACTERS) {
    return report(check, path, `must have at most ${MAX_POINTER_CHARACTERS} characters`);
  }
  const problem = pointerProblem(value, check.shapes);
  return problem === null ? value : report(check, path, problem);
}

const TESTS = [
  "eq",
  "in",
  "gt",
  "gte",
  "lt",
  "lte",
  "startsWith",
  "contains",
  "exists",
  "isNull",
] as const;

function checkTest(value: unknown, path: Path, check: Check): ValueTest | null {
  const entry = onlyEntry(value, TESTS, { path, check });
  if (!entry) return null;
  const operand = entry.value;
  const wrong = (message: string): null => report(check, [...path, entry.name], message);
  switch (entry.name) {
    case "eq":
      return isScalar(operand) ? { eq: operand } : wrong(scalarProblem(operand));
    case "in": {
      const values = checkValues(operand, [...path, "in"], check);
      return values && { in: values };
    }
    case "gt":
      return isNumber(operand) ? { gt: operand } : wrong(NO_NUMBER);
    case "gte":
      return isNumber(operand) ? { gte: operand } : wrong(NO_NUMBER);
    case "lt":
      return isNumber(operand) ? { lt: operand } : wrong(NO_NUMBER);
    case "lte":
      return isNumber(operand) ? { lte: operand } : wrong(NO_NUMBER);
    case "startsWith":
      return isText(operand) ? { startsWith: operand } : wrong(NO_TEXT);
    case "contains":
      return isText(operand) ? { contains: operand } : wrong(NO_TEXT);
    case "exists":
      return typeof operand === "boolean" ? { exists: operand } : wrong(NO_BOOLEAN);
    case "isNull":
      return typeof operand === "boolean" ? { isNull: operand } : wrong(NO_BOOLEAN);
  }
}

const NO_NUMBER = "must be a number";
const NO_TEXT = "must be text, and not empty";
const NO_BOOLEAN = "must be true or false";

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

/** Nearly every text starts with, and contains, the empty one: it stands in a form that was not filled in. */
function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function checkValues(value: unknown, path: Path, check: Check): Scalar[] | null {
  if (!Array.isArray(value)) return report(check, path, "must be a list of values");
  if (value.length === 0) return report(check, path, "must have at least one value");
  if (value.length > MAX_VALUES)
    return report(check, path, `must have at most ${MAX_VALUES} values`);
  const values: Scalar[] = [];
  for (const [index, each] of value.entries()) {
    if (isScalar(each)) values.push(each);
    else report(check, [...path, String(index)], scalarProblem(each));
  }
  return values;
}

/** No number that payloads can't hold either, since JSON does not carry it exactly: it would never be equal. */
function isScalar(value: unknown): value is Scalar {
  if (typeof value === "number")
    return Number.isSafeInteger(value) || (!Number.isInteger(value) && Number.isFinite(value));
  return typeof value === "string" || typeof value === "boolean";
}

function scalarProblem(value: unknown): string {
  if (value === null) return "must not be null: isNull tests for that";
  if (typeof value === "number" || typeof value === "bigint") {
    return `is ${inWords(value)}, which JSON can't carry exactly`;
  }
  return "must be text, a number, true or false: of an object or a list, test a field inside";
}

interface Where {
  readonly path: Path;
  readonly check: Check;
}

/** As GraphQL's @oneOf asks for: exactly one of the names. */
function onlyEntry<Name extends string>(
  value: unknown,
  names: readonly Name[],
  { path, check }: Where,
): { readonly name: Name; readonly value: unknown } | null {
  const choices = names.join(", ");
  if (!isObject(value)) return report(check, path, `must be an object with one of ${choices}`);
  const given = givenOf(value);
  const unknown = given.find((key) => !names.some((name) => name === key));
  if (unknown !== undefined) {
    const near = didYouMean(nearMisses(unknown, names)) || `; it takes one of ${choices}`;
    return report(check, path, `must not have ${brief(unknown)}${near}`);
  }
  const name = names.find((each) => each === given[0]);
  if (name !== undefined && given.length === 1) return { name, value: value[name] };
  const found = given.length > 0 ? given.join(" and ") : "none";
  return report(check, path, `must have exactly one of ${choices}, but has ${found}`);
}

function givenOf(value: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
