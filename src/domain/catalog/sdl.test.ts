import fc from "fast-check";
import {
  assertValidSchema,
  buildSchema,
  isObjectType,
  printType,
  type GraphQLSchema,
} from "graphql";
import { expect, test } from "vitest";
import { HOSTILE_KEYS, HOSTILE_TEXTS } from "../../../test/hostile-words.ts";
import { randomSchema } from "../../../test/random-schema.ts";
import { BUILT_IN } from "./built-in.ts";
import type { JsonObject } from "./entry.ts";
import { dataTypeName } from "./graphql-names.ts";
import { graphqlTypesOf } from "./graphql-types.ts";
import { interfaceName, INTERFACES } from "./interfaces.ts";
import { sdlOf, sdlOfInterface } from "./sdl.ts";
import { shapeOf } from "./shape-of.ts";

const BESIDE = "scalar JSON\ntype Query { it: JSON }\n";

/** Throws when it is not valid. */
function build(...parts: readonly string[]): GraphQLSchema {
  const schema = buildSchema([BESIDE, ...parts].join("\n"));
  assertValidSchema(schema);
  return schema;
}

function typeWith(schema: JsonObject, description = "") {
  return { name: "order_created", description, schema };
}

test("a payload is a type with its objects after it", () => {
  const schema = {
    type: "object",
    required: ["id"],
    properties: {
      id: { type: "integer", description: "Id of the order." },
      "a-b": { enum: ["x", null], deprecated: true },
      lines: {
        type: "array",
        description: "Two\nlines.",
        items: { type: "object", properties: { sku: { type: "string" } } },
      },
    },
  };
  const sdl = sdlOf(typeWith(schema, "An order."), ["A", "B"]);
  expect(sdl).toBe(`"""An order."""
type OrderCreatedData implements A & B {
  """Id of the order."""
  id: Float

  a_b: String @deprecated

  """
  Two
  lines.
  """
  lines: [OrderCreatedData_Lines]
}

"""
Two
lines.
"""
type OrderCreatedData_Lines {
  sku: String
}
`);
});

test("a payload without declared fields has one", () => {
  const schema = build(sdlOf(typeWith({ type: "object" })));
  expect(printType(schema.getType("OrderCreatedData")!)).toContain("payload: JSON\n");
});

test("the built-in types and their interfaces are a schema", () => {
  const interfaces = INTERFACES.map(sdlOfInterface);
  const types = BUILT_IN.map((type) => sdlOf(type, type.groups.map(interfaceName)));
  const schema = build(...interfaces, ...types);
  for (const { name, description, groups } of BUILT_IN) {
    const type = schema.getType(dataTypeName(name));
    if (!isObjectType(type)) throw new Error(`${name} has no type`);
    expect(type.description).toBe(description);
    expect(type.getInterfaces().map(String)).toEqual(groups.map(interfaceName));
  }
  const received = schema.getType("PaymentReceivedData");
  expect(isObjectType(received) && String(received.getFields()["payment_id"]?.type)).toBe("Float");
  expect(() => build(...interfaces, sdlOf(BUILT_IN[0]!, ["SiteFields"]))).toThrow(/site_id/);
});

test.each(HOSTILE_TEXTS)("the description %j says the same when it is read", (description) => {
  const own = { type: "object", properties: { a: { type: "string", description } } };
  const printed = sdlOf(typeWith(own, description));
  const type = build(printed).getType("OrderCreatedData");
  if (!isObjectType(type)) throw new Error("not built");
  expect(type.description ?? "").toBe(description.toWellFormed());
  expect(printed).not.toMatch(/(?![\t\n])\p{Cc}|[\u202E\u2028]/u);
  const field = type.getFields()["a"]?.description ?? "";
  if (description.trim() === "") expect(field).toBe("");
  else if (description.length <= 1_000) expect(field).toBe(description.toWellFormed());
  else expect(field).toMatch(/^(x+|(🎉)+)…$/u);
});

test("whatever the description, it says the same when it is read", () => {
  const character = fc.constantFrom(...' \t\n\r"\\#`a{é🎉\0\uD800\uFEFF'.split(""), '"""', "\n  ");
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(character, { maxLength: 12 }).map((them) => them.join("")),
  );
  fc.assert(
    fc.property(text, (description) => {
      const type = build(sdlOf(typeWith({ type: "object" }, description))).getType(
        "OrderCreatedData",
      );
      expect(type?.description ?? "").toBe(description.toWellFormed());
    }),
    { numRuns: 1_000 },
  );
});

test("hostile keys are fields, each with the name that the types tell", () => {
  const keys = Object.fromEntries(HOSTILE_KEYS.map((key) => [key, { type: "string" }]));
  check({ type: "object", properties: keys });
});

test("the types of random schemas are valid, and their fields those of the shape", () => {
  fc.assert(
    fc.property(randomSchema(), ({ schema }) => check(schema)),
    { numRuns: 500 },
  );
});

function check(schema: JsonObject): void {
  const built = build(sdlOf(typeWith(schema)));
  for (const { typeName, description, fields } of graphqlTypesOf(
    "OrderCreatedData",
    shapeOf(schema),
  )) {
    const type = built.getType(typeName);
    if (!isObjectType(type)) throw new Error(`${typeName} was not built`);
    expect(type.description ?? null).toBe(description?.toWellFormed() ?? null);
    const found = Object.values(type.getFields());
    expect(found.map(({ name }) => name)).toEqual(fields.map(({ name }) => name));
    expect(found.map((field) => field.deprecationReason !== undefined)).toEqual(
      fields.map(({ isDeprecated }) => isDeprecated),
    );
  }
}
