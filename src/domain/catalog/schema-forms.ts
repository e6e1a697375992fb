import type { Json } from "./entry.ts";
import type { Tell } from "./schema-leaf-changes.ts";
import { looksAtForms, objectView } from "./schema-object.ts";
import type { Choice, Rules } from "./schema-reader.ts";
import { NULL, OBJECT, singleTypes, typesInWords } from "./schema-values.ts";

/** How two schemas of one place are compared; each is a list of schemas that hold together. */
export interface Comparison {
  readonly tell: Tell;
  readonly rulesBefore: (schemas: readonly Json[]) => Rules;
  readonly rulesAfter: (schemas: readonly Json[]) => Rules;
  /** Tells all changes. */
  readonly compare: (before: readonly Json[], after: readonly Json[]) => void;
  /** Tells none: whether all that fits `after` fits `before`. */
  readonly covers: (before: readonly Json[], after: readonly Json[]) => boolean;
  /** Counts what grows with the square of a union; false when it has been too much. */
  readonly mayPair: () => boolean;
  /** Of those that can't be judged. */
  readonly tellUnjudged: () => void;
}

/**
 * What changed about the forms that a value can take, by `anyOf` and `oneOf`. A schema without
 * them is a single form, so that "text" and "text or null" can be compared however they are written.
 * Answers whether the rest of the rules was compared with the forms.
 */
export function tellFormChanges(before: Rules, after: Rules, comparison: Comparison): boolean {
  const was = before.choices.filter(({ key }) => !after.choices.some((other) => other.key === key));
  const is = after.choices.filter(({ key }) => !before.choices.some((other) => other.key === key));
  if (was.length === 0 && is.length === 0) return false;
  if (was.length > 1 || is.length > 1 || looksAtForms(before) || looksAtForms(after)) {
    comparison.tellUnjudged();
    return false;
  }
  const [old] = was;
  const [young] = is;
  if (old?.isOneOf && overlaps(old, comparison)) {
    tellOverlapping(old, young, comparison);
    return false;
  }
  if (old && young) {
    compareForms(formsOf([], old, before), formsOf([], young, after), comparison);
    return false;
  }
  compareForms(formsOf(before.parts, old, before), formsOf(after.parts, young, after), comparison);
  return true;
}

interface Form {
  readonly schemas: readonly Json[];
  readonly rules: Rules;
}

/** Those of several types are split, since each may have gone its own way. */
function formsOf(rest: readonly Json[], choice: Choice | undefined, { reader }: Rules): Form[] {
  const forms = (choice?.members ?? [true]).flatMap((member) => {
    const schemas = choice ? [...rest, member] : rest;
    const single = singleTypes(reader.rulesOf(schemas).types);
    return single.length > 0 ? single.map((type) => [...schemas, type]) : [schemas];
  });
  return forms
    .map((schemas) => ({ schemas, rules: reader.rulesOf(schemas) }))
    .filter(({ rules }) => !rules.isImpossible);
}

function compareForms(
  before: readonly Form[],
  after: readonly Form[],
  comparison: Comparison,
): void {
  const { tell, compare, covers } = comparison;
  const met = new Set<Form>();
  const kept = new Set<Form>();
  const open = after.filter((form) => {
    const same = before.find(({ rules }) => rules.key === form.rules.key);
    if (same) kept.add(same);
    return !same;
  });
  const changed = open.filter((form) => {
    const wider = before.find(
      ({ schemas, rules }) =>
        (form.rules.types & ~rules.types) === 0 &&
        comparison.mayPair() &&
        covers(schemas, form.schemas),
    );
    if (!wider) return true;
    met.add(wider);
    compare(wider.schemas, form.schemas);
    return false;
  });
  for (const form of changed) {
    const alike = before.filter(
      (other) => !kept.has(other) && comparison.mayPair() && !areDisjoint(other.rules, form.rules),
    );
    const free = alike.filter((other) => !met.has(other));
    const [other] = alike.length === 1 ? alike : free.length === 1 ? free : [];
    if (!other) {
      tell("BREAKING", newForm(form, before));
      continue;
    }
    met.add(other);
    compare(other.schemas, form.schemas);
  }
  for (const form of before.filter((other) => !met.has(other) && !kept.has(other))) {
    tell("SAFE", form.rules.types === NULL ? "is never null any more" : "lost one of its forms");
  }
}

function newForm({ rules }: Form, before: readonly Form[]): string {
  const known = before.reduce((types, form) => types | form.rules.types, 0);
  const types = rules.types & ~known;
  return types === 0
    ? "may now have a form that it did not have"
    : `may now be ${typesInWords(types)}`;
}

/** A "one of" of many is not looked through: each is compared with each. */
const MAX_MEMBERS = 40;

/** Whether a value may fit two of them. A "one of" then excludes it, so that losing one may let it in. */
function overlaps({ members }: Choice, { rulesBefore }: Comparison): boolean {
  if (members.length > MAX_MEMBERS) return true;
  const rules = members.map((member) => rulesBefore([member]));
  return rules.some((one, index) =>
    rules.slice(0, index).some((other) => !areDisjoint(one, other)),
  );
}

function tellOverlapping(old: Choice, young: Choice | undefined, comparison: Comparison): void {
  if (!young?.isOneOf) return comparison.tellUnjudged();
  const keys = new Set(old.members.map((member) => comparison.rulesBefore([member]).key));
  const isNew = (member: Json) => !keys.has(comparison.rulesAfter([member]).key);
  if (young.members.some(isNew)) {
    comparison.tell("BREAKING", "may now have a form that it did not have");
  } else {
    comparison.tell("DANGEROUS", "lost one of its forms, which may let in what fitted two");
  }
}

/** Whether nothing fits both; false when that can't be seen at once. */
function areDisjoint(one: Rules, other: Rules): boolean {
  if (haveOtherValues(one, other)) return true;
  if ((one.types & other.types) !== OBJECT) return false;
  const [ones, others] = [objectView(one), objectView(other)];
  // Told apart by a field, as `kind`, that both always have.
  return [...ones.required].some(
    (name) =>
      others.required.has(name) &&
      haveOtherValues(one.reader.rulesOf(ones.at(name)), other.reader.rulesOf(others.at(name))),
  );
}

function haveOtherValues(one: Rules, other: Rules): boolean {
  if ((one.types & other.types) === 0) return true;
  const { values } = other;
  return one.values && values ? [...one.values.keys()].every((key) => !values.has(key)) : false;
}
