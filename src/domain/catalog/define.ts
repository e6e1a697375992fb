import { z } from "zod";
import type { EventType, JsonObject } from "./entry.ts";
import type { Fields } from "./fields.ts";
import { always, GROUP_NAMES, GROUPS, type GroupName } from "./groups.ts";

export interface Definition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The event's own fields; they come before those of its groups. */
  readonly fields?: Fields;
  readonly groups?: readonly Fields[];
  /** Alias to note: null for a plain rename, else in what way the alias is wider than it was. */
  readonly aliases?: Readonly<Record<string, string | null>>;
  /** Old name to new. */
  readonly renamedFields?: Readonly<Record<string, string>>;
}

export function defineCategory(
  category: string,
  definitions: readonly Definition[],
): readonly EventType[] {
  return definitions.map((definition) => defineEventType(category, definition));
}

function defineEventType(category: string, definition: Definition): EventType {
  const { name, title, description, fields = {}, groups = [] } = definition;
  const { aliases = {}, renamedFields = {} } = definition;
  const schema = payloadSchema(definition, [fields, ...groups, always]);
  return {
    id: `typ_${name}`,
    name,
    title,
    description,
    category,
    aliases: Object.entries(aliases).map(([alias, note]) => ({ name: alias, note })),
    renamedFields: Object.entries(renamedFields).map(([from, to]) => ({ from, to })),
    deprecationReason: null,
    retiredAt: null,
    builtIn: true,
    version: 1,
    groups: GROUP_NAMES.filter((group) => groups.includes(GROUPS[group])),
    schema: asJson.parse(schema),
    samplePayload: asJson.parse(firstExamples(schema)),
  };
}

const asJson: z.ZodType<JsonObject> = z.record(z.string(), z.json());

type Schema = z.core.JSONSchema.BaseSchema;

function payloadSchema({ title, description }: Definition, parts: readonly Fields[]): Schema {
  const fields = Object.fromEntries(parts.flatMap((part) => Object.entries(part)));
  const { $schema, ...rules } = fieldsSchema(fields);
  return { $schema, title, description, ...rules };
}

function fieldsSchema(fields: Fields): Schema {
  return z.toJSONSchema(z.looseObject(fields), {
    target: "draft-2020-12",
    override: ({ jsonSchema }) => tidy(jsonSchema),
  });
}

/** The schema of a payload that has the fields of a group and no others. */
export function groupSchema(group: GroupName): JsonObject {
  return asJson.parse(fieldsSchema(GROUPS[group]));
}

/**
 * Takes out what zod adds and a reader would stumble over: the bounds of safe integers (the
 * payload check refuses other ones with better words), that keys are strings, and `{}` for `true`.
 */
function tidy(schema: Schema): void {
  if (schema.type === "integer") {
    delete schema.minimum;
    delete schema.maximum;
  }
  delete schema.propertyNames;
  if (isEmpty(schema.additionalProperties)) schema.additionalProperties = true;
}

function isEmpty(schema: Schema | boolean | undefined): boolean {
  return typeof schema === "object" && Object.keys(schema).length === 0;
}

function firstExamples({ properties = {} }: Schema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [
      name,
      typeof field === "object" ? field.examples?.[0] : undefined,
    ]),
  );
}
