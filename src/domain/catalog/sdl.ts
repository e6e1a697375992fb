import type { EventType } from "./entry.ts";
import { escapeUnseen, hasUnseen } from "./escape.ts";
import { dataTypeName } from "./graphql-names.ts";
import {
  graphqlTypesOf,
  type DataField,
  type DataType,
  type DataTypeRef,
} from "./graphql-types.ts";
import { INTERFACES, interfaceName } from "./interfaces.ts";
import { shapeOf } from "./shape-of.ts";

/**
 * The payload of an event type as GraphQL types, its own first. The scalar JSON and the interfaces must be defined beside it.
 */
export function sdlOf(
  { name, description, schema }: Pick<EventType, "name" | "description" | "schema">,
  interfaces: readonly string[] = [],
): string {
  const [own, ...nested] = graphqlTypesOf(dataTypeName(name), shapeOf(schema), description);
  if (!own) return "";
  const types = [
    printType("type", own, interfaces),
    ...nested.map((type) => printType("type", type)),
  ];
  return types.join("\n");
}

/** As clients see it: with its interfaces, which are defined last, so that only the scalar JSON is needed beside it. */
export function wholeSdlOf(type: Pick<EventType, "name" | "description" | "schema" | "groups">) {
  const names = type.groups.map(interfaceName);
  const interfaces = INTERFACES.filter(({ typeName }) => names.includes(typeName));
  return [sdlOf(type, names), ...interfaces.map(sdlOfInterface)].join("\n");
}

export function sdlOfInterface(type: DataType): string {
  return printType("interface", type);
}

function printType(
  keyword: "type" | "interface",
  { typeName, description, fields }: DataType,
  interfaces: readonly string[] = [],
): string {
  const implemented = interfaces.length > 0 ? ` implements ${interfaces.join(" & ")}` : "";
  const lines = fields.map(printField).join("\n");
  return `${printDescription(description, "")}${keyword} ${typeName}${implemented} {\n${lines}}\n`;
}

function printField({ name, type, description, isDeprecated }: DataField): string {
  const directive = isDeprecated ? " @deprecated" : "";
  return `${printDescription(description, "  ")}  ${name}: ${printRef(type)}${directive}\n`;
}

function printRef(type: DataTypeRef): string {
  switch (type.kind) {
    case "scalar":
      return type.name;
    case "object":
      return type.typeName;
    case "list":
      return `[${printRef(type.of)}]`;
  }
}

/** Longer ones stand on lines of their own. */
const SHORT = 70;

/** A block string where that says the same text, else a quoted string with escapes. */
function printDescription(description: string | null, indent: string): string {
  if (!description) return "";
  // Half of a surrogate pair can't be written at all.
  const text = description.toWellFormed();
  if (!survivesBlock(text)) return `${indent}${quoted(text)}\n`;
  if (text.length <= SHORT && !/[\n"\\]/.test(text)) return `${indent}"""${text}"""\n`;
  const lines = text.replaceAll('"""', '\\"""').split("\n");
  const block = lines.map((line) => (line === "" ? "" : `${indent}${line}`)).join("\n");
  return `${indent}"""\n${block}\n${indent}"""\n`;
}

/** Reading a block string takes away empty first and last lines, and the indentation that all lines share. */
function survivesBlock(text: string): boolean {
  if (hasUnseen(text)) return false;
  const lines = text.split("\n");
  const isBlank = (line: string | undefined) => !line || /^[ \t]*$/.test(line);
  if (isBlank(lines[0]) || isBlank(lines.at(-1))) return false;
  return lines.some((line) => /^[^ \t]/.test(line));
}

/** All that JSON escapes, GraphQL reads. */
function quoted(text: string): string {
  return escapeUnseen(JSON.stringify(text));
}
