import {
  isInputObjectType,
  isListType,
  isNonNullType,
  typeFromAST,
  type GraphQLInputType,
} from "graphql";
import type { Asked } from "./cost.ts";

/** Entries of the longest list among the variables. What is in a JSON value is the caller's own and not looked at. */
export function longestGiven({ schema, operation, variables }: Omit<Asked, "document">): number {
  return (operation.variableDefinitions ?? []).reduce((most, { type, variable }) => {
    const given = typeFromAST(schema, type) as GraphQLInputType | undefined;
    return given ? Math.max(most, longest(given, variables[variable.name.value])) : most;
  }, 0);
}

function longest(type: GraphQLInputType, value: unknown): number {
  if (isNonNullType(type)) return longest(type.ofType, value);
  if (typeof value !== "object" || value === null) return 0;
  if (isListType(type)) {
    if (!Array.isArray(value)) return longest(type.ofType, value);
    return value.reduce<number>(
      (most, one) => Math.max(most, longest(type.ofType, one)),
      value.length,
    );
  }
  if (!isInputObjectType(type)) return 0;
  return Object.values(type.getFields()).reduce(
    (most, field) =>
      Math.max(most, longest(field.type, (value as Record<string, unknown>)[field.name])),
    0,
  );
}
