import { z } from "zod";
import { checkedText, isText, zodProblems } from "../input.ts";
import { payloadProblems } from "../payload.ts";
import { refuseIf, type Problem } from "../refusal.ts";
import { namesOf, type Catalog } from "./catalog.ts";
import type { JsonObject } from "./entry.ts";
import { typeNameClashes } from "./graphql-names.ts";
import { nameProblems } from "./graphql-types.ts";
import type { EventTypeContent } from "./own.ts";
import { isSameSchema } from "./registration.ts";
import { schemaProblems } from "./schema-rules.ts";
import { shapeOf } from "./shape-of.ts";
import { sharedSchema } from "./shared-schema.ts";

/** Problems of a whole call: nobody reads further. */
const MAX_PROBLEMS = 200;
const MAX_DEPTH = 100;
const SAMPLE_MAX_BYTES = 64 * 1024;
const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
const name = z
  .string()
  .max(100, "must have at most 100 characters")
  .regex(NAME, "must be words of a-z and 0-9, joined by _, such as order_created");

const FIELDS = z.object({
  name,
  title: checkedText(200),
  description: z
    .string()
    .trim()
    .min(1, "must not be empty")
    .max(2000, "must have at most 2,000 characters")
    .refine(isText, "must be text"),
  category: checkedText(100),
  aliases: z.array(name).max(20, "must have at most 20 entries"),
  deprecationReason: checkedText(500).nullable(),
});

/** The declarations of a tenant in their normal form; refuses with all that is wrong with them. */
export async function checkTypes(
  types: readonly EventTypeContent[],
  catalog: Catalog,
  rest: () => Promise<void>,
): Promise<readonly EventTypeContent[]> {
  const problems: Problem[] = [];
  const checked: EventTypeContent[] = [];
  for (const [index, type] of types.entries()) {
    const found = [...fieldProblems(type), ...schemaAndSample(type, catalog)];
    for (const problem of found)
      problems.push({ ...problem, path: ["types", String(index), ...problem.path] });
    if (found.length === 0)
      checked.push({ ...type, ...FIELDS.parse(type), schema: sharedSchema(type.schema) });
    if (problems.length >= MAX_PROBLEMS) break;
    await rest();
  }
  refuseIf(problems.slice(0, MAX_PROBLEMS));
  return checked;
}

function fieldProblems(type: EventTypeContent): Problem[] {
  return zodProblems(FIELDS.safeParse(type).error);
}

/** Refuses names that are somebody else's; from one registration to the next they may have been taken. */
export function refuseClashes(types: readonly EventTypeContent[], catalog: Catalog): void {
  refuseIf(nameClashes(types, catalog).slice(0, MAX_PROBLEMS));
}

/** What was checked before is not checked again: a deployment declares the same each time. */
function schemaAndSample(type: EventTypeContent, catalog: Catalog): Problem[] {
  const known = catalog.find(type.name);
  const { schema, samplePayload } = type;
  if (
    known?.name === type.name &&
    isObject(schema) &&
    isObject(samplePayload) &&
    !isDeep([schema, samplePayload]) &&
    isSameSchema(known.schema, schema) &&
    isSameSchema(known.samplePayload, samplePayload)
  )
    return [];
  if (!isObject(schema)) return [{ path: ["schema"], message: "must be a JSON Schema object" }];
  const inSchema = schemaProblems(schema);
  if (inSchema.length > 0) return inSchema.map((problem) => of("schema", "The schema", problem));
  const names = nameProblems(type.name, shapeOf(sharedSchema(schema)));
  if (names.length > 0) return names.map((problem) => of("schema", "The payload", problem));
  const text = JSON.stringify(samplePayload) ?? "";
  if (Buffer.byteLength(text) > SAMPLE_MAX_BYTES)
    return [{ path: ["samplePayload"], message: "must have at most 64 KiB as JSON" }];
  return payloadProblems({ schema }, samplePayload).map((problem) =>
    of("samplePayload", "The sample", problem),
  );
}

function of(
  field: string,
  whole: string,
  { pointer, message }: { readonly pointer: string; readonly message: string },
): Problem {
  return { path: [field], pointer, message: `${pointer || whole} ${message}` };
}

/** Names and aliases belong to one type each, those of the built-in types to them, and so do GraphQL's names. */
function nameClashes(types: readonly EventTypeContent[], catalog: Catalog): Problem[] {
  const declared = new Set(types.map((type) => type.name));
  const others = catalog.types.filter((type) => type.builtIn || !declared.has(type.name));
  // The name of a retired type still stands in its past events; its aliases are free.
  const taken = new Map(
    others.flatMap((type) =>
      (type.retiredAt ? [type.name] : namesOf(type)).map((word) => [word, type.name] as const),
    ),
  );
  const problems: Problem[] = [];
  for (const [index, type] of types.entries())
    for (const [place, word] of [
      ["name", type.name],
      ...type.aliases.map((a, i) => [`aliases.${i}`, a]),
    ] as [string, string][]) {
      const holder = taken.get(word);
      const path = ["types", String(index), ...place.split(".")];
      if (holder !== undefined) problems.push({ path, message: taking(word, holder, type.name) });
      taken.set(word, type.name);
    }
  const clashes = typeNameClashes([...catalog.types.map((type) => type.name), ...declared]);
  for (const { name: clashing, typeName, takenBy } of clashes) {
    const index = types.findIndex((type) => type.name === clashing);
    if (index === -1) continue;
    const whose = takenBy === null ? "the schema's own" : `that of ${takenBy}`;
    const message = `${clashing} would be ${typeName} in GraphQL, and that name is ${whose}`;
    problems.push({ path: ["types", String(index), "name"], message });
  }
  return problems;
}

function taking(word: string, holder: string, name: string): string {
  if (holder !== name) return `${word} is a name of ${holder} already`;
  return `${word} is declared twice`;
}

/** Deeper than any schema or sample may be, and than a comparison could follow. */
function isDeep(value: readonly unknown[]): boolean {
  let level: readonly unknown[] = value;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((one) =>
      typeof one === "object" && one !== null ? Object.values(one) : [],
    );
  }
  return false;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
