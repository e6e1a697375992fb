import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOSTILE_KEYS, HOSTILE_TEXTS } from "../../../test/hostile-words.ts";
import { fits, randomSchema, type RandomSchema } from "../../../test/random-schema.ts";
import {
  any,
  flag,
  list,
  map,
  none,
  number,
  object,
  scalar,
  text,
  union,
  whole,
} from "../../../test/shapes.ts";
import { compile } from "../../../test/tsc.ts";
import { below } from "../payload-problem.ts";
import { BUILT_IN } from "./built-in.ts";
import type { Json, JsonObject } from "./entry.ts";
import { fieldAt, shapeOf } from "./shape-of.ts";
import type { Shape } from "./shape.ts";
import {
  payloadTypeName,
  typescriptCatalog,
  typescriptOf,
  typescriptOfShape,
  type TypedEvent,
} from "./typescript.ts";

function typeWith(schema: JsonObject, more: Partial<TypedEvent> = {}): TypedEvent {
  return { name: "order_created", title: "Order", description: "An order.", schema, ...more };
}

test.each<[Shape, string]>([
  [any, "unknown"],
  [text, "string"],
  [whole, "number"],
  [number, "number"],
  [flag, "boolean"],
  [none, "null"],
  [scalar("string", "on-hold", 'a"\n', "\u202E"), '"on-hold" | "a\\"\\n" | "\\u202e"'],
  [scalar("number", -1, 2.5), "-1 | 2.5"],
  [scalar("boolean", true), "true"],
  [union(text, none), "string | null"],
  [list(text), "string[]"],
  [list(list(any)), "unknown[][]"],
  [list(union(text, none)), "(string | null)[]"],
  [list(scalar("string", "a", "b")), '("a" | "b")[]'],
  [list(scalar("string", "a")), '"a"[]'],
  [map(union(text, none)), "Record<string, string | null>"],
  [list(map(text)), "Record<string, string>[]"],
  [object({ "id!": text, it: text }), "{\n  id: string;\n  it?: string;\n}"],
  [list(object({ a: object({ b: text }) })), "{\n  a?: {\n    b?: string;\n  };\n}[]"],
  [
    object({ class: any, $ok_1: any, "1st": any, "a-b": any, "": any, é: any, "\uFFFD": any }),
    '{\n  class?: unknown;\n  $ok_1?: unknown;\n  "1st"?: unknown;\n  "a-b"?: unknown;\n  ""?: unknown;\n  "é"?: unknown;\n  "\\ufffd"?: unknown;\n}',
  ],
])("%j is %s", (shape, expected) => {
  expect(typescriptOfShape(shape)).toBe(expected);
});

test("a payload is an interface with the words of its schema", () => {
  const schema = {
    type: "object",
    required: ["id"],
    properties: {
      id: { type: "string", description: "Id of the order." },
      state: { enum: ["open", null], description: "Two\n\nlines.", deprecated: true },
      note: { deprecated: true },
    },
  };
  expect(typescriptOf(typeWith(schema, { deprecationReason: "Use\nanother." }))).toBe(`/**
 * Order: An order.
 * @deprecated Use another.
 */
export interface OrderCreatedPayload {
  /** Id of the order. */
  id: string;
  /**
   * Two
   *
   * lines.
   * @deprecated
   */
  state?: "open" | null;
  /** @deprecated */
  note?: unknown;
}
`);
});

test("a payload without declared fields may have any", () => {
  expect(typescriptOf(typeWith({ type: "object" }, { title: "", description: " " }))).toBe(
    "export interface OrderCreatedPayload {\n  [key: string]: unknown;\n}\n",
  );
});

test.each([
  ["a */ b", "/** a *\\/ b */"],
  ["@deprecated", "/** \\@deprecated */"],
  ["one\r\n  @ts-ignore", "/**\n * one\n * \\@ts-ignore\n */"],
  ["a@b.example", "/** a@b.example */"],
  ["\0\u202E\uD800\uFFFD", "/** \\u0000\\u202e\\ud800\\ufffd */"],
  ["${x} `y` 🎉", "/** ${x} `y` 🎉 */"],
])("the description %j is no more than a comment", (description, comment) => {
  const printed = typescriptOf(typeWith({ type: "object" }, { title: "", description }));
  expect(printed.split("export interface")[0]).toBe(`${comment}\n`);
});

/** A receiver as people write it: it tells events apart by their type, and reads what each has. */
const RECEIVER = `
import { isEventType, type EventPayloads, type EventTypeName, type HookwireEvent, type PaymentReceivedPayload } from "./catalog.ts";

export function amount(event: HookwireEvent): number {
  switch (event.type) {
    case "payment_received":
      return event.data.payment_total_raw;
    case "membership_created":
      return event.data.membership_amount_raw;
    default:
      return 0;
  }
}

export function codes(body: string): readonly string[] {
  const event: unknown = JSON.parse(body);
  if (!isEventType(event, "checkout_failed")) return [];
  const sent: string = event.timestamp;
  const name: "checkout_failed" = event.type;
  return [sent, name, ...event.data.error_codes, event.data.error_messages["a"] ?? ""];
}

export function status(event: HookwireEvent): string {
  if (isEventType(event, "payment_received")) {
    const payment: PaymentReceivedPayload = event.data;
    return payment.payment_status === "refunded" ? "" : payment.payment_status;
  }
  return event.type satisfies Exclude<EventTypeName, "payment_received">;
}

export const handlers: { [Name in EventTypeName]?: (data: EventPayloads[Name], id: string) => void } = {
  domain_created: ({ domain_domain }) => domain_domain.toUpperCase(),
};
`;

