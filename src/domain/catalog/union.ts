import type { AnyShape, ScalarShape, Shape } from "./shape.ts";

export const ANY: AnyShape = { kind: "any" };

/** More literals than this help no reader; the longest lists that people write are of countries and time zones. */
const MAX_VALUES = 1_000;

/** GraphQL's Int. */
const [INT32_MIN, INT32_MAX] = [-(2 ** 31), 2 ** 31 - 1];

/** `isInt32` says what the bounds of the schema say; that the values are small enough is seen here. */
export function scalar(
  kind: ScalarShape["kind"],
  values: ScalarShape["values"],
  isInt32 = false,
): ScalarShape {
  const areSmall = values?.every((value) => isWithinInt32(Number(value))) ?? false;
  return {
    kind,
    values: values && values.length <= MAX_VALUES ? values : null,
    isInt32: kind === "integer" && (isInt32 || areSmall),
  };
}

export function isWithinInt32(value: number): boolean {
  return value >= INT32_MIN && value <= INT32_MAX;
}

/** What takes each value that one of them takes. Of none: any, since nothing is known. */
export function unionOf(shapes: readonly Shape[]): Shape {
  const flat = shapes.flatMap((shape) => (shape.kind === "union" ? shape.of : [shape]));
  if (flat.some(({ kind }) => kind === "any")) return ANY;
  const merged = mergeScalars(flat);
  const members =
    merged.length === 1 ? merged : [...new Map(merged.map((each) => [keyOf(each), each])).values()];
  const [first = ANY, ...others] = members;
  if (others.length === 0) return first;
  return { kind: "union", of: members.toSorted((one, other) => isNull(one) - isNull(other)) };
}

/** Null comes last, as people write it. */
function isNull({ kind }: Shape): number {
  return kind === "null" ? 1 : 0;
}

/** Two shapes have the same key when they are the same in all that a shape tells. */
export function keyOf(shape: Shape): string {
  return JSON.stringify(shape, (_key, value: unknown) =>
    value instanceof Map ? [...(value as ReadonlyMap<string, unknown>)] : value,
  );
}

/** At most one for each kind of scalar is left, and no integer beside a number. */
export function mergeScalars<Other extends { readonly kind: string }>(
  members: readonly (ScalarShape | Other)[],
): readonly (ScalarShape | Other)[] {
  const merged = new Map<unknown, ScalarShape | Other>();
  for (const member of members) {
    if (!isScalar(member)) {
      merged.set(member, member);
      continue;
    }
    const family = member.kind === "integer" ? "number" : member.kind;
    const known = merged.get(family);
    merged.set(family, known && isScalar(known) ? join(known, member) : member);
  }
  return [...merged.values()];
}

function isScalar(member: ScalarShape | { readonly kind: string }): member is ScalarShape {
  return "values" in member;
}

function join(one: ScalarShape, other: ScalarShape): ScalarShape {
  const kind = one.kind === other.kind ? one.kind : "number";
  const values = one.values && other.values && [...new Set([...one.values, ...other.values])];
  const isEither = kind === "boolean" && values?.length === 2;
  return scalar(kind, isEither ? null : values, one.isInt32 && other.isInt32);
}
