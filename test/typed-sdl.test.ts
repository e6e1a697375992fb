import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  parse,
  print,
  printType,
  type GraphQLUnionType,
  type IntrospectionQuery,
} from "graphql";
import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { ask, register } from "./typed-steps.ts";

const ORDER = {
  "item-count": { type: "integer", minimum: 0, maximum: 9, description: "How many." },
  customer: {
    type: "object",
    description: "Who ordered.\n\nA person.",
    properties: { name: { type: "string", deprecated: true } },
  },
  extra: { type: "object", additionalProperties: true },
};

test("the sdl of each type says what introspection says on /graphql/typed: fields, words and interfaces", async () => {
  await using app = await startApp();
  await register(app, "order_placed", ORDER);
  await register(app, "bare_signal", {});
  const introspected = await ask(app, getIntrospectionQuery());
  const served = lexicographicSortSchema(
    buildClientSchema(introspected as unknown as IntrospectionQuery),
  );
  const { events } = (await ask(app, "{ events { name sdl } }")) as {
    events: { name: string; sdl: string }[];
  };
  expect(events).toHaveLength(29);
  const told = new Set<string>();
  for (const { name, sdl } of events) {
    const alone = buildSchema(`scalar JSON\ntype Query { it: JSON }\n${sdl}`);
    const types = Object.values(lexicographicSortSchema(alone).getTypeMap()).filter(
      (type) => !/^(JSON|Query|__.*)$/.test(type.name) && !isSpecifiedScalarType(type),
    );
    for (const type of types) {
      told.add(type.name);
      const its = served.getType(type.name);
      // Written out again: introspection has no block strings.
      expect(print(parse(printType(type))), name).toBe(its && print(parse(printType(its))));
    }
  }
  for (const name of ["PaymentFields", "PaymentReceivedData", "OrderPlacedData_Customer"])
    expect(told).toContain(name);
  const members = (served.getType("EventData") as GraphQLUnionType).getTypes();
  for (const { name } of members) if (name !== "CustomEventData") expect(told).toContain(name);
});
