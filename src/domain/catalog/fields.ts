import { z } from "zod";

/**
 * The makers of payload fields. Each takes what the field says and an example of it; the first
 * example is the field's value in the sample payload. Formats are annotations, never checked.
 */
export type Field = z.ZodType;

/** Fields by name, in the order in which a payload has them. */
export type Fields = Readonly<Record<string, Field>>;

export function text(description: string, ...examples: [string, ...string[]]): Field {
  return z.string().meta({ description, examples });
}

export function url(description: string, example: string): Field {
  return z.string().meta({ description, examples: [example], format: "uri" });
}

export function email(description: string, example: string): Field {
  return z.string().meta({ description, examples: [example], format: "email" });
}

export function ipv4(description: string, example: string): Field {
  return z.string().meta({ description, examples: [example], format: "ipv4" });
}

export function oneOf<const Value extends string>(
  values: readonly Value[],
  description: string,
  example: NoInfer<Value>,
): Field {
  return z.enum(values).meta({ description, examples: [example] });
}

/** A flag that the source sends as the text "true" or "false". */
export function textFlag(description: string, example: "true" | "false"): Field {
  return oneOf(["true", "false"], description, example);
}

export function flag(description: string, example: boolean): Field {
  return z.boolean().meta({ description, examples: [example] });
}

export function integer(description: string, example: number): Field {
  return z.int().meta({ description, examples: [example] });
}

export function number(description: string, example: number): Field {
  return z.number().meta({ description, examples: [example] });
}

export function textList(description: string, example: readonly string[]): Field {
  return z.array(z.string()).meta({ description, examples: [example] });
}

export function textByKey(description: string, example: Readonly<Record<string, string>>): Field {
  return z.record(z.string(), z.string()).meta({ description, examples: [example] });
}
