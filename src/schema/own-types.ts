import {
  DEFAULT_DEPRECATION_REASON,
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type GraphQLFieldConfig,
  type GraphQLNamedType,
  type GraphQLOutputType,
} from "graphql";
import type { EventType } from "../domain/catalog/entry.ts";
import { dataTypeName } from "../domain/catalog/graphql-names.ts";
import {
  graphqlTypesOf,
  type DataField,
  type DataTypeRef,
} from "../domain/catalog/graphql-types.ts";
import { shapeOf } from "../domain/catalog/shape-of.ts";
import { resolverOf } from "./data-field.ts";

/** The payload of an event type as it is in a schema: its own type first, then those of the objects within it. */
export interface OwnTypes {
  readonly types: readonly GraphQLObjectType[];
  readonly fields: number;
}

/** As the type's SDL says. They belong to no schema yet, and may be in many. */
export function ownTypesOf(
  main: GraphQLSchema,
  { name, description, schema }: EventType,
): OwnTypes {
  const data = graphqlTypesOf(dataTypeName(name), shapeOf(schema), description);
  const byName = new Map<string, GraphQLObjectType>();
  const typeOf = (ref: DataTypeRef): GraphQLOutputType => {
    switch (ref.kind) {
      case "scalar":
        return SCALARS.get(ref.name) ?? (main.getType(ref.name) as GraphQLOutputType);
      case "object":
        return byName.get(ref.typeName)!;
      case "list":
        return new GraphQLList(typeOf(ref.of));
    }
  };
  const configOf = (field: DataField): GraphQLFieldConfig<unknown, unknown> => ({
    type: typeOf(field.type),
    description: words(field.description),
    resolve: resolverOf(field),
    ...(field.isDeprecated && { deprecationReason: DEFAULT_DEPRECATION_REASON }),
  });
  for (const { typeName, description: about, fields } of data) {
    const entries = () => fields.map((field) => [field.name, configOf(field)] as const);
    const type = new GraphQLObjectType({
      name: typeName,
      description: words(about),
      fields: () => Object.fromEntries(entries()),
    });
    byName.set(typeName, type);
  }
  const types = [...byName.values()];
  // Now, and not all at once with those of the other types.
  for (const type of types) type.getFields();
  return { types, fields: data.reduce((sum, { fields }) => sum + fields.length, 0) };
}

const SCALARS: ReadonlyMap<string, GraphQLOutputType> = new Map(
  [GraphQLString, GraphQLInt, GraphQLFloat, GraphQLBoolean].map((type) => [type.name, type]),
);

/** What the SDL says too: no empty text, and no half of a surrogate pair. */
function words(text: string | null): string | undefined {
  return text ? text.toWellFormed() : undefined;
}

/** The main schema with more members of EventData. What can't lead to it, such as inputs and scalars, is not copied. */
export function withMembers(main: GraphQLSchema, own: readonly OwnTypes[]): GraphQLSchema {
  const config = main.toConfig();
  const members = own.flatMap(({ types }) => types[0]!);
  const copies = new Map<string, GraphQLNamedType>();
  const copyOf = <T extends GraphQLNamedType>(type: T): T =>
    (copies.get(type.name) as T | undefined) ?? type;
  for (const type of config.types) copies.set(type.name, copied(type, members, copyOf));
  const { query, mutation, subscription } = config;
  return new GraphQLSchema({
    ...config,
    query: query && copyOf(query),
    mutation: mutation && copyOf(mutation),
    subscription: subscription && copyOf(subscription),
    types: [...copies.values(), ...own.flatMap(({ types }) => types)],
  });
}

type CopyOf = <T extends GraphQLNamedType>(type: T) => T;

function copied(
  type: GraphQLNamedType,
  members: readonly GraphQLObjectType[],
  copyOf: CopyOf,
): GraphQLNamedType {
  if (isUnionType(type)) {
    const config = type.toConfig();
    const added = type.name === "EventData" ? members : [];
    return new GraphQLUnionType({
      ...config,
      types: () => [...config.types.map(copyOf), ...added],
    });
  }
  if (isIntrospectionType(type) || !(isObjectType(type) || isInterfaceType(type))) return type;
  const { fields, interfaces, ...config } = type.toConfig();
  const again = {
    interfaces: () => interfaces.map(copyOf),
    fields: () =>
      Object.fromEntries(
        Object.entries(fields).map(([name, field]) => [
          name,
          { ...field, type: outputOf(field.type, copyOf) },
        ]),
      ),
  };
  return isObjectType(type)
    ? new GraphQLObjectType({ ...(config as ReturnType<typeof type.toConfig>), ...again })
    : new GraphQLInterfaceType({ ...(config as ReturnType<typeof type.toConfig>), ...again });
}

function outputOf(type: GraphQLOutputType, copyOf: CopyOf): GraphQLOutputType {
  if (isListType(type)) return new GraphQLList(outputOf(type.ofType, copyOf));
  if (isNonNullType(type)) return new GraphQLNonNull(outputOf(type.ofType, copyOf) as never);
  return copyOf(type);
}
