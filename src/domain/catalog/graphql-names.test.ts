import { readFileSync } from "node:fs";
import fc from "fast-check";
import { buildSchema } from "graphql";
import { expect, test } from "vitest";
import { HOSTILE_KEYS } from "../../../test/hostile-words.ts";
import { BUILT_IN } from "./built-in.ts";
import {
  dataTypeName,
  fieldName,
  nestedTypeName,
  RESERVED_TYPE_NAMES,
  typeNameClashes,
} from "./graphql-names.ts";

test.each([
  ["payment_id", "payment_id"],
  ["camelCase", "camelCase"],
  ["a-b.c d", "a_b_c_d"],
  ["1st", "_1st"],
  ["-1st", "_1st"],
  ["__typename", "_typename"],
  ["____x", "_x"],
  ["_x", "_x"],
  ["--x", "_x"],
  ["x__y", "x__y"],
  ["é", "_u00e9"],
  ["größe", "gr_u00f6_u00dfe"],
  ["имя", "_u0438_u043c_u044f"],
  ["a🎉b", "a_u1f389b"],
  ["🎉🎉", "_u1f389_u1f389"],
  ["", "_"],
  ["type", "type"],
  ["\uD800", "_ud800"],
])("the key %j is the field %s", (key, name) => {
  expect(fieldName(key)).toBe(name);
});

test("whatever the key, its field has a valid name", () => {
  const key = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...HOSTILE_KEYS));
  fc.assert(
    fc.property(key, (it) => {
      expect(fieldName(it)).toMatch(/^(?!__)[_A-Za-z][_0-9A-Za-z]*$/);
      expect(nestedTypeName("XData", it)).toMatch(/^[_A-Za-z][_0-9A-Za-z]*$/);
    }),
  );
});

test.each([
  ["payment_received", "PaymentReceivedData"],
  ["a", "AData"],
  ["a1_2b", "A12bData"],
])("the payload of %s is a %s", (name, typeName) => {
  expect(dataTypeName(name)).toBe(typeName);
});

test.each([
  ["customer", "OrderData_Customer"],
  ["billing_address", "OrderData_BillingAddress"],
  ["billing-address", "OrderData_BillingAddress"],
  ["lineItems", "OrderData_LineItems"],
  ["1st", "OrderData_1st"],
  ["🎉", "OrderData_U1f389"],
  ["", "OrderData__"],
])("an object under %j is an %s", (key, typeName) => {
  expect(nestedTypeName("OrderData", key)).toBe(typeName);
});

test("types of different objects have different names", () => {
  const { length } = new Set([
    nestedTypeName(nestedTypeName("OrderData", "a"), "b"),
    nestedTypeName("OrderData", "a_b"),
    nestedTypeName(nestedTypeName("OrderData", ""), "b"),
    nestedTypeName(nestedTypeName("OrderData", "b"), ""),
  ])
    .values()
    .toArray();
  expect(length).toBe(4);
});

test("event types whose GraphQL types would have one name are told", () => {
  expect(typeNameClashes(BUILT_IN.map(({ name }) => name))).toEqual([]);
  expect(typeNameClashes(["a_1", "b", "a1", "a_1", "event", "custom_event", "a_1_"])).toEqual([
    { name: "a1", typeName: "A1Data", takenBy: "a_1" },
    { name: "event", typeName: "EventData", takenBy: null },
    { name: "custom_event", typeName: "CustomEventData", takenBy: null },
    { name: "a_1_", typeName: "A1Data", takenBy: "a_1" },
  ]);
});

test("no type of the API has a name that an event type's could have, but the reserved ones", () => {
  const sdl = readFileSync(new URL("../../../schema.graphql", import.meta.url), "utf8");
  const names = Object.keys(buildSchema(sdl).getTypeMap()).filter((name) => /Data(_|$)/.test(name));
  const ours = new Set(BUILT_IN.map(({ name }) => dataTypeName(name)));
  expect(names.filter((name) => !RESERVED_TYPE_NAMES.has(name) && !ours.has(name))).toEqual([]);
});
