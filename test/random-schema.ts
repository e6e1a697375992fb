import fc from "fast-check";
import { BUILT_IN } from "../src/domain/catalog/built-in.ts";
import type { Json, JsonObject } from "../src/domain/catalog/entry.ts";
import { payloadProblems } from "../src/domain/payload.ts";
import { HOSTILE_KEYS, HOSTILE_TEXTS } from "./hostile-words.ts";

/** A schema as a tenant may declare it, and payloads that were made for it; few of them don't fit after all. */
export interface RandomSchema {
  readonly schema: JsonObject;
  readonly payloads: readonly JsonObject[];
}

/** A part of a schema with values that fit it. */
interface Part {
  readonly schema: Json;
  readonly samples: readonly Json[];
}

const key = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("id", "name", "customer", "lines", "total", "state") },
  { weight: 2, arbitrary: fc.constantFrom(...HOSTILE_KEYS) },
  fc.string({ unit: "binary", maxLength: 6 }),
);
const text = fc.oneof(fc.constantFrom(...HOSTILE_TEXTS), fc.string({ unit: "binary" }));
const scalarValue: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json[]>("on", "off", "", 0, 1, -1, 2.5, 1e21, 2 ** 31, true, false, null),
  text,
);
export const jsonValue = fc.oneof(
  scalarValue,
  fc.array(scalarValue, { maxLength: 2 }),
  fc
    .dictionary(key, scalarValue, { maxKeys: 2 })
    .map((found): Json => Object.fromEntries(Object.entries(found))),
);

const plain: fc.Arbitrary<Part> = fc.constantFrom<Part[]>(
  { schema: { type: "string", minLength: 1 }, samples: ["a", '"\n'] },
  { schema: { type: "string", format: "date-time" }, samples: ["2026-01-31T00:00:00Z", ""] },
  { schema: { type: "integer" }, samples: [0, 2 ** 40] },
  { schema: { type: "integer", minimum: 0, maximum: 100 }, samples: [0, 100] },
  { schema: { type: "integer", maximum: 5 }, samples: [-(2 ** 40)] },
  {
    schema: { type: "integer", exclusiveMinimum: -(2 ** 31), exclusiveMaximum: 2 ** 31 },
    samples: [1 - 2 ** 31, 2 ** 31 - 1],
  },
  { schema: { type: "integer", minimum: 2 ** 33, maximum: 2 ** 34 }, samples: [2 ** 33] },
  { schema: { type: "number", multipleOf: 0.5 }, samples: [1.5, -2] },
  { schema: { type: ["integer", "number"] }, samples: [1, 1.5] },
  { schema: { type: "boolean" }, samples: [true, false] },
  { schema: { type: "null" }, samples: [null] },
  { schema: { type: ["string", "null"] }, samples: ["a", null] },
  { schema: { type: ["integer", "boolean", "array"] }, samples: [1, true, [null]] },
  { schema: { type: ["object", "null"] }, samples: [{ a: 1 }, null] },
  { schema: { type: "object", additionalProperties: false }, samples: [{}] },
  { schema: { minimum: 3 }, samples: [3, "a", null] },
  { schema: true, samples: [{ any: [1] }] },
  { schema: {}, samples: [1, [[]]] },
  { schema: false, samples: [] },
);

const literals: fc.Arbitrary<Part> = fc.oneof(
  fc
    .uniqueArray(jsonValue, { minLength: 1, maxLength: 4, selector: (it) => JSON.stringify(it) })
    .map((values): Part => ({ schema: { enum: values }, samples: values })),
  jsonValue.map((value): Part => ({ schema: { const: value }, samples: [value] })),
  fc
    .uniqueArray(fc.oneof(text, key), { minLength: 1, maxLength: 3 })
    .map((values): Part => ({ schema: { type: "string", enum: values }, samples: values })),
);

