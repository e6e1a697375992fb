import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from "graphql";
import { ID_PREFIXES } from "../src/domain/id.ts";

/** What kind of value a place takes. */
export type Kind = "ID" | "KEY" | "LIST_CURSOR" | "STREAM_CURSOR";

/** An argument, or a field inside one, that takes what names somebody's thing. */
export interface Place {
  /** A schema coordinate with the way inside the argument, and the order of a list: Query.webhook(by:).id */
  readonly name: string;
  readonly operation: "query" | "mutation" | "subscription";
  readonly owner: GraphQLObjectType;
  readonly field: GraphQLField<unknown, unknown>;
  /** From the argument inwards. */
  readonly path: readonly string[];
  readonly kind: Kind;
  /** Arguments that go with it: each order of a list has cursors of its own. */
  readonly beside: Readonly<Record<string, unknown>>;
}

export interface Call {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** What a call needs besides the value that it is about. */
export interface Needs {
  /** By schema coordinate: Query.deliveries(first:) or CreateWebhookInput.name; undefined: leave it out. */
  readonly valueOf: (coordinate: string) => unknown;
  /** The id of an object of the caller's own. */
  readonly idOf: (typeName: string) => string;
}

const CURSOR = /^(after|before)$|cursor$/i;
const KEY = /^(id|key)s?$|(Id|Key)s?$/;
/** Differs from call to call, or is long and the same for everybody. */
const SKIPPED_TYPES = new Set(["DateTime", "EventData", "Float", "JSON", "StreamCursor"]);
const SKIPPED_FIELDS = new Set(["base64", "edges", "hint", "secret", "token"]);
/** Objects inside each other in a reply: deep enough to see whose the neighbours are. */
const DEPTH = 3;

/** Every place of the schema, of the fields of every type. */
export function placesOf(schema: GraphQLSchema): Place[] {
  const operations = new Map([
    [schema.getMutationType(), "mutation" as const],
    [schema.getSubscriptionType(), "subscription" as const],
  ]);
  return Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter(({ name }) => !name.startsWith("__"))
    .flatMap((owner) =>
      Object.values(owner.getFields()).flatMap((field) =>
        field.args.flatMap((arg) =>
          leavesOf(arg, []).flatMap(({ path, kind }) =>
            (kind === "LIST_CURSOR" ? ordersOf(field) : [{}]).map((beside) => ({
              name: [
                [`${owner.name}.${field.name}(${arg.name}:)`, ...path.slice(1)].join("."),
                ...Object.values(beside),
              ].join(" by "),
              operation: operations.get(owner) ?? "query",
              owner,
              field,
              path,
              kind,
              beside,
            })),
          ),
        ),
      ),
    );
}

/** What a list can be ordered by; one that can't has one order. */
function ordersOf({ args }: GraphQLField<unknown, unknown>): Record<string, string>[] {
  const order = args.find(({ name }) => name === "orderBy");
  const type = order && getNamedType(order.type);
  return isEnumType(type) ? type.getValues().map(({ name }) => ({ orderBy: name })) : [{}];
}

function leavesOf(
  { name, type }: GraphQLArgument | GraphQLInputField,
  outer: readonly string[],
): Pick<Place, "path" | "kind">[] {
  const path = [...outer, name];
  const named = getNamedType(type);
  if (isInputObjectType(named))
    // An input inside itself would bring the same places again.
    return outer.includes(name)
      ? []
      : Object.values(named.getFields()).flatMap((field) => leavesOf(field, path));
  const kind = kindOf(name, named.name);
  return kind ? [{ path, kind }] : [];
}

function kindOf(name: string, typeName: string): Kind | undefined {
  if (typeName === "ID") return "ID";
  if (typeName === "StreamCursor") return "STREAM_CURSOR";
  if (typeName !== "String") return undefined;
  return CURSOR.test(name) ? "LIST_CURSOR" : KEY.test(name) ? "KEY" : undefined;
}

/** The call that has `value` in its place and asks for as much as can be compared. */
export function callWith(schema: GraphQLSchema, place: Place, value: unknown, needs: Needs): Call {
  // A list of changes is before it, which counts for the cost.
  const depth = place.owner.name === "EventTypeChange" ? DEPTH - 2 : DEPTH;
  const selection = selectionOf(schema, place.field.type, depth);
  return callOf(place, selection, needs, { path: place.path, value });
}

/** The call without a value there that answers with a cursor of what the place continues. */
export function callForCursor(place: Place, needs: Needs): Call {
  if (place.kind === "LIST_CURSOR") return callOf(place, "{ pageInfo { endCursor } }", needs);
  if (place.operation === "subscription")
    return callOf(place, "{ __typename ... on StreamMessage { cursor } }", needs);
  throw new Error(`${place.name}: nothing says where such a cursor comes from`);
}

interface Placed {
  readonly path: readonly string[];
  readonly value: unknown;
}

function callOf(
  { name, operation, owner, field, beside }: Place,
  selection: string,
  needs: Needs,
  placed?: Placed,
): Call {
  const args = field.args.flatMap((arg) => {
    const coordinate = `${owner.name}.${field.name}(${arg.name}:)`;
    const value =
      beside[arg.name] ?? inputOf(arg, coordinate, isRequiredArgument(arg), placed, needs, name);
    return value === undefined ? [] : [{ arg, value }];
  });
  const declared = args.map(({ arg }) => `$${arg.name}: ${String(arg.type)}`);
  const passed = args.map(({ arg }) => `${arg.name}: $${arg.name}`);
  const call = `${field.name}(${passed.join(", ")}) ${selection}`;
  const variables = Object.fromEntries(args.map(({ arg, value }) => [arg.name, value]));
  if (/^(Query|Mutation|Subscription)$/.test(owner.name))
    return { query: `${operation} (${declared.join(", ")}) { ${call} }`, variables };
  if (owner.name === "EventTypeChange") {
    const change = `registerEventTypes(input: $owner) { ... on RegisterEventTypesPayload { changes { ${call} } } }`;
    return {
      query: `mutation ($owner: RegisterEventTypesInput!, ${declared.join(", ")}) { ${change} }`,
      variables: { ...variables, owner: needs.valueOf("Mutation.registerEventTypes(input:)") },
    };
  }
  if (!Object.values<string>(ID_PREFIXES).includes(owner.name))
    throw new Error(`${name}: no way leads to a ${owner.name}; teach isolation-calls.ts one`);
  return {
    query: `query ($owner: ID!, ${declared.join(", ")}) { node(id: $owner) { ... on ${owner.name} { ${call} } } }`,
    variables: { ...variables, owner: needs.idOf(owner.name) },
  };
}

/** The value of an argument or an input's field: the placed one on its path, the table's elsewhere. */
function inputOf(
  { name, type }: GraphQLArgument | GraphQLInputField,
  coordinate: string,
  isRequired: boolean,
  placed: Placed | undefined,
  needs: Needs,
  placeName: string,
): unknown {
  if (placed?.path[0] === name)
    return nested(type, { ...placed, path: placed.path.slice(1) }, needs, placeName);
  const value = needs.valueOf(coordinate);
  if (value === undefined && isRequired)
    throw new Error(`${placeName}: the table has no value for ${coordinate}`);
  return value;
}

function nested(type: GraphQLInputType, placed: Placed, needs: Needs, placeName: string): unknown {
  const itself = getNullableType(type);
  if (isListType(itself)) return [nested(itself.ofType, placed, needs, placeName)];
  if (!isInputObjectType(itself)) return placed.value;
  const fields = Object.values(itself.getFields()).filter(
    ({ name }) => !itself.isOneOf || name === placed.path[0],
  );
  const values = fields.map((field) => {
    const coordinate = `${itself.name}.${field.name}`;
    const isRequired = isRequiredInputField(field);
    return [field.name, inputOf(field, coordinate, isRequired, placed, needs, placeName)];
  });
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** All of a type that is the same whenever it is asked for, without the lists that need arguments. */
function selectionOf(schema: GraphQLSchema, type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type);
  if (isAbstractType(named)) {
    // GraphQL refuses two types under one name: the first type that has it is asked for it.
    const types = new Map<string, string>();
    const parts = schema
      .getPossibleTypes(named)
      .map((one) => `... on ${one.name} { __typename ${fieldsOf(schema, one, depth, types)} }`);
    return `{ __typename ${parts.join(" ")} }`;
  }
  return isObjectType(named) ? `{ __typename ${fieldsOf(schema, named, depth)} }` : "";
}

function fieldsOf(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  depth: number,
  types = new Map<string, string>(),
): string {
  const fields = Object.values(type.getFields()).filter((field) => {
    const named = getNamedType(field.type);
    if (field.args.length > 0 || SKIPPED_FIELDS.has(field.name) || SKIPPED_TYPES.has(named.name))
      return false;
    if (isCompositeType(named) && depth === 0) return false;
    if (!types.has(field.name)) types.set(field.name, String(field.type));
    return types.get(field.name) === String(field.type);
  });
  return fields
    .map((field) => `${field.name} ${selectionOf(schema, field.type, depth - 1)}`)
    .join(" ");
}
