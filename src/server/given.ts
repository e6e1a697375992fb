import {
  isInputObjectType,
  isListType,
  isNonNullType,
  typeFromAST,
  type GraphQLInputType,
} from "graphql";
import type { Asked } from "./cost.ts";

/** What the variables of an operation are. What is in a JSON value is the caller's own and not looked at. */
export interface Given {
  /** Entries of the longest list. */
  longest: number;
  /** A field that its type does not have. */
  unknown?: { readonly variable: string; readonly type: string; readonly field: string };
}

export function judgeGiven({ schema, operation, variables }: Omit<Asked, "document">): Given {
  const found: Given = { longest: 0 };
  for (const { type, variable } of operation.variableDefinitions ?? []) {
    const { value: name } = variable.name;
    const given = typeFromAST(schema, type) as GraphQLInputType | undefined;
    if (given) look(given, variables[name], name, found);
  }
  return found;
}

function look(type: GraphQLInputType, value: unknown, variable: string, found: Given): void {
  if (isNonNullType(type)) return look(type.ofType, value, variable, found);
  if (typeof value !== "object" || value === null) return;
  if (isListType(type)) {
    if (!Array.isArray(value)) return look(type.ofType, value, variable, found);
    found.longest = Math.max(found.longest, value.length);
    for (const one of value) look(type.ofType, one, variable, found);
    return;
  }
  if (!isInputObjectType(type) || Array.isArray(value)) return;
  const fields = type.getFields();
  for (const [field, one] of Object.entries(value)) {
    if (Object.hasOwn(fields, field)) look(fields[field]!.type, one, variable, found);
    else found.unknown ??= { variable, type: type.name, field };
  }
}
