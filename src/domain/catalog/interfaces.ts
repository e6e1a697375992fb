import { groupSchema } from "./define.ts";
import { graphqlTypesOf, type DataType } from "./graphql-types.ts";
import { GROUP_NAMES, type GroupName } from "./groups.ts";
import { shapeOf } from "./shape-of.ts";

/** The GraphQL interface of a group. */
export function interfaceName(group: GroupName): string {
  return `${group}Fields`;
}

/** The interface of each group: the types of all event types with this group have its fields, with the same types. */
export const INTERFACES: readonly DataType[] = GROUP_NAMES.flatMap((group) =>
  graphqlTypesOf(
    interfaceName(group),
    shapeOf(groupSchema(group)),
    `The ${group.toLowerCase()} fields that event types share.`,
  ),
);
