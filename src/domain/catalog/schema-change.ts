import stableStringify from "safe-stable-stringify";
import { below } from "../payload-problem.ts";
import type { Json, JsonObject } from "./entry.ts";
import { tellFormChanges } from "./schema-forms.ts";
import {
  SCHEMA_CHANGE_KINDS,
  type SchemaChangeKind,
  tellLeafChanges,
} from "./schema-leaf-changes.ts";
import { listView, objectView, type ObjectView, unjudged } from "./schema-object.ts";
import { createSchemaReader, type Rules, type SchemaReader } from "./schema-reader.ts";
import { LIST, OBJECT } from "./schema-values.ts";

export { SCHEMA_CHANGE_KINDS, type SchemaChangeKind };

export interface SchemaChange {
  /**
   * For whoever reads payloads: nothing to do (SAFE), a value that they may not expect (DANGEROUS), or
   * a field, type or form that they can't read or will miss (BREAKING).
   */
  readonly kind: SchemaChangeKind;
  /**
   * RFC 6901, into the payload. "-" stands for the entries of a list, but those of a tuple have their number; "*" for
   * fields with free names. A field that is really called so looks the same.
   */
  readonly pointer: string;
  /** Continues the name of the place: "is gone", "may now be null". */
  readonly message: string;
}

/** A change of a thousand places is another schema. */
const MAX_CHANGES = 1_000;
/**
 * Subschemas read, each as often as it holds somewhere: many times more than a schema of 64 KiB needs that people
 * write. Past the limit a place counts as breaking, so that no schema takes seconds.
 */
const MAX_STEPS = 10_000;
/** Forms of unions, each of which may be compared with each. */
const MAX_PAIRS = 1_000;

/**
 * What a change of a payload's JSON Schema (2020-12) means for its receivers: when nothing is DANGEROUS
 * or BREAKING, every payload that fits `after` also fits `before`. Annotations don't count, and neither does how
 * a schema is written: references are followed and `allOf` merged.
 *
 * | | BREAKING | DANGEROUS | SAFE |
 * |---|---|---|---|
 * | field | removed, or no longer required | new where undeclared ones were forbidden | new, or now required |
 * | type | other, or wider (null, number for integer) | | narrower |
 * | `enum`, `const` | | value added, or all allowed | value removed, or now listed |
 * | bound, length, count | | looser | tighter |
 * | `pattern`, `format`, `multipleOf`, `uniqueItems` | | changed or removed | added |
 * | undeclared fields | of a schema: now forbidden or open | allowed or forbidden | now of a schema |
 * | `anyOf`, `oneOf` | form added | removed where forms overlap | form removed |
 * | all else (`if`, `not`, `contains`, …) | any difference | | |
 *
 * References must be local and free of cycles. Of more than 1,000 changes the gravest are kept.
 */
export function schemaChanges(before: JsonObject, after: JsonObject): readonly SchemaChange[] {
  // Also what can't be read is then no change.
  if (stableStringify(before) === stableStringify(after)) return [];
  const known = new Map<string, number>();
  const walk: Walk = {
    before: createSchemaReader(before, known),
    after: createSchemaReader(after, known),
    stepsLeft: MAX_STEPS,
    pairsLeft: MAX_PAIRS,
    isProbing: false,
    found: new Map(),
  };
  compare([before], [after], { walk, pointer: "" });
  const changes = [...walk.found.values()];
  if (changes.length <= MAX_CHANGES) return changes;
  return changes.toSorted((a, b) => weight(b) - weight(a)).slice(0, MAX_CHANGES);
}

function weight({ kind }: SchemaChange): number {
  return SCHEMA_CHANGE_KINDS.indexOf(kind);
}

interface Walk {
  readonly before: SchemaReader;
  readonly after: SchemaReader;
  stepsLeft: number;
  pairsLeft: number;
  /** Nothing is told; the first change that is not SAFE throws `DIFFERENT`. */
  isProbing: boolean;
  readonly found: Map<string, SchemaChange>;
}

interface Place {
  readonly walk: Walk;
  readonly pointer: string;
}

/** Ends a probe: most fail early, at the top of a large form. Made once, since the stack costs more than the probe. */
const DIFFERENT = new Error("different");

function tell({ walk, pointer }: Place, kind: SchemaChangeKind, message: string): void {
  if (!walk.isProbing) walk.found.set(`${kind} ${pointer} ${message}`, { kind, pointer, message });
  else if (kind !== "SAFE") throw DIFFERENT;
}

function tellUnjudged(place: Place): void {
  tell(place, "BREAKING", "changed in a way that can't be judged, so it counts as breaking");
}

