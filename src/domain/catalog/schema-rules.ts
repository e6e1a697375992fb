import { below, type PayloadProblem } from "../payload-problem.ts";
import { compileProblem } from "../payload-validator.ts";
import type { JsonObject } from "./entry.ts";
import { metaProblems } from "./meta-schema.ts";
import { patternProblems, placeProblems } from "./schema-place-rules.ts";
import { placesOf } from "./schema-places.ts";
import { referenceProblems } from "./schema-references.ts";

const MAX_BYTES = 64 * 1_024;
/** Of JSON, as of payloads: examples and enums may be deeper than subschemas. */
const MAX_JSON_DEPTH = 64;
/** Those in `$defs` that nobody refers to included. */
const MAX_PLACES = 1_000;
const MAX_PROBLEMS = 100;

/**
 * What keeps a schema from being that of a tenant's event type, all at once and at most 100.
 * Pointers are into the schema. Does not throw, and takes bounded time for whatever JSON it gets.
 */
export function schemaProblems(schema: JsonObject): readonly PayloadProblem[] {
  const unfit = unfitAsText(schema);
  if (unfit) return [unfit];
  const { places, problems: tooDeep } = placesOf(schema);
  if (places.length > MAX_PLACES) {
    return [{ pointer: "", message: `has more than ${MAX_PLACES} subschemas` }];
  }
  const found = [
    ...rootProblems(schema),
    ...tooDeep,
    ...places.flatMap(placeProblems),
    ...patternProblems(places),
    ...referenceProblems(places),
  ];
  const told = new Set(found.map(({ pointer }) => pointer));
  for (const problem of metaProblems(schema)) {
    if (!isTold(problem.pointer, told)) found.push(problem);
  }
  if (found.length > 0) return found.slice(0, MAX_PROBLEMS);
  const refused = compileProblem(schema);
  return refused === null ? [] : [{ pointer: "", message: refused }];
}

/** Whether something was said about the place, or one around it: the root is around everything. */
function isTold(pointer: string, told: ReadonlySet<string>): boolean {
  for (let end = pointer.length; end > 0; end = pointer.lastIndexOf("/", end - 1)) {
    if (told.has(pointer.slice(0, end))) return true;
  }
  return pointer === "" && told.has("");
}

/** First of all, since nothing may recurse into the schema before its depth is known. */
function unfitAsText(schema: JsonObject): PayloadProblem | null {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    return { pointer: "", message: "must be an object" };
  }
  const tooLong = { pointer: "", message: "is longer than 64 KiB of JSON" };
  const stack: { value: unknown; pointer: string; depth: number }[] = [
    { value: schema, pointer: "", depth: 1 },
  ];
  let read = 0;
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { value, pointer, depth } = next;
    // Every value is at least one character of the text.
    if (++read > MAX_BYTES) return tooLong;
    if (!isJson(value)) return { pointer, message: "is not JSON" };
    if (typeof value !== "object" || value === null) continue;
    if (depth > MAX_JSON_DEPTH) {
      return { pointer, message: `is nested more than ${MAX_JSON_DEPTH} levels deep` };
    }
    const children = Object.entries(value);
    if (children.length > MAX_BYTES) return tooLong;
    for (const [key, child] of children) {
      const place = below(pointer, key);
      if (key === "__proto__") return { pointer: place, message: "is a name that is not allowed" };
      stack.push({ value: child, pointer: place, depth: depth + 1 });
    }
  }
  return Buffer.byteLength(JSON.stringify(schema)) > MAX_BYTES ? tooLong : null;
}

function isJson(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return value === null || ["string", "boolean", "object"].includes(typeof value);
}

function rootProblems({ $schema, type }: JsonObject): PayloadProblem[] {
  const problems: PayloadProblem[] = [];
  if (type !== "object") {
    const message = 'must be "object": a payload is always an object';
    problems.push({ pointer: "/type", message });
  }
  if ($schema !== undefined && !isDraft2020($schema)) {
    const message = `must be "${DRAFT_2020}", or left out`;
    problems.push({ pointer: "/$schema", message });
  }
  return problems;
}

const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";

function isDraft2020(draft: unknown): boolean {
  return draft === DRAFT_2020 || draft === `${DRAFT_2020}#`;
}
