import type { Json } from "../src/domain/catalog/entry.ts";
import type { FieldShape, ObjectShape, ScalarShape, Shape } from "../src/domain/catalog/shape.ts";

/** Shapes as tests write them. */
export const any: Shape = { kind: "any" };
export const text = scalar("string");
export const whole = scalar("integer");
export const number = scalar("number");
export const flag = scalar("boolean");
export const none = scalar("null");
export const int32: Shape = { kind: "integer", values: null, isInt32: true };

export function scalar(kind: ScalarShape["kind"], ...values: Json[]): ScalarShape {
  const isInt32 = kind === "integer" && values.length > 0;
  return { kind, values: values.length > 0 ? values : null, isInt32 };
}
export function list(of: Shape): Shape {
  return { kind: "list", of };
}
export function map(of: Shape): Shape {
  return { kind: "map", of };
}
export function union(...of: Shape[]): Shape {
  return { kind: "union", of };
}
/** "key!" is required. */
export function object(fields: Record<string, Shape>): ObjectShape {
  const entries = Object.entries(fields).map(([key, shape]): [string, FieldShape] => [
    key.replace(/!$/, ""),
    { shape, isRequired: key.endsWith("!"), description: null },
  ]);
  return { kind: "object", fields: new Map(entries) };
}
