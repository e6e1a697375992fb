import type { ErrorObject } from "ajv";

export interface PayloadProblem {
  /** RFC 6901. Of a missing property: where it should be. */
  readonly pointer: string;
  /** Continues the name of the place: "is missing", "must be text, but is the number 5". */
  readonly message: string;
}

/** Ajv's error in plain words. It must hold the value that was found (`verbose`). */
export function problemOf(error: ErrorObject): PayloadProblem {
  const { instancePath, propertyName, keyword } = error;
  if (propertyName !== undefined) {
    const pointer = below(instancePath, propertyName);
    return { pointer, message: `has a name that ${mismatch(error)}` };
  }
  const inner = PROPERTY_PROBLEMS[keyword];
  if (!inner) return { pointer: instancePath, message: mismatch(error) };
  return {
    pointer: below(instancePath, String(error.params[inner.param])),
    message: inner.message,
  };
}

/** The pointer to a property of the object that `pointer` points to. */
export function below(pointer: string, property: string): string {
  return `${pointer}/${property.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** A value, short enough for a sentence. */
export function inWords(value: unknown): string {
  if (typeof value === "string") return `the text ${brief(value)}`;
  if (typeof value === "number" || typeof value === "bigint") return `the number ${value}`;
  return brief(value);
}

/** What Ajv reports at an object, although it is about the property that one of its params names. */
const PROPERTY_PROBLEMS: Readonly<Record<string, { param: string; message: string }>> = {
  required: { param: "missingProperty", message: "is missing" },
  dependentRequired: {
    param: "missingProperty",
    message: "is missing, although another property asks for it",
  },
  additionalProperties: { param: "additionalProperty", message: "is not allowed" },
  unevaluatedProperties: { param: "unevaluatedProperty", message: "is not allowed" },
  propertyNames: { param: "propertyName", message: "has a name that is not allowed" },
};

function mismatch({ keyword, params, data, message }: ErrorObject): string {
  const expected = EXPECTATIONS[keyword]?.(params);
  if (expected) return `must ${expected}, but is ${inWords(data)}`;
  return message ?? "does not fit the schema";
}

/** By keyword; of the others Ajv's own message says it well enough. */
const EXPECTATIONS: Readonly<Record<string, (params: Record<string, unknown>) => string>> = {
  type: ({ type }) => `be ${[type].flat().map(typeInWords).join(" or ")}`,
  enum: ({ allowedValues }) => `be ${choice(allowedValues)}`,
  const: ({ allowedValue }) => `be ${brief(allowedValue)}`,
  minimum: ({ limit }) => `be at least ${brief(limit)}`,
  maximum: ({ limit }) => `be at most ${brief(limit)}`,
  exclusiveMinimum: ({ limit }) => `be more than ${brief(limit)}`,
  exclusiveMaximum: ({ limit }) => `be less than ${brief(limit)}`,
  multipleOf: ({ multipleOf }) => `be a multiple of ${brief(multipleOf)}`,
  minLength: ({ limit }) => `have ${brief(limit)} or more characters`,
  maxLength: ({ limit }) => `have ${brief(limit)} or fewer characters`,
  minItems: ({ limit }) => `have ${brief(limit)} or more entries`,
  maxItems: ({ limit }) => `have ${brief(limit)} or fewer entries`,
  pattern: ({ pattern }) => `match ${brief(pattern)}`,
};

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

function typeInWords(type: unknown): string {
  return TYPES[String(type)] ?? String(type);
}

/** Enough for the sets that people write; of a list of countries the beginning will do. */
const MAX_CHOICES = 12;

/** Of several values, which are allowed: "one of "a", "b"". */
export function choice(values: unknown): string {
  if (!Array.isArray(values)) return "one of a few values";
  const listed = values.slice(0, MAX_CHOICES).map(brief).join(", ");
  if (values.length === 1) return listed;
  return `one of ${listed}${values.length > MAX_CHOICES ? `, … (${values.length} in all)` : ""}`;
}

const MAX_CHARACTERS = 40;

/** A value alone, as one would write it, cut when it is long. */
export function brief(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  // Cut by characters, of two units at most, since half of a surrogate pair is not text.
  const characters = Array.from(value.slice(0, 2 * MAX_CHARACTERS));
  const start = characters.slice(0, MAX_CHARACTERS).join("");
  return `${JSON.stringify(start)}${start.length < value.length ? "…" : ""}`;
}