/** Each side is a list of schemas that hold together. */
function compare(before: readonly Json[], after: readonly Json[], place: Place): void {
  const was = place.walk.before.rulesOf(before);
  const is = place.walk.after.rulesOf(after);
  if (was.key === is.key) return;
  if (is.isImpossible) {
    if (!was.isImpossible) tell(place, "BREAKING", "is gone");
    return;
  }
  if (was.isImpossible) return tell(place, "DANGEROUS", "may now be there");
  place.walk.stepsLeft -= before.length + after.length;
  if (place.walk.stepsLeft < 0) return tellUnjudged(place);
  const isDone = tellFormChanges(was, is, {
    tell: (kind, message) => tell(place, kind, message),
    rulesBefore: place.walk.before.rulesOf,
    rulesAfter: place.walk.after.rulesOf,
    compare: (one, other) => compare(one, other, place),
    covers: (one, other) => covers(one, other, place),
    mayPair: () => place.walk.pairsLeft-- > 0,
    tellUnjudged: () => tellUnjudged(place),
  });
  if (!isDone) compareRest(was, is, place);
}

function covers(before: readonly Json[], after: readonly Json[], place: Place): boolean {
  const { walk } = place;
  const wasProbing = walk.isProbing;
  walk.isProbing = true;
  try {
    compare(before, after, place);
    return true;
  } catch (error) {
    if (error === DIFFERENT) return false;
    throw error;
  } finally {
    walk.isProbing = wasProbing;
  }
}

function areEqual(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((key) => other.has(key));
}

/** All but the forms. */
function compareRest(before: Rules, after: Rules, place: Place): void {
  tellLeafChanges(before, after, (kind, message) => tell(place, kind, message));
  if (!areEqual(unjudged(before), unjudged(after))) tellUnjudged(place);
  const types = before.types & after.types;
  if ((types & OBJECT) !== 0) compareFields(objectView(before), objectView(after), place);
  if ((types & LIST) !== 0) compareEntries(before, after, place);
}

function compareFields(before: ObjectView, after: ObjectView, { walk, pointer }: Place): void {
  for (const name of new Set([...before.names, ...after.names])) {
    compareField(name, [before, after], { walk, pointer: below(pointer, name) });
  }
  const free = { walk, pointer: below(pointer, "*") };
  for (const [pattern, schemas] of before.patterns) {
    const is = after.patterns.get(pattern);
    if (is) compare(schemas, is, free);
    else tell(free, "BREAKING", `is gone where its name matches ${pattern}`);
  }
  for (const [pattern, schemas] of after.patterns) {
    if (!before.patterns.has(pattern)) compareNew(before, schemas, free);
  }
  compareOthers(before, after, free);
}

function compareField(name: string, [before, after]: [ObjectView, ObjectView], place: Place): void {
  if (place.walk.stepsLeft < 0) return tellUnjudged(place);
  const was = before.at(name);
  const is = after.at(name);
  const hadIt = before.names.has(name) && isPossible(was, place.walk.before);
  const hasIt = after.names.has(name) && isPossible(is, place.walk.after);
  if (hadIt && hasIt) {
    if (before.required.has(name) && !after.required.has(name)) {
      tell(place, "BREAKING", "was always there and may now be missing");
    } else if (after.required.has(name) && !before.required.has(name)) {
      tell(place, "SAFE", "is always there now");
    }
    compare(was, is, place);
  } else if (hadIt) tell(place, "BREAKING", "is gone");
  else if (hasIt) {
    tell(place, "SAFE", "is new");
    if (!isPossible(was, place.walk.before)) tell(place, "DANGEROUS", "was not allowed before");
    else compareNew(before, is, place);
  } else compareUndeclared(was, is, place);
}

/** What was undeclared so far: it is only news when receivers were told something about undeclared fields. */
function compareNew(before: ObjectView, after: readonly Json[], place: Place): void {
  if (before.isGuarded) tell(place, "DANGEROUS", "may not have been allowed before");
  if (!covers(before.others, after, place)) compare(before.others, after, place);
}

function compareOthers(before: ObjectView, after: ObjectView, place: Place): void {
  compareUndeclared(before.others, after.others, place);
}

function compareUndeclared(before: readonly Json[], after: readonly Json[], place: Place): void {
  const isAnything = place.walk.before.rulesOf(before).key === "";
  if (isAnything && !isPossible(after, place.walk.after)) {
    tell(place, "DANGEROUS", "was allowed without being declared and is now forbidden");
  } else compare(before, after, place);
}

function isPossible(schemas: readonly Json[], reader: SchemaReader): boolean {
  return !reader.rulesOf(schemas).isImpossible;
}

function compareEntries(before: Rules, after: Rules, { walk, pointer }: Place): void {
  const was = listView(before);
  const is = listView(after);
  for (let index = 0; index < Math.max(was.length, is.length); index++) {
    compare(was.at(index), is.at(index), { walk, pointer: below(pointer, String(index)) });
  }
  compare(was.others, is.others, { walk, pointer: below(pointer, "-") });
}