const WRONG = `
import { isEventType, type EventTypeName, type HookwireEvent } from "./catalog.ts";

export function wrong(event: HookwireEvent): unknown[] {
  if (event.type !== "payment_received") return [];
  const name: EventTypeName = "no_such_type";
  const total: string = event.data.payment_total_raw;
  return [event.data.nope, event.data.error_codes, isEventType(event, "nope"), name, total];
}
`;

const RANDOM_TYPES = 150;

describe("the project's own compiler", async () => {
  const seed = Date.now();
  const random = fc.sample(randomSchema(), { numRuns: RANDOM_TYPES, seed });
  const types = random.map(({ schema }, at) =>
    typeWith(schema, {
      name: `random_${at}`,
      description: HOSTILE_TEXTS[at % HOSTILE_TEXTS.length]!,
    }),
  );
  const hostile = typeWith({
    type: "object",
    required: [...HOSTILE_KEYS],
    properties: Object.fromEntries(
      HOSTILE_KEYS.map((key, at) => [
        key,
        { const: key, description: HOSTILE_TEXTS[at % HOSTILE_TEXTS.length]! },
      ]),
    ),
  });
  const sources = types.map((type, at) => [
    `random-${at}.ts`,
    `${typescriptOf(type)}\n${assignments(type, fitting(random[at]!))}`,
  ]);
  const errors = await compile({
    "catalog.ts": typescriptCatalog(BUILT_IN),
    "samples.ts": BUILT_IN.map(sampleOf).join("\n"),
    "receiver.ts": RECEIVER,
    "wrong.ts": WRONG,
    "empty.ts": typescriptCatalog([]),
    "hostile.ts":
      typescriptCatalog([hostile]) +
      assignments(hostile, [Object.fromEntries(HOSTILE_KEYS.map((key) => [key, key]))]),
    ...Object.fromEntries(sources),
  });
  const errorsIn = (file: RegExp) => errors.filter((line) => file.test(line));

  test("takes the types of all built-in events, and a receiver of them", () => {
    expect(errorsIn(/^(catalog|samples|receiver|empty)\.ts/)).toEqual([]);
  });

  test("refuses what an event does not have", () => {
    expect(
      errorsIn(/^wrong\.ts/).map((line) => line.replace(/: error (TS\d+): .*/, " $1")),
    ).toEqual([
      "wrong.ts(6,9) TS2322",
      "wrong.ts(7,9) TS2322",
      "wrong.ts(8,22) TS2339",
      "wrong.ts(8,39) TS2339",
      "wrong.ts(8,71) TS2345",
    ]);
  });

  test("takes the types of hostile keys and descriptions", () => {
    expect(errorsIn(/^hostile\.ts/)).toEqual([]);
  });

  test("takes the types of random schemas, and payloads as values of them", () => {
    expect(errorsIn(/^random-/), `seed ${seed}`).toEqual([]);
    const assigned = sources.join("\n").match(/^export const payload/gm) ?? [];
    expect(assigned.length).toBeGreaterThan(RANDOM_TYPES);
  });
});

function sampleOf({ name, samplePayload }: (typeof BUILT_IN)[number]): string {
  const type = payloadTypeName(name);
  return `import type { ${type} } from "./catalog.ts";
export const ${name}: ${type} = ${literal(samplePayload)};`;
}

/** To the compiler every object has these already, from Object: a payload without an optional one is no value of its type. */
const INHERITED = /^ *(constructor|toString)\?:/m;

function assignments(type: TypedEvent, payloads: readonly JsonObject[]): string {
  if (INHERITED.test(typescriptOf(type))) return "";
  const name = payloadTypeName(type.name);
  return payloads
    .map(
      (payload, at) => `export const payload${at}: ${name} = ${literal(payload)};
`,
    )
    .join("");
}

function fitting({ schema, payloads }: RandomSchema): readonly JsonObject[] {
  const known = payloads.filter((payload) => fits(schema, payload));
  return known.map((payload) => declared(payload, shapeOf(schema)));
}

/** Without the keys that the shape does not tell of, which the compiler would take for mistakes. */
function declared<Value extends Json>(value: Value, shape: Shape, pointer = ""): Value {
  if (typeof value !== "object" || value === null) return value;
  const inner = Object.entries<Json>(value).flatMap(([key, each]): [string, Json][] => {
    const place = below(pointer, key);
    return fieldAt(shape, place) ? [[key, declared(each, shape, place)]] : [];
  });
  return (
    Array.isArray(value) ? inner.map(([, each]) => each) : Object.fromEntries(inner)
  ) as Value;
}

/** As an expression: `"__proto__": 1` would set the prototype. */
function literal(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value);
  return `{ ${entries.map(([key, each]) => `[${JSON.stringify(key)}]: ${literal(each)}`).join(", ")} }`;
}
