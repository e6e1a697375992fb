import type { AnyShape, FieldShape, ScalarShape, Shape } from "./shape.ts";
import { ANY, mergeScalars, scalar, unionOf } from "./union.ts";

/** What a schema lets through while it is being read: a value of any of the members, none without members. */
export type Possible = readonly Member[];
export type Member = AnyShape | ScalarShape | ListMember | ObjectMember;

export interface ListMember {
  readonly kind: "list";
  readonly of: Possible;
}

export interface ObjectMember {
  readonly kind: "object";
  readonly fields: ReadonlyMap<string, Field>;
  /** The values of all other keys. */
  readonly rest: Possible;
}

export interface Field extends Pick<FieldShape, "isRequired" | "description" | "isDeprecated"> {
  readonly possible: Possible;
}

/** How much work is left. A small schema can ask for a lot: two times `allOf` of two times `anyOf`, and so on. */
export interface Budget {
  left: number;
}

export const ANYTHING: Possible = [ANY];
export const NOTHING: Possible = [];

export function isAnything(possible: Possible): boolean {
  return possible.some(({ kind }) => kind === "any");
}

/** The values of all of them together. */
export function either(alternatives: readonly Possible[]): Possible {
  const members = alternatives.flat();
  return isAnything(members) ? ANYTHING : mergeScalars<Member>(members);
}

/** The values that both let through, or more: what `left` lets through when the budget is spent. */
export function both(left: Possible, right: Possible, budget: Budget): Possible {
  if (isAnything(right)) return left;
  if (isAnything(left)) return right;
  budget.left -= left.length * right.length;
  if (budget.left < 0) return left;
  return either(left.flatMap((one) => right.map((other) => common(one, other, budget))));
}

function common(one: Member, other: Member, budget: Budget): Possible {
  if (one.kind === "object" && other.kind === "object") return commonObject(one, other, budget);
  if (one.kind === "list" && other.kind === "list") {
    return [{ kind: "list", of: both(one.of, other.of, budget) }];
  }
  return "values" in one && "values" in other ? commonScalar(one, other) : NOTHING;
}

function commonScalar(one: ScalarShape, other: ScalarShape): Possible {
  const kind = commonKind(one.kind, other.kind);
  if (!kind) return NOTHING;
  const allowed = other.values && new Set(other.values);
  const values = one.values?.filter((value) => allowed?.has(value) ?? true) ?? other.values;
  const fitting = kind === "integer" ? values?.filter(Number.isInteger) : values;
  if (fitting?.length === 0) return NOTHING;
  return [scalar(kind, fitting ?? null, one.isInt32 || other.isInt32)];
}

function commonKind(
  one: ScalarShape["kind"],
  other: ScalarShape["kind"],
): ScalarShape["kind"] | null {
  if (one === other) return one;
  const areNumeric = [one, other].every((kind) => kind === "number" || kind === "integer");
  return areNumeric ? "integer" : null;
}

function commonObject(one: ObjectMember, other: ObjectMember, budget: Budget): Possible {
  const fields = new Map<string, Field>();
  const keys = new Set([...one.fields.keys(), ...other.fields.keys()]);
  budget.left -= keys.size;
  for (const key of keys) {
    const [here, there] = [one.fields.get(key), other.fields.get(key)];
    const possible = both(here?.possible ?? one.rest, there?.possible ?? other.rest, budget);
    const isRequired = (here?.isRequired || there?.isRequired) ?? false;
    if (isRequired && possible.length === 0) return NOTHING;
    fields.set(key, {
      possible,
      isRequired,
      description: here?.description ?? there?.description ?? null,
      isDeprecated: here?.isDeprecated || there?.isDeprecated,
    });
  }
  return [{ kind: "object", fields, rest: both(one.rest, other.rest, budget) }];
}

/** One object that takes what any of them takes. */
export function mergeObjects(objects: readonly ObjectMember[]): ObjectMember {
  const [first, ...others] = objects;
  if (first && others.length === 0) return first;
  const fields = new Map<string, Field>();
  for (const key of new Set(objects.flatMap((object) => [...object.fields.keys()]))) {
    const found = objects.map((object) => object.fields.get(key));
    const known = found.filter((field) => field !== undefined);
    fields.set(key, {
      possible: either(objects.map((object, at) => found[at]?.possible ?? object.rest)),
      isRequired: found.every((field) => field?.isRequired),
      description: known.find(({ description }) => description !== null)?.description ?? null,
      isDeprecated: known.every(({ isDeprecated }) => isDeprecated),
    });
  }
  return { kind: "object", fields, rest: either(objects.map(({ rest }) => rest)) };
}

/** As all others see it: what nothing can be, such as the entry of a list that must be empty, may be anything. */
export function shapeOfPossible(possible: Possible): Shape {
  return unionOf(possible.map(shapeOfMember));
}

function shapeOfMember(member: Member): Shape {
  if (member.kind === "list") return { kind: "list", of: shapeOfPossible(member.of) };
  if (member.kind !== "object") return member;
  const fields = fieldsOf(member);
  if (fields.size > 0) return { kind: "object", fields };
  return { kind: "map", of: shapeOfPossible(member.rest) };
}

/** Without the fields that can have no value. */
export function fieldsOf(object: ObjectMember): ReadonlyMap<string, FieldShape> {
  const fields = new Map<string, FieldShape>();
  for (const [key, { possible, isRequired, description, isDeprecated }] of object.fields) {
    if (possible.length === 0) continue;
    const shape = shapeOfPossible(possible);
    fields.set(key, { shape, isRequired, description, ...(isDeprecated && { isDeprecated }) });
  }
  return fields;
}
