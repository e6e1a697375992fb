import { Catalog } from "./catalog/catalog.ts";
import { checkTypes, refuseClashes } from "./catalog/declared.ts";
import {
  entryOf,
  EventTypeVersion,
  OwnEventType,
  ownTypeId,
  type EventTypeContent,
} from "./catalog/own.ts";
import {
  changesOf,
  isSameSchema,
  retirement,
  type EventTypeChange,
} from "./catalog/registration.ts";
import { Refusal } from "./refusal.ts";
import type { Work } from "./store.ts";
import type { Tools } from "./tools.ts";
import { brokenSelections } from "./webhook-shape.ts";
import { autoPause, touch, type Webhook } from "./webhook.ts";

/** Of one tenant, retired ones counted. */
export const OWN_TYPES_MAX = 500;

export interface Registration {
  readonly types: readonly EventTypeContent[];
  /** Retires what is not declared. */
  readonly prune: boolean;
  readonly allowBreaking: boolean;
  /** Changes nothing, and only tells what would change. */
  readonly dryRun: boolean;
}

/**
 * Declares the tenant's own event types, the same each time. Changes that break receivers are refused unless they are
 * allowed; then a webhook whose selection breaks is paused, so that its deliveries wait until the selection is mended.
 */
export async function registerEventTypes(
  tenantId: string,
  { types, prune, allowBreaking, dryRun }: Registration,
  tools: Tools,
): Promise<readonly EventTypeChange[]> {
  const declared = await checkTypes(types, await tools.store.catalog(tenantId), tools.rest);
  const { changes, broken } = await tools.store.change(
    tenantId,
    async (work) => {
      refuseClashes(declared, await tools.store.catalog(tenantId));
      const stored = await work.eventTypes();
      const plan = await planOf(declared, stored, { prune, work, rest: tools.rest });
      const isBreaking = plan.changes.some(({ kind }) => kind === "BREAKING");
      if (dryRun) return { ...plan, broken: new Set<Webhook>() };
      if (isBreaking && !allowBreaking)
        throw new Refusal("BREAKING_CHANGE", { path: ["types"], changes: plan.changes });
      await apply(tenantId, plan, work, tools);
      return plan;
    },
    tools.by,
  );
  const eventTypes = new Set(
    changes.filter(({ action }) => action !== "UNCHANGED").map(({ eventType }) => eventType),
  ).size;
  for (const { id: webhookId, state, stateReason } of broken)
    if (state === "AUTO_PAUSED")
      tools.announce({ type: "webhook.autoPaused", tenantId, webhookId, reason: stateReason! });
  if (!dryRun && eventTypes > 0) tools.announce({ type: "catalog.changed", tenantId, eventTypes });
  return changes;
}

interface Plan {
  readonly changes: readonly EventTypeChange[];
  readonly stored: ReadonlyMap<string, OwnEventType>;
  /** New, or to be changed. */
  readonly declared: readonly EventTypeContent[];
  readonly retired: readonly OwnEventType[];
  readonly broken: ReadonlySet<Webhook>;
}

async function planOf(
  types: readonly EventTypeContent[],
  all: readonly OwnEventType[],
  { prune, work, rest }: { prune: boolean; work: Work; rest: Tools["rest"] },
): Promise<Plan> {
  const stored = new Map(all.map((type) => [type.name, type]));
  const names = new Set(types.map(({ name }) => name));
  const count = all.filter(({ name }) => !names.has(name)).length + types.length;
  if (count > OWN_TYPES_MAX)
    throw new Refusal("EVENT_TYPES_FULL", { path: ["types"], limit: OWN_TYPES_MAX });
  const reshaped = types.filter(({ name, schema }) => {
    const before = stored.get(name);
    return before !== undefined && !isSameSchema(before.schema, schema);
  });
  const reshapedNames = new Set(reshaped.map(({ name }) => name));
  const selecting = await work.webhooksThatSelect(reshapedNames);
  const after = new Catalog(
    reshaped.map((type) => entryOf(Object.assign(new OwnEventType(), stored.get(type.name), type))),
  );
  const brokenBy = new Map<string, Webhook[]>();
  for (const webhook of selecting) {
    const select = webhook.select.filter(({ eventType }) => reshapedNames.has(eventType));
    for (const name of brokenSelections(select, after))
      brokenBy.set(name, [...(brokenBy.get(name) ?? []), webhook]);
    await rest();
  }
  const entries = types.map((type) => {
    const before = stored.get(type.name);
    const broken = brokenBy.get(type.name) ?? [];
    return { type, changes: changesOf(before && entryOf(before), type, broken), broken };
  });
  const retired = prune ? all.filter((type) => !names.has(type.name) && !type.retiredAt) : [];
  return {
    stored,
    retired,
    declared: entries
      .filter(({ changes }) => changes.some(({ action }) => action !== "UNCHANGED"))
      .map(({ type }) => type),
    changes: [
      ...entries.flatMap(({ changes }) => changes),
      ...retired.map(entryOf).map(retirement),
    ],
    broken: new Set(entries.flatMap(({ broken }) => broken)),
  };
}

/** Writes the plan. All in one transaction, with what it does to webhooks. */
async function apply(tenantId: string, plan: Plan, work: Work, tools: Tools): Promise<void> {
  const now = tools.clock.now();
  const tenant = (await work.tenant())!;
  for (const type of plan.declared) {
    const before = plan.stored.get(type.name);
    const isReshaped = !before || !isSameSchema(before.schema, type.schema);
    const version = (before?.version ?? 0) + (isReshaped ? 1 : 0);
    const content = { ...type, version, retiredAt: null, updatedAt: now };
    const id = ownTypeId(tenant.key, type.name);
    if (before) Object.assign(before, content);
    else work.add(Object.assign(new OwnEventType(), content, { id, tenantId, createdAt: now }));
    if (isReshaped) {
      const { schema, samplePayload } = type;
      const about = { eventTypeId: id, tenantId, version, schema, samplePayload, createdAt: now };
      work.add(Object.assign(new EventTypeVersion(), about));
    }
  }
  for (const type of plan.retired) Object.assign(type, { retiredAt: now, updatedAt: now });
  for (const webhook of plan.broken) {
    if (webhook.state === "ACTIVE") autoPause(webhook, BROKEN, now);
    // Whoever resumes it at this moment starts again, and sees that it is broken.
    else touch(webhook, now);
  }
}

const BROKEN =
  "An event type changed so that the webhook's select asks for fields that are gone: update select, then resume";
