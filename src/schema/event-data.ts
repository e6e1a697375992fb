import { DEFAULT_DEPRECATION_REASON, isObjectType, isUnionType, type GraphQLSchema } from "graphql";
import { BUILT_IN_CATALOG } from "../domain/catalog/catalog.ts";
import type { EventType } from "../domain/catalog/entry.ts";
import { dataTypeName } from "../domain/catalog/graphql-names.ts";
import {
  graphqlTypesOf,
  type DataField,
  type DataType,
  type DataTypeRef,
} from "../domain/catalog/graphql-types.ts";
import { INTERFACES, interfaceName } from "../domain/catalog/interfaces.ts";
import { shapeOf } from "../domain/catalog/shape-of.ts";
import { builder, type Fields, type RefOf, type TypeOf } from "./builder.ts";
import { EventPayload, resolverOf } from "./data-field.ts";

/**
 * `Event.data`: a union of one object type for each built-in event type, made from its schema. They declare no scope of their
 * own: nothing but an Event leads to them, and that needs EVENTS_READ.
 */
const interfaces = new Map(INTERFACES.map((type) => [type.typeName, addInterface(type)]));

const members = BUILT_IN_CATALOG.types.map(addTypesOf);

const CustomEventData = builder.objectRef<EventPayload>("CustomEventData").implement({
  description:
    "What was published with an event type of the tenant's own. On /graphql/typed each of them has an object type.",
  fields: (t) => ({
    typeName: t.exposeString("typeName", { description: "The name of its event type." }),
    payload: t.field({
      type: "JSON",
      description: "The whole payload.",
      resolve: ({ payload }) => payload,
    }),
  }),
});

export const EventData = builder.unionType("EventData", {
  description:
    "What was published, as the object of its event type. Fields are null where the payload has no value of their type.",
  types: [...members, CustomEventData],
  resolveType: ({ typeName }, _context, { schema }) => {
    const name = dataTypeName(typeName);
    return isEventData(schema, name) ? name : "CustomEventData";
  },
});

/** Whether the schema has this type for the payloads of an event type. */
function isEventData(schema: GraphQLSchema, typeName: string): boolean {
  const union = schema.getType("EventData");
  const type = schema.getType(typeName);
  return isUnionType(union) && isObjectType(type) && schema.isSubType(union, type);
}

function addInterface({ typeName, description, fields }: DataType) {
  return builder.interfaceRef<unknown>(typeName).implement({
    description: description ?? typeName,
    fields: (t) => addFields(t, fields, new Map()),
  });
}

/** The type of a payload; those of the objects within it are added too. */
function addTypesOf({ name, title, description, schema, groups }: EventType): RefOf<EventPayload> {
  const types = graphqlTypesOf(dataTypeName(name), shapeOf(schema), description || title);
  const refs = new Map(types.map((type) => [type.typeName, builder.objectRef(type.typeName)]));
  for (const [index, type] of types.entries())
    refs.get(type.typeName)?.implement({
      description: type.description ?? `A part of ${dataTypeName(name)}.`,
      interfaces: index === 0 ? groups.map((group) => interfaces.get(interfaceName(group))!) : [],
      fields: (t) => addFields(t, type.fields, refs),
    });
  return refs.get(dataTypeName(name)) as RefOf<EventPayload>;
}

type Refs = ReadonlyMap<string, RefOf<unknown>>;

function addFields(t: Fields<unknown>, fields: readonly DataField[], refs: Refs) {
  const added = fields.map((field) => {
    const { name, type, description, isDeprecated } = field;
    const ref = t.field({
      type: typeOf(t, type, refs),
      nullable: true,
      description: description ?? `The payload's ${name}.`,
      ...(isDeprecated && { deprecationReason: DEFAULT_DEPRECATION_REASON }),
      resolve: resolverOf(field) as (source: unknown) => never,
    });
    return [name, ref] as const;
  });
  return Object.fromEntries(added);
}

function typeOf(t: Fields<unknown>, type: DataTypeRef, refs: Refs): TypeOf {
  switch (type.kind) {
    case "scalar":
      return type.name;
    case "object":
      return refs.get(type.typeName)!;
    case "list":
      return t.listRef(typeOf(t, type.of, refs), { nullable: true });
  }
}