const listOf = (entry: fc.Arbitrary<Part>): fc.Arbitrary<Part> =>
  fc.oneof(
    fc.tuple(entry, fc.boolean()).map(([{ schema, samples }, isTyped]): Part => ({
      schema: { ...(isTyped && { type: "array" }), items: schema },
      samples: [[], [...samples], ...(isTyped ? [] : ["no list"])],
    })),
    fc
      .tuple(fc.array(entry, { minLength: 1, maxLength: 3 }), fc.constantFrom(0, 1, 2))
      .map(([prefix, end]): Part => ({
        schema: {
          type: "array",
          prefixItems: prefix.map(({ schema }) => schema),
          ...(end === 1 && { items: false }),
          ...(end === 2 && { maxItems: prefix.length }),
        },
        samples: [
          ...(prefix.every(({ samples }) => samples.length > 0)
            ? [prefix.map(({ samples }) => samples[0]!)]
            : []),
          [],
        ],
      })),
  );

const mapOf = (part: fc.Arbitrary<Part>): fc.Arbitrary<Part> =>
  fc.tuple(part, fc.constantFrom("all", "closed", "open"), key).map(([value, kind, at]): Part => {
    const { schema: values, samples } = value;
    const patternProperties = { "^[a-z]": values };
    const first = samples
      .slice(0, 1)
      .map((sample) => ({ [kind === "all" ? `x${at}` : "x"]: sample }));
    if (kind === "all") {
      return { schema: { type: "object", additionalProperties: values }, samples: [{}, ...first] };
    }
    const schema: JsonObject = { type: "object", patternProperties };
    if (kind === "closed") schema["additionalProperties"] = false;
    return { schema, samples: [{}, ...first] };
  });

interface RandomField {
  readonly key: string;
  readonly part: Part;
  readonly isRequired: boolean;
  readonly notes: JsonObject;
}

const fieldOf = (part: fc.Arbitrary<Part>): fc.Arbitrary<RandomField> =>
  fc.record({
    key,
    part,
    isRequired: fc.boolean(),
    notes: fc.oneof(
      fc.constant({}),
      fc.record({ description: text, deprecated: fc.boolean() }),
      fc.record({ description: text, title: text }),
    ),
  });

function objectWith(fields: readonly RandomField[]): Part {
  const entries = fields.map(({ key: name, part, notes }): [string, Json] => [
    name,
    typeof part.schema === "object" ? { ...(part.schema as JsonObject), ...notes } : part.schema,
  ]);
  const required = fields.filter((field) => field.isRequired && field.part.samples.length > 0);
  const present = fields.filter((field) => field.part.samples.length > 0);
  const sample = (found: readonly RandomField[], at: number): Json =>
    Object.fromEntries(
      found.map(({ key: name, part }) => [name, part.samples[at % part.samples.length]!]),
    );
  return {
    schema: {
      type: "object",
      properties: Object.fromEntries(entries),
      ...(required.length > 0 && { required: required.map((field) => field.key) }),
    },
    samples: [sample(present, 0), sample(present, 1), sample(required, 2)],
  };
}

const objectOf = (part: fc.Arbitrary<Part>): fc.Arbitrary<Part> =>
  fc
    .tuple(
      fc.uniqueArray(fieldOf(part), { maxLength: 5, selector: (field) => field.key }),
      fc.constantFrom("open", "closed", "typed", "untyped", "split", "required"),
    )
    .map(([fields, style]): Part => {
      const whole = objectWith(fields);
      const { type: _, ...rules } = whole.schema as JsonObject;
      switch (style) {
        case "closed":
          return { ...whole, schema: { type: "object", ...rules, additionalProperties: false } };
        case "typed":
          return {
            ...whole,
            schema: { type: "object", ...rules, additionalProperties: { type: "string" } },
          };
        case "untyped":
          return { schema: rules, samples: [...whole.samples, "no object"] };
        case "split": {
          const parts = [fields.slice(0, 2), fields.slice(2)].map(
            (each) => objectWith(each).schema,
          );
          return { schema: { type: "object", allOf: parts }, samples: whole.samples };
        }
        case "required": {
          const { required = [], properties = {} } = rules;
          return { ...whole, schema: { allOf: [{ required }], type: "object", properties } };
        }
        case "open":
          return whole;
      }
    });

