import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { DeclaredTypes } from "./catalog-documents.ts";
import { ORDER, register, registered } from "./catalog-steps.ts";

test("a declared type says what was declared of it, and is found by its words, category and alias", async () => {
  await using app = await startApp();
  const old = { ...ORDER, name: "order_made", deprecationReason: "Use order_created." };
  await registered(app, [{ ...ORDER, aliases: ["sale"] }, old]);
  const found = async (how: object) => (await app.run(DeclaredTypes, how)).events;
  const order = {
    name: "order_created",
    title: "Order created",
    description: "An order was placed.",
    category: "Shop",
    aliases: [{ name: "sale", note: null }],
    deprecationReason: null,
    builtIn: false,
    schema: ORDER.schema,
    samplePayload: ORDER.samplePayload,
  };
  for (const how of [
    { search: "an order was PLACED" },
    { search: "sale" },
    { categories: ["shop"] },
  ])
    expect(await found(how)).toEqual([order]);
  expect(await found({ categories: ["Shop"], includeDeprecated: true })).toMatchObject([
    order,
    { name: "order_made", deprecationReason: "Use order_created." },
  ]);
});

const nested = (levels: number): object =>
  levels === 0 ? {} : { type: "object", properties: { a: nested(levels - 1) } };
const field = (it: object) => ({ type: "object", properties: { it } });

test.each<[string, object, string, RegExp]>([
  [
    "looks ahead",
    field({ type: "string", pattern: "(?=a)b" }),
    "/properties/it/pattern",
    /looks ahead/,
  ],
  ["refers elsewhere", field({ $ref: "https://example.com/a" }), "/properties/it/$ref", /itself/],
  ["refers to itself", field({ $ref: "#" }), "/properties/it/$ref", /recursive/],
  ["is too deep", nested(16), "/properties/a".repeat(16), /16 levels/],
  ["is too long", { type: "object", description: "x".repeat(65_536) }, "", /64 KiB/],
  ["is no object", { type: "array" }, "/type", /"object"/],
  ["is misspelt", field({ type: "string", maxLenght: 5 }), "/properties/it/maxLenght", /maxLength/],
])(
  "a schema that %s is refused, by its type and place",
  async (_what, schema, pointer, message) => {
    await using app = await startApp();
    const answer = await register(app, [
      ORDER,
      { ...ORDER, name: "other", schema, samplePayload: {} },
    ]);
    expect(answer).toMatchObject({
      __typename: "InvalidInputError",
      issues: [
        {
          path: ["input", "types", "1", "schema"],
          pointer,
          message: expect.stringMatching(message),
        },
      ],
    });
  },
);

test("a pattern that takes exponential time elsewhere is checked at once", async () => {
  await using app = await startApp();
  const schema = field({ type: "string", pattern: "^(a+)+$" });
  const samplePayload = { it: `${"a".repeat(50_000)}b` };
  const answer = await register(app, [{ ...ORDER, schema, samplePayload }]);
  expect(answer).toMatchObject({
    issues: [{ path: ["input", "types", "0", "samplePayload"], pointer: "/it" }],
  });
});

test("one name declared twice in a call is refused as that", async () => {
  await using app = await startApp();
  expect(await register(app, [ORDER, ORDER])).toMatchObject({
    issues: [{ path: ["input", "types", "1", "name"], message: "order_created is declared twice" }],
  });
});

test("a sample of more than 64 KiB is refused", async () => {
  await using app = await startApp();
  const samplePayload = { ...(ORDER.samplePayload as object), note: "x".repeat(65_536) };
  expect(await register(app, [{ ...ORDER, samplePayload }])).toMatchObject({
    issues: [
      { path: ["input", "types", "0", "samplePayload"], message: expect.stringMatching(/64 KiB/) },
    ],
  });
});
