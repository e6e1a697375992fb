import { expect, test } from "vitest";
import {
  any,
  flag,
  int32,
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
import { BUILT_IN } from "./built-in.ts";
import { dataTypeName } from "./graphql-names.ts";
import { graphqlTypesOf, nameProblems, type DataTypeRef } from "./graphql-types.ts";
import { interfaceName, INTERFACES } from "./interfaces.ts";
import { shapeOf } from "./shape-of.ts";
import type { Shape } from "./shape.ts";

function named(type: DataTypeRef): string {
  if (type.kind === "list") return `[${named(type.of)}]`;
  return type.kind === "scalar" ? type.name : type.typeName;
}

test.each<[Shape, string]>([
  [text, "String"],
  [scalar("string", "on-hold"), "String"],
  [flag, "Boolean"],
  [number, "Float"],
  [whole, "Float"],
  [int32, "Int"],
  [none, "JSON"],
  [any, "JSON"],
  [map(text), "JSON"],
  [union(text, none), "String"],
  [union(text, number), "JSON"],
  [union(text, number, none), "JSON"],
  [list(text), "[String]"],
  [list(union(text, none)), "[String]"],
  [list(union(text, number)), "[JSON]"],
  [union(list(list(int32)), none), "[[Int]]"],
  [object({ b: text }), "XData_It"],
  [union(object({ b: text }), none), "XData_It"],
  [list(list(object({ b: text }))), "[[XData_It]]"],
  [union(object({ "b!": text, c: text }), object({ b: text, "c!": text })), "XData_It"],
  [union(object({ b: text }), object({ c: text })), "JSON"],
  [union(object({ b: text }), map(text)), "JSON"],
])("a field of %j is a %s", (shape, expected) => {
  const [own, ...nested] = graphqlTypesOf("XData", object({ "it!": shape }));
  expect(own?.fields.map(({ name, key }) => [name, key])).toEqual([["it", "it"]]);
  expect(named(own!.fields[0]!.type)).toBe(expected);
  expect(nested.map(({ typeName }) => typeName)).toEqual(
    expected.includes("XData_It") ? ["XData_It"] : [],
  );
});

test("objects follow the one that they are in, and fields keep their order, keys and words", () => {
  const shape = shapeOf({
    type: "object",
    properties: {
      "z-1": { type: "string", description: "Z.", deprecated: true },
      lines: {
        type: "array",
        description: "Lines.",
        items: { type: "object", properties: { unit: { type: "object", properties: { id: {} } } } },
      },
      a: { type: ["object", "null"], properties: { b: {} } },
    },
  });
  const JSON = { kind: "scalar", name: "JSON" };
  expect(graphqlTypesOf("XData", shape, "X.")).toEqual([
    {
      typeName: "XData",
      description: "X.",
      fields: [
        {
          name: "z_1",
          key: "z-1",
          type: { kind: "scalar", name: "String" },
          description: "Z.",
          isDeprecated: true,
        },
        {
          name: "lines",
          key: "lines",
          type: { kind: "list", of: { kind: "object", typeName: "XData_Lines" } },
          description: "Lines.",
          isDeprecated: false,
        },
        {
          name: "a",
          key: "a",
          type: { kind: "object", typeName: "XData_A" },
          description: null,
          isDeprecated: false,
        },
      ],
    },
    {
      typeName: "XData_Lines",
      description: "Lines.",
      fields: [
        {
          name: "unit",
          key: "unit",
          type: { kind: "object", typeName: "XData_Lines_Unit" },
          description: null,
          isDeprecated: false,
        },
      ],
    },
    {
      typeName: "XData_Lines_Unit",
      description: null,
      fields: [{ name: "id", key: "id", type: JSON, description: null, isDeprecated: false }],
    },
    {
      typeName: "XData_A",
      description: null,
      fields: [{ name: "b", key: "b", type: JSON, description: null, isDeprecated: false }],
    },
  ]);
});

test("a payload without declared fields is one field of JSON, which has no key", () => {
  const [own] = graphqlTypesOf("XData", object({}));
  expect(own?.fields).toMatchObject([{ name: "payload", key: null, type: { name: "JSON" } }]);
});

test("what can't have a name of its own is told and left out", () => {
  const shape = object({
    "a-b": text,
    a_b: text,
    aB: object({ it: text }),
    lines: list(list(object({ "": text, "-": text }))),
    own: object({ x_y: object({ it: text }), xY: union(object({ it: text }), none) }),
    ["k".repeat(200)]: text,
    ["k".repeat(201)]: text,
  });
  expect(nameProblems("x", shape)).toEqual([
    { pointer: "/a_b", message: 'would be the field a_b in GraphQL, as is "a-b" beside it' },
    { pointer: "/lines/-/-/-", message: 'would be the field _ in GraphQL, as is "" beside it' },
    { pointer: "/own/xY", message: "would be of the type XData_Own_XY in GraphQL, as is /own/x_y" },
    {
      pointer: `/${"k".repeat(201)}`,
      message: "has a name of more than 200 characters, which is too long for GraphQL",
    },
  ]);
  const [own, ...nested] = graphqlTypesOf("XData", shape);
  expect(own?.fields.map(({ key }) => key)).toEqual(["a-b", "aB", "lines", "own", "k".repeat(200)]);
  expect(nested.map(({ typeName }) => typeName)).toEqual([
    "XData_AB",
    "XData_Lines",
    "XData_Own",
    "XData_Own_XY",
  ]);
  expect(nested[2]?.fields.map(({ type }) => named(type))).toEqual(["XData_Own_XY", "JSON"]);
});

test.each(BUILT_IN)("$name has all fields of its groups' interfaces, with their types", (type) => {
  const [own] = graphqlTypesOf(dataTypeName(type.name), shapeOf(type.schema));
  const has = new Map(own?.fields.map((field) => [field.name, field]));
  for (const group of type.groups) {
    const shared = INTERFACES.find(({ typeName }) => typeName === interfaceName(group));
    expect(shared?.fields.length).toBeGreaterThan(5);
    for (const field of shared!.fields) expect(has.get(field.name)).toEqual(field);
  }
  expect(nameProblems(type.name, shapeOf(type.schema))).toEqual([]);
});

test("each group has an interface, and is had by an event type", () => {
  expect(INTERFACES.map(({ typeName }) => typeName)).toEqual([
    "PaymentFields",
    "MembershipFields",
    "CustomerFields",
    "SiteFields",
    "DomainFields",
    "BillingFields",
  ]);
  const groups = new Set(BUILT_IN.flatMap((type) => type.groups));
  expect(groups.size).toBe(INTERFACES.length);
});