const choiceOf = (part: fc.Arbitrary<Part>): fc.Arbitrary<Part> =>
  fc
    .tuple(
      fc.array(part, { minLength: 1, maxLength: 3 }),
      fc.constantFrom("anyOf", "oneOf", "allOf", "if", "not"),
    )
    .map(([parts, keyword]): Part => {
      const samples = parts.flatMap((each) => each.samples).slice(0, 4);
      const schemas = parts.map((each) => each.schema);
      const [first = {}, second = true] = schemas;
      if (keyword === "if") return { schema: { if: first, else: second }, samples };
      if (keyword === "not") return { schema: { not: first }, samples: [...samples, "else"] };
      return { schema: { [keyword]: schemas }, samples };
    });

/** A part that stands elsewhere; `hoisted` puts it there. */
const MARK = "x-refers-to";

const referenceTo = (part: fc.Arbitrary<Part>): fc.Arbitrary<Part> =>
  fc
    .tuple(
      part,
      fc.constantFrom<JsonObject[]>({}, {}, { description: "Elsewhere." }, { minProperties: 0 }),
    )
    .map(([{ schema, samples }, beside]) => ({ schema: { [MARK]: schema, ...beside }, samples }));

const part = (depth: number): fc.Arbitrary<Part> => {
  if (depth === 0) return fc.oneof(plain, literals);
  const inner = fc.oneof({ weight: 2, arbitrary: plain }, literals, part(depth - 1));
  return fc.oneof(
    plain,
    { weight: 3, arbitrary: objectOf(inner) },
    listOf(inner),
    mapOf(inner),
    choiceOf(inner),
    referenceTo(inner),
  );
};

/** With each referred part under `$defs`, by a name that needs escapes. */
function hoisted(schema: JsonObject): JsonObject {
  const $defs: JsonObject = {};
  const walk = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    const { [MARK]: target, ...others } = value;
    const entries = Object.entries(others).map(([name, each]) => [name, walk(each)] as const);
    const rest = Object.fromEntries(entries);
    if (target === undefined) return rest;
    const name = `${Object.keys($defs).length}/~%é`;
    $defs[name] = {};
    $defs[name] = walk(target);
    const fragment = encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
    return { $ref: `#/$defs/${fragment}`, ...rest };
  };
  const walked = walk(schema) as JsonObject;
  return Object.keys($defs).length > 0 ? { ...walked, $defs } : walked;
}

/** Schemas of payloads within the bounds that tenants have, up to `depth` objects deep. */
export function randomSchema(depth = 3): fc.Arbitrary<RandomSchema> {
  const inner = fc.oneof(part(depth - 1), plain, literals);
  const object = objectOf(inner);
  const root = fc.oneof(
    { weight: 4, arbitrary: object },
    mapOf(inner),
    fc.array(object, { minLength: 2, maxLength: 3 }).map((parts): Part => ({
      schema: { oneOf: parts.map((each) => each.schema) },
      samples: parts.flatMap((each) => each.samples),
    })),
    fc.tuple(object, object).map(([one, other]): Part => ({
      schema: { ...(one.schema as JsonObject), anyOf: [other.schema] },
      samples: one.samples.flatMap((each) =>
        other.samples.map((more) =>
          isObject(each) && isObject(more) ? { ...more, ...each } : each,
        ),
      ),
    })),
  );
  return root.map(({ schema, samples }) => ({
    schema: hoisted({ ...(schema as JsonObject), type: "object" }),
    payloads: samples.filter(isObject),
  }));
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether the service takes the payload. Ajv can neither compile a schema with half of a surrogate pair in a key (URIError), nor
 * compare objects with a key that hides a method of theirs, such as toString (TypeError).
 */
export function fits(schema: JsonObject, payload: Json): boolean {
  try {
    return payloadProblems({ ...BUILT_IN[0]!, schema }, payload).length === 0;
  } catch (error) {
    if (error instanceof URIError || error instanceof TypeError) return false;
    throw error;
  }
}
