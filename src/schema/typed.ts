import { extendSchema, isObjectType, parse, type GraphQLSchema } from "graphql";
import type { Catalog } from "../domain/catalog/catalog.ts";
import type { EventType } from "../domain/catalog/entry.ts";
import { dataTypeName } from "../domain/catalog/graphql-names.ts";
import { graphqlTypesOf, type DataType } from "../domain/catalog/graphql-types.ts";
import { sdlOf } from "../domain/catalog/sdl.ts";
import { shapeOf } from "../domain/catalog/shape-of.ts";
import { Lru } from "../domain/lru.ts";
import { resolverOf } from "./data-field.ts";

/**
 * Bytes of all the schemas that are kept. Measured on Node.js 26, beside a main schema of 1,377 fields: one own type of 5
 * fields takes 380 KB and 12 ms to make; 20 of 33 fields 890 KB and 25 ms; 200 of 53 fields 8.7 MB and 160 ms. The first
 * operation takes 3 to 12 ms more. A stream holds the schema that it began with for as long as it lasts.
 */
const KEPT = 64 * 1024 * 1024;
/** Of the copy of the main schema's types, and of each field, without the descriptions. */
const MAIN_BYTES = 375_000;
const FIELD_BYTES = 800;

/** The schema of each tenant: the main one, with the types of its own event types. Made when it is first asked for. */
export class TypedSchemas {
  readonly #main: GraphQLSchema;
  /** With the catalog that it was made from: a change makes another one. */
  readonly #tenants = new Lru<
    string,
    { readonly catalog: Catalog; readonly schema: GraphQLSchema }
  >(KEPT);

  constructor(main: GraphQLSchema) {
    this.#main = main;
  }

  of(tenantId: string, catalog: Catalog): GraphQLSchema {
    const known = this.#tenants.get(tenantId);
    if (known?.catalog === catalog) return known.schema;
    // Names are refused when they are taken; one that is all the same must not stop the endpoint.
    const byName = new Map(catalog.own.map((type) => [dataTypeName(type.name), type]));
    const added = [...byName].flatMap(([name, type]) => (this.#main.getType(name) ? [] : type));
    if (added.length === 0) return this.#main;
    const source = sourceOf(added);
    const types = added.flatMap(dataTypesOf);
    const schema = extended(this.#main, source, types);
    const fields = types.reduce((sum, type) => sum + type.fields.length, 0);
    const weight = MAIN_BYTES + fields * FIELD_BYTES + source.length;
    this.#tenants.set(tenantId, { catalog, schema }, weight);
    return schema;
  }
}

/** Retired types too: they explain past events. */
function sourceOf(types: readonly EventType[]): string {
  const members = types.map(({ name }) => dataTypeName(name));
  const extension = `extend union EventData = ${members.join(" | ")}`;
  return [...types.map((type) => sdlOf(type)), extension].join("\n");
}

function extended(main: GraphQLSchema, source: string, types: readonly DataType[]): GraphQLSchema {
  // Nobody is shown where in this text something stands, and it would stay in memory.
  const document = parse(source, { noLocation: true });
  const schema = extendSchema(main, document, { assumeValidSDL: true });
  for (const type of types) addResolvers(schema, type);
  return schema;
}

function dataTypesOf({ name, schema }: EventType): readonly DataType[] {
  return graphqlTypesOf(dataTypeName(name), shapeOf(schema));
}

function addResolvers(schema: GraphQLSchema, { typeName, fields }: DataType): void {
  const type = schema.getType(typeName);
  if (!isObjectType(type)) return;
  type.astNode = undefined;
  const built = type.getFields();
  for (const field of fields)
    Object.assign(built[field.name]!, { resolve: resolverOf(field), astNode: undefined });
}
