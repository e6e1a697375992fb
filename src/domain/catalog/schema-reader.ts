import stableStringify from "safe-stable-stringify";
import type { Json, JsonObject } from "./entry.ts";
import { isObject, maskOf, typesOf, valuesOf } from "./schema-values.ts";

/** What several schemas that hold together say about one place: references followed, `allOf` merged. */
export interface Rules {
  /** Of both sides: equal when they say the same, whatever their annotations and the order of their keywords. */
  readonly key: string;
  /** No value fits, as with `false`. */
  readonly isImpossible: boolean;
  readonly types: number;
  /** The only values, by their JSON, of the types above; null when they are not listed. */
  readonly values: ReadonlyMap<string, Json> | null;
  /** The schemas without the keywords that lead to others at the same place. */
  readonly parts: readonly JsonObject[];
  readonly choices: readonly Choice[];
  readonly reader: SchemaReader;
}

/** An `anyOf` or `oneOf`. */
export interface Choice {
  readonly key: string;
  readonly isOneOf: boolean;
  readonly members: readonly Json[];
}

/** Reads the subschemas of one root. Keys can be compared between readers that share `known`. */
export interface SchemaReader {
  readonly rulesOf: (schemas: readonly Json[]) => Rules;
  /** Of a keyword's value, as `key` is of a schema. */
  readonly keyOf: (keyword: string, value: Json) => string;
}

const ANNOTATIONS = new Set(
  (
    "title description examples example default deprecated readOnly writeOnly " +
    "$comment $schema $id $anchor $dynamicAnchor $vocabulary $defs definitions"
  ).split(" "),
);
const HOLDS_SCHEMA = new Set(
  (
    "items additionalProperties not if then else contains propertyNames " +
    "unevaluatedItems unevaluatedProperties contentSchema"
  ).split(" "),
);
const HOLDS_SCHEMAS_BY_NAME = new Set(["properties", "patternProperties", "dependentSchemas"]);
const HOLDS_SET = new Set(["type", "enum", "required"]);
/** `false` and these say nothing. */
const NOTHING = new Set(["{}", "items:#0", "additionalProperties:#0", "required:[]"]);

/** The number of `true`. */
const ANYTHING = 0;

export function createSchemaReader(root: JsonObject, known: Map<string, number>): SchemaReader {
  const numbers = new WeakMap<JsonObject, number>();
  const single = new WeakMap<JsonObject, Rules>();
  /** Differs from reader to reader. */
  const side = known.size;
  numberFor("true");

  function numberFor(text: string): number {
    const found = known.get(text) ?? known.size;
    known.set(text, found);
    return found;
  }

  /** Each distinct schema has a number, so that the key of a deep one is no longer than that of a flat one. */
  function numberOf(schema: Json): number {
    if (!isObject(schema)) return numberFor(stableStringify(schema));
    const found = numbers.get(schema);
    if (found !== undefined) return found;
    const { together, own } = unfold(schema);
    const keys = Object.entries(own)
      .filter(([keyword]) => !ANNOTATIONS.has(keyword))
      .map(([keyword, value]) => keyOf(keyword, value))
      .filter((key) => !NOTHING.has(key));
    const all = together.map(numberOf);
    if (keys.length > 0) all.push(numberFor(keys.toSorted().join(",")));
    const told = distinct(all);
    const number =
      told.length === 1 ? told[0]! : numberFor(told.length > 0 ? `&${told.join()}` : "true");
    numbers.set(schema, number);
    return number;
  }

  function keyOf(keyword: string, value: Json): string {
    return `${keyword}:${contentKey(keyword, value)}`;
  }

  function contentKey(keyword: string, value: Json): string {
    if (HOLDS_SCHEMA.has(keyword)) return `#${numberOf(value)}`;
    if (HOLDS_SET.has(keyword)) {
      const values = [value].flat().map((each) => stableStringify(each));
      return `[${[...new Set(values)].toSorted().join()}]`;
    }
    if (keyword === "anyOf" || keyword === "oneOf") {
      const members = listOf(value)
        .map(numberOf)
        .toSorted((a, b) => a - b);
      // Of "one of" a second copy of a member counts: what fits it fits two.
      return `{${(keyword === "oneOf" ? members : [...new Set(members)]).join()}}`;
    }
    if (keyword === "prefixItems") return `[${listOf(value).map(numberOf).join()}]`;
    if (!HOLDS_SCHEMAS_BY_NAME.has(keyword) || !isObject(value)) return stableStringify(value);
    const entries = Object.entries(value).map(([name, schema]) => [name, numberOf(schema)]);
    return JSON.stringify(entries.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
  }

  /** A schema's own keywords, and the schemas that hold beside them. */
  function unfold({ $ref, allOf, ...own }: JsonObject): { together: Json[]; own: JsonObject } {
    const together = allOf === undefined ? [] : listOf(allOf);
    if ($ref === undefined) return { together, own };
    const target = targetOf(root, $ref);
    // What it stands for is unknown, so that it equals nothing.
    if (target === undefined) return { together, own: { ...own, $ref: side } };
    return { together: [...together, target], own };
  }

  function rulesOf(schemas: readonly Json[]): Rules {
    const [only] = schemas;
    if (schemas.length !== 1 || !isObject(only)) return read(schemas);
    const rules = single.get(only) ?? read(schemas);
    single.set(only, rules);
    return rules;
  }

  function read(schemas: readonly Json[]): Rules {
    const key = distinct(schemas.map(numberOf)).join("&");
    const parts: JsonObject[] = [];
    const choices: Choice[] = [];
    let isImpossible = false;
    const open = schemas.toReversed();
    while (open.length > 0) {
      const schema = open.pop()!;
      if (schema === false) isImpossible = true;
      if (!isObject(schema)) continue;
      const { together, own } = unfold(schema);
      const { anyOf, oneOf, ...rest } = own;
      if (Object.keys(rest).length > 0) parts.push(rest);
      open.push(...together.toReversed());
      for (const [keyword, members] of Object.entries({ anyOf, oneOf })) {
        if (!Array.isArray(members)) continue;
        if (members.length === 1) open.push(members[0]!);
        else choices.push({ key: keyOf(keyword, members), isOneOf: keyword === "oneOf", members });
      }
    }
    const declared = parts.reduce((types, part) => types & typesOf(part), typesOf({}));
    const values = valuesOf(parts, declared);
    const types = values ? maskOf(values.values()) : declared;
    isImpossible ||= types === 0;
    return { key, isImpossible, types, values, parts, choices, reader };
  }

  const reader = { rulesOf, keyOf };
  return reader;
}

/** Of JSON Schema's references only pointers into the same document; undefined when it leads nowhere. */
function targetOf(root: JsonObject, ref: Json): Json | undefined {
  if (typeof ref !== "string" || !/^#(?:\/|$)/.test(ref)) return undefined;
  let place: Json | undefined = root;
  for (const token of ref.split("/").slice(1)) {
    if (typeof place !== "object" || place === null) return undefined;
    const name = unescaped(token);
    if (!Object.hasOwn(place, name)) return undefined;
    place = (place as JsonObject)[name];
  }
  return place;
}

function unescaped(token: string): string {
  let name = token;
  try {
    name = decodeURIComponent(token);
  } catch {
    // Not percent-encoded: the name itself holds a "%".
  }
  return name.replaceAll("~1", "/").replaceAll("~0", "~");
}

function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].filter((number) => number !== ANYTHING).toSorted((a, b) => a - b);
}

function listOf(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}

export function isAnnotation(keyword: string): boolean {
  return ANNOTATIONS.has(keyword);
}
