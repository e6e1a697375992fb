/** JSON Schema 2020-12, by what a keyword holds. */
type Holds = "value" | "subschema" | "list" | "map";

const HOLDS: Readonly<Record<Holds, string>> = {
  subschema: "items contains additionalProperties propertyNames if then else not contentSchema",
  list: "allOf anyOf oneOf prefixItems",
  map: "properties patternProperties dependentSchemas $defs",
  value:
    "$schema $ref $comment type const enum multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required dependentRequired title description default deprecated readOnly writeOnly examples format contentEncoding contentMediaType",
};

const KEYWORDS: ReadonlyMap<string, Holds> = new Map(
  (["subschema", "list", "map", "value"] as const).flatMap((holds) =>
    HOLDS[holds].split(" ").map((keyword) => [keyword, holds] as const),
  ),
);

/** Undefined for what is no keyword, or not one that is allowed here. */
export function holdsOf(keyword: string): Holds | undefined {
  return KEYWORDS.get(keyword);
}

export interface Part {
  readonly keyword: string;
  /** Below the keyword: the index or the name. Null when the keyword itself holds the subschema. */
  readonly name: string | null;
  readonly schema: unknown;
}

/** What stands where subschemas belong, whether or not it is one. */
export function partsOf(schema: object): readonly Part[] {
  return Object.entries(schema).flatMap(([keyword, value]: [string, unknown]): Part[] => {
    const holds = KEYWORDS.get(keyword);
    if (holds === "subschema") return [{ keyword, name: null, schema: value }];
    if ((holds === "list") !== Array.isArray(value)) return [];
    if ((holds !== "list" && holds !== "map") || typeof value !== "object" || !value) return [];
    return Object.entries(value).map(([name, part]) => ({ keyword, name, schema: part }));
  });
}

/** Applied to the same value as the schema around them, so that its `type` is theirs too. */
export const SAME_VALUE: ReadonlySet<string> = new Set(
  "allOf anyOf oneOf not if then else dependentSchemas".split(" "),
);

const OWN_NAME = "is not allowed: a schema is known by its event type, and refers only to itself";
const UNEVALUATED =
  "is not allowed: validators disagree on it; say `additionalProperties` or `items` instead";
const DYNAMIC = "is not allowed: references must be plain `$ref`s";

const HINTS: ReadonlyMap<string, string> = new Map([
  ["$id", OWN_NAME],
  ["$anchor", OWN_NAME],
  ["$dynamicRef", DYNAMIC],
  ["$dynamicAnchor", DYNAMIC],
  ["$recursiveRef", DYNAMIC],
  ["$recursiveAnchor", DYNAMIC],
  ["unevaluatedProperties", UNEVALUATED],
  ["unevaluatedItems", UNEVALUATED],
  ["$vocabulary", "is not allowed: it belongs into meta-schemas"],
  ["$async", "is not allowed: it is no keyword of JSON Schema"],
  ["id", "is from an older draft, and not needed"],
  ["definitions", "is from an older draft: use `$defs`"],
  ["dependencies", "is from an older draft: use `dependentRequired` or `dependentSchemas`"],
  ["additionalItems", "is from an older draft: use `items` beside `prefixItems`"],
  ["divisibleBy", "is from an older draft: use `multipleOf`"],
  ["disallow", "is from an older draft: use `not`"],
  ["extends", "is from an older draft: use `allOf`"],
  ["nullable", 'is from OpenAPI: use `type: ["string", "null"]`'],
  ["example", "is from OpenAPI: use `examples`, a list"],
  ["discriminator", "is from OpenAPI: use `oneOf` whose members have a `const`"],
]);

export function unknownKeyword(keyword: string): string {
  const hint = HINTS.get(keyword);
  if (hint) return hint;
  const meant = [...KEYWORDS.keys()].find((known) => isNear(known, keyword));
  return `is not a keyword of JSON Schema 2020-12${meant ? `: is \`${meant}\` meant?` : ""}`;
}

/** One letter more, less, other or exchanged with its neighbour, or only in another case. */
function isNear(known: string, given: string): boolean {
  const a = known.toLowerCase();
  const b = given.toLowerCase().replaceAll(/[-_]/g, "");
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const left = a.slice(start, a.length - end);
  const right = b.slice(start, b.length - end);
  if (left.length === 2 && right.length === 2) return left[0] === right[1] && left[1] === right[0];
  return left.length <= 1 && right.length <= 1;
}
