import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { z } from "zod";
import fixture from "../../../test/fixtures/catalog.json" with { type: "json" };
import { payloadProblems } from "../payload.ts";
import { BUILT_IN } from "./built-in.ts";
import type { EventType } from "./entry.ts";
import type { Fields } from "./fields.ts";
import * as groups from "./groups.ts";

/** Strict, so that a fact of a new kind can't go by unread. */
const fact = z.strictObject({
  name: z.string(),
  type: z.enum(["string", "integer", "number", "boolean", "array", "object"]),
  example: z.json(),
  description: z.string(),
  examples: z.array(z.json()).optional(),
  enum: z.array(z.string()).optional(),
  format: z.string().optional(),
  items: z.literal("string").optional(),
  values: z.literal("string").optional(),
});
const facts = z
  .strictObject({
    about: z.string(),
    always: z.array(fact),
    groups: z.record(z.string(), z.strictObject({ title: z.string(), fields: z.array(fact) })),
    events: z.array(
      z.strictObject({
        name: z.string(),
        title: z.string(),
        category: z.string(),
        description: z.string(),
        groups: z.array(z.string()),
        fields: z.array(fact),
        aliases: z.array(z.string()).default([]),
        renamed_fields: z.record(z.string(), z.string()).default({}),
        origin: z.string().optional(),
      }),
    ),
  })
  .parse(fixture);
type Fact = z.infer<typeof fact>;

function fieldsOf(event: (typeof facts.events)[number]): readonly Fact[] {
  return [
    ...event.fields,
    ...event.groups.flatMap((group) => facts.groups[group]?.fields ?? []),
    ...facts.always,
  ];
}

function rule(field: Fact): Record<string, unknown> {
  return {
    type: field.type,
    description: field.description,
    examples: field.examples ?? [field.example],
    ...(field.enum && { enum: field.enum }),
    ...(field.format && { format: field.format }),
    ...(field.items && { items: { type: field.items } }),
    ...(field.values && { additionalProperties: { type: field.values } }),
  };
}

function built(name: string): EventType {
  const type = BUILT_IN.find((each) => each.name === name);
  if (!type) throw new Error(`${name} is not built in`);
  return type;
}

test("the built-in event types are the 27 of the source, in its order", () => {
  expect(facts.events).toHaveLength(27);
  expect(BUILT_IN.map((type) => type.name)).toEqual(facts.events.map((event) => event.name));
});

test.each(facts.events)("$name says what the source says", (event) => {
  const type = built(event.name);
  expect(type).toMatchObject({
    id: `typ_${event.name}`,
    title: event.title,
    category: event.category,
    description: event.description,
    deprecationReason: null,
    retiredAt: null,
    builtIn: true,
    version: 1,
  });
  expect(type.groups.map((group) => group.toLowerCase()).toSorted()).toEqual(
    event.groups.toSorted(),
  );
  expect(type.aliases.map((alias) => alias.name)).toEqual(event.aliases);
  expect(type.renamedFields).toEqual(
    Object.entries(event.renamed_fields).map(([from, to]) => ({ from, to })),
  );
});

test.each(facts.events)("the schema of $name has the fields of the source and no more", (event) => {
  const fields = fieldsOf(event);
  const { schema } = built(event.name);
  expect(schema).toStrictEqual({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: event.title,
    description: event.description,
    type: "object",
    properties: Object.fromEntries(fields.map((field) => [field.name, rule(field)])),
    required: fields.map((field) => field.name),
    additionalProperties: true,
  });
  expect(Object.keys(schema["properties"] ?? {})).toEqual(fields.map((field) => field.name));
});

test.each(facts.events)("the sample of $name has every field in order and fits", (event) => {
  const type = built(event.name);
  expect(Object.entries(type.samplePayload)).toStrictEqual(
    fieldsOf(event).map((field) => [field.name, field.example]),
  );
  expect(payloadProblems(type, type.samplePayload)).toEqual([]);
});

test.each(BUILT_IN)("the schema of $name compiles in Ajv's strictest mode", ({ schema }) => {
  const ajv = new Ajv2020({ strict: true, validateFormats: false });
  expect(ajv.validateSchema(schema)).toBe(true);
  expect(() => ajv.compile(schema)).not.toThrow();
});

test("an alias that is wider than it was has a note, and a plain rename has none", () => {
  const noted = BUILT_IN.flatMap((type) => type.aliases).filter((alias) => alias.note !== null);
  expect(noted.map((alias) => alias.name)).toEqual([
    "payment_successful",
    "refund_issued",
    "account_created",
    "plan_change",
  ]);
});

test("no name or alias stands for two types", () => {
  const names = BUILT_IN.flatMap(({ name, aliases }) => [name, ...aliases.map((a) => a.name)]);
  expect(names).toHaveLength(27 + 9);
  expect(new Set(names).size).toBe(names.length);
});

test("the groups, also those that no event uses, have the fields of the source", () => {
  const { GROUPS: _, GROUP_NAMES: __, ...all } = groups;
  const shapes: Readonly<Record<string, Fields>> = all;
  const expected = { ...facts.groups, always: { fields: facts.always } };
  expect(Object.keys(shapes).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [name, { fields }] of Object.entries(expected)) {
    const { properties = {} } = z.toJSONSchema(z.looseObject(shapes[name] ?? {}));
    expect(Object.keys(properties)).toEqual(fields.map((field) => field.name));
    for (const field of fields) expect(properties[field.name]).toMatchObject(rule(field));
  }
});
