import type { Catalog } from "./catalog/catalog.ts";
import type { JsonObject } from "./catalog/entry.ts";
import { shapeOf } from "./catalog/shape-of.ts";
import { checkPredicate } from "./filter-check.ts";
import type { Predicate } from "./filter.ts";
import { Lru } from "./lru.ts";
import type { Problem } from "./refusal.ts";
import type { Shaping } from "./route.ts";
import { parseSelection, selectionText } from "./selection-text.ts";
import { shapeKey } from "./selection.ts";
import type { EventSelection } from "./webhook.ts";

const SELECTIONS_MAX = 100;

/** Characters of the selections whose shaping is kept: it takes about ten times as much memory, most of it shared with routes. */
const KEPT = 4 * 1024 * 1024;

/** By schema and text. Any change of a webhook or a catalog asks for all selections of the tenant again. */
const shapings = new Lru<string, Shaping>(KEPT);
const schemaNumbers = new WeakMap<JsonObject, number>();
let schemas = 0;

/** A stored selection against the type as it is now. */
export function shapingOf({ eventType, fields }: EventSelection, catalog: Catalog): Shaping {
  const type = catalog.find(eventType);
  if (!type) return "BROKEN";
  const name = `${numberOf(type.schema)} ${fields}`;
  const known = shapings.get(name);
  if (known) return known;
  const parsed = parseSelection(fields, shapeOf(type.schema));
  const shaping: Shaping =
    "selection" in parsed
      ? { shape: shapeKey(parsed.selection), selection: parsed.selection }
      : "BROKEN";
  shapings.set(name, shaping, name.length);
  return shaping;
}

function numberOf(schema: JsonObject): number {
  const known = schemaNumbers.get(schema);
  if (known !== undefined) return known;
  schemaNumbers.set(schema, ++schemas);
  return schemas;
}

/** The event types whose selection asks for what their schema has no more. */
export function brokenSelections(
  select: readonly EventSelection[],
  catalog: Catalog,
): readonly string[] {
  return select
    .filter((selection) => shapingOf(selection, catalog) === "BROKEN")
    .map(({ eventType }) => eventType);
}

/** Selections in their normal form, each checked by itself. What is wrong joins the problems. */
export function checkSelect(
  input: readonly EventSelection[],
  eventTypes: readonly string[],
  { catalog, problems }: { catalog: Catalog; problems: Problem[] },
): EventSelection[] {
  const seen = new Set<string>();
  if (input.length > SELECTIONS_MAX)
    problems.push({ path: ["select"], message: `must have at most ${SELECTIONS_MAX} entries` });
  return input.slice(0, SELECTIONS_MAX).flatMap(({ eventType: name, fields }, index) => {
    const report = (field: string, message: string) =>
      problems.push({ path: ["select", String(index), field], message });
    const type = catalog.find(name);
    if (!type) {
      report("eventType", `${JSON.stringify(name)} is no event type; the events query lists them`);
      return [];
    }
    if (!catalog.wants(eventTypes, type.name))
      report("eventType", `${type.name} is none of the webhook's eventTypes`);
    if (seen.has(type.name)) report("eventType", `${type.name} has a selection already`);
    seen.add(type.name);
    const parsed = parseSelection(fields, shapeOf(type.schema));
    if ("selection" in parsed)
      return [{ eventType: type.name, fields: selectionText(parsed.selection) }];
    for (const problem of parsed.problems) report("fields", problem);
    return [];
  });
}

/** A filter in its normal form, against the types that the webhook matches. What is wrong joins the problems. */
export function checkFilter(
  input: unknown,
  eventTypes: readonly string[],
  { catalog, problems }: { catalog: Catalog; problems: Problem[] },
): Predicate | null {
  if (input === null) return null;
  const shapes = catalog.matched(eventTypes).map(({ schema }) => shapeOf(schema));
  const checked = checkPredicate(input, shapes);
  if ("predicate" in checked) return checked.predicate;
  for (const problem of checked.problems)
    problems.push({ ...problem, path: ["filter", ...problem.path] });
  return null;
}
