import fc from "fast-check";
import {
  buildClientSchema,
  getIntrospectionQuery,
  getNamedType,
  isListType,
  isObjectType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type IntrospectionQuery,
} from "graphql";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../src/domain/catalog/entry.ts";
import { dataTypeName, fieldName } from "../src/domain/catalog/graphql-names.ts";
import { nameProblems } from "../src/domain/catalog/graphql-types.ts";
import { schemaProblems } from "../src/domain/catalog/schema-rules.ts";
import { shapeOf } from "../src/domain/catalog/shape-of.ts";
import { ADMIN_KEY, startApp, type App } from "./app.ts";
import { Preview } from "./catalog-documents.ts";
import { registered } from "./catalog-steps.ts";
import { hookwire } from "./cli.ts";
import { nodesOf, randomSelection, type Draw, type Picked } from "./payload-shapes.ts";
import { makeFolder } from "./process.ts";
import { fits, randomSchema } from "./random-schema.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { compile } from "./tsc.ts";
import { ask, dataOf } from "./typed-steps.ts";

const COUNT = 60;

interface RandomType {
  readonly name: string;
  readonly schema: JsonObject;
  readonly sample: JsonObject;
  readonly picked: Picked | null;
}

/** Types that keep all the rules, each with a sample and a selection of it. */
function randomTypes(seed: number): readonly RandomType[] {
  let drawn = seed;
  const draw: Draw = (from) => fc.sample(from, { numRuns: 1, seed: drawn++ })[0]!;
  return fc
    .sample(randomSchema(2), { numRuns: 4 * COUNT, seed })
    .flatMap(({ schema, payloads }) => {
      if (schemaProblems(schema).length > 0) return [];
      const shape = shapeOf(schema);
      const sample = payloads.find((payload) => fits(schema, payload));
      if (!sample || nameProblems("random", shape).length > 0) return [];
      return [{ schema, sample, picked: randomSelection(draw, shape) }];
    })
    .slice(0, COUNT)
    .map((type, at) => ({ name: `random_${at}`, ...type }));
}

test("of random types all that follows from the schema holds: sample, GraphQL, TypeScript and selection", async () => {
  const seed = Date.now();
  const types = randomTypes(seed);
  expect(types).toHaveLength(COUNT);
  await using app = await startApp();
  const words = { title: "Random", description: "Any.", category: "Random" };
  const { changes } = await registered(
    app,
    types.map(({ name, schema, sample }) => ({ name, ...words, schema, samplePayload: sample })),
  );
  expect(changes.every(({ action }) => action === "ADDED")).toBe(true);
  try {
    await checkData(app, types);
    await checkSelections(app, types);
    await checkTypes(app);
  } catch (error) {
    throw new Error(`with the seed ${seed}`, { cause: error });
  }
});

/** Each field of `Event.data` is that of the payload. */
async function checkData(app: App, types: readonly RandomType[]): Promise<void> {
  const introspected = await ask(app, getIntrospectionQuery());
  const schema = buildClientSchema(introspected as unknown as IntrospectionQuery);
  for (const { name, sample } of types) {
    const type = schema.getType(dataTypeName(name)) as GraphQLObjectType;
    const { eventId } = await publishSample(app, { type: name });
    const found = await dataOf(app, eventId, `... on ${type.name} ${fieldsOf(type)}`);
    expect(found, name).toEqual(expectedOf(type, sample));
  }
}

function fieldsOf(type: GraphQLObjectType): string {
  const fields = Object.values(type.getFields()).map((field) => {
    const inner = getNamedType(field.type);
    return isObjectType(inner) ? `${field.name} ${fieldsOf(inner)}` : field.name;
  });
  return `{ ${fields.join(" ")} }`;
}

function expectedOf(type: GraphQLObjectType, value: JsonObject): unknown {
  const keys = new Map(Object.keys(value).map((key) => [fieldName(key), key]));
  const fields = Object.values(type.getFields()).map((field) => {
    const key = keys.get(field.name);
    // A payload without declared fields is there as a whole.
    const isWhole = field.description?.startsWith("The whole payload");
    const its = isWhole ? value : key === undefined ? undefined : value[key];
    return [field.name, its === undefined ? null : expectedIn(field.type, its)];
  });
  return Object.fromEntries(fields) as unknown;
}

function expectedIn(type: GraphQLOutputType, value: Json): unknown {
  if (value === null) return null;
  if (isListType(type))
    return (value as Json[]).map((entry) => expectedIn(type.ofType as GraphQLOutputType, entry));
  return isObjectType(type) ? expectedOf(type, value as JsonObject) : value;
}

/** What would be sent has exactly what the selection names. */
async function checkSelections(app: App, types: readonly RandomType[]): Promise<void> {
  const selecting = types.filter(({ picked }) => picked !== null);
  expect(selecting.length).toBeGreaterThan(COUNT / 3);
  const { id } = await makeWebhook(app, {
    url: "https://example.com/",
    eventTypes: ["random_*"],
    format: "FLAT",
    select: selecting.map(({ name, picked }) => ({ eventType: name, fields: picked!.text })),
  });
  for (const { name, sample, picked } of selecting) {
    const event = { sample: { type: name } };
    const { webhookPreview } = await app.run(Preview, { input: { webhook: { id }, event } });
    const request = (webhookPreview as { request: { body: { json: Json } } }).request;
    expect(sorted(request.body.json), name).toEqual(sorted(sample, picked!));
  }
}

/** Every place of the value that the selection names, or leads through. */
function sorted(value: Json, picked?: Picked): readonly string[] {
  const begins = (path: readonly unknown[], start: readonly string[]) =>
    start.every((key, at) => path[at] === key);
  return nodesOf(value)
    .filter(({ path }) => {
      const keys = path.filter((step) => typeof step === "string");
      return picked?.leaves.some((leaf) => begins(keys, leaf) || begins(leaf, keys)) ?? true;
    })
    .map((node) => JSON.stringify([node.path, node.value]))
    .toSorted();
}

async function checkTypes(app: App): Promise<void> {
  using folder = makeFolder();
  const env = { HOOKWIRE_API_KEY: ADMIN_KEY, HOOKWIRE_URL: app.url };
  const { stdout } = await hookwire(folder.path, "types", env).ended;
  expect(stdout).toContain(`Random${COUNT - 1}Payload`);
  expect(await compile({ "events.ts": stdout })).toEqual([]);
}
