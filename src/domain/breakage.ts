import type { Catalog } from "./catalog/catalog.ts";
import type { EventType } from "./catalog/entry.ts";
import type { Breakage } from "./catalog/registration.ts";
import { shapeOf } from "./catalog/shape-of.ts";
import { checkPredicate } from "./filter-check.ts";
import type { Predicate } from "./filter.ts";
import type { Tools } from "./tools.ts";
import { brokenSelections } from "./webhook-shape.ts";
import type { Webhook } from "./webhook.ts";

export interface Catalogs {
  readonly before: Catalog;
  readonly after: Catalog;
  /** Names of the types that have another schema after, or are retired. */
  readonly changed: ReadonlySet<string>;
}

/** By the name of the event type whose change it is. */
export async function breakageOf(
  webhooks: readonly Webhook[],
  catalogs: Catalogs,
  rest: Tools["rest"],
): Promise<ReadonlyMap<string, Breakage>> {
  const found = new Map<string, { selections: Webhook[]; filters: Webhook[] }>();
  const note = (kind: keyof Breakage, names: readonly string[], webhook: Webhook) => {
    for (const name of names) {
      const breakage = found.get(name) ?? { selections: [], filters: [] };
      found.set(name, breakage);
      breakage[kind].push(webhook);
    }
  };
  const { after, changed } = catalogs;
  for (const webhook of webhooks) {
    const select = webhook.select.filter(({ eventType }) => changed.has(eventType));
    note("selections", brokenSelections(select, after), webhook);
    if (webhook.filter) note("filters", typesThatBreak(webhook.filter, webhook, catalogs), webhook);
    await rest();
  }
  return found;
}

/** The changed types without which the filter would still be one that can be saved; none when it is, or never was. */
function typesThatBreak(
  filter: Predicate,
  { eventTypes }: Webhook,
  { before, after, changed }: Catalogs,
): readonly string[] {
  const were = before.matched(eventTypes);
  const lost = were.filter(({ name }) => changed.has(name));
  const are = after.matched(eventTypes);
  // Without an event there is nothing to filter.
  if (lost.length === 0 || are.length === 0 || fits(filter, are) || !fits(filter, were)) return [];
  const guilty = lost.filter((type) => fits(filter, [...are, type]));
  return (guilty.length > 0 ? guilty : lost).map(({ name }) => name);
}

function fits(filter: Predicate, types: readonly EventType[]): boolean {
  const shapes = types.map(({ schema }) => shapeOf(schema));
  return "predicate" in checkPredicate(filter, shapes);
}
