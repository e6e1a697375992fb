import { breakageOf } from "./breakage.ts";
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
  NO_BREAKAGE,
  isSameSchema,
  retirement,
  told,
  type Breakage,
  type EventTypeChange,
} from "./catalog/registration.ts";
import { Refusal } from "./refusal.ts";
import type { Store, Work } from "./store.ts";
import type { Tools } from "./tools.ts";
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
 * allowed; then a webhook whose selection or filter breaks is paused, so that its deliveries wait until that is mended.
 */
export function registerEventTypes(
  tenantId: string,
  registration: Registration,
  tools: Tools,
): Promise<readonly EventTypeChange[]> {
  const lines = linesOf(tools.store);
  const before = lines.get(tenantId) ?? Promise.resolve();
  const done = before.then(() => registerNow(tenantId, registration, tools));
  const ended = done.then(
    () => undefined,
    () => undefined,
  );
  lines.set(tenantId, ended);
  void ended.then(() => lines.get(tenantId) === ended && lines.delete(tenantId));
  return done;
}

/** Of each tenant, the end of its registrations so far: one that rests would be overtaken by the next, over and over. */
const registrations = new WeakMap<Store, Map<string, Promise<void>>>();

function linesOf(store: Store): Map<string, Promise<void>> {
  let lines = registrations.get(store);
  if (!lines) registrations.set(store, (lines = new Map()));
  return lines;
}

async function registerNow(
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
      if (dryRun) return { ...plan, broken: new Map<Webhook, keyof Breakage>() };
      if (isBreaking && !allowBreaking)
        throw new Refusal("BREAKING_CHANGE", { path: ["types"], changes: plan.changes });
      await apply(tenantId, plan, work, tools);
      return plan;
    },
    tools.by,
  );
  // All was written in one go, which takes long enough without what follows.
  await tools.rest();
  const eventTypes = new Set(
    changes.filter(({ action }) => action !== "UNCHANGED").map(({ eventType }) => eventType),
  ).size;
  for (const { id: webhookId, state, stateReason } of broken.keys())
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
  /** By webhook that it breaks, why. */
  readonly broken: ReadonlyMap<Webhook, keyof Breakage>;
}

interface Entry {
  readonly type: EventTypeContent;
  readonly changes: readonly EventTypeChange[];
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
  const retired = prune ? all.filter((type) => !names.has(type.name) && !type.retiredAt) : [];
  const renamed = types.filter(({ name, aliases }) =>
    stored.get(name)?.aliases.some((alias) => !aliases.includes(alias)),
  );
  const changed = new Set([...reshaped, ...renamed, ...retired].map(({ name }) => name));
  const breakages = await breakageOf(
    await work.webhooksThatRead(),
    { before: catalogOf(all), after: catalogOf(afterAll(all, types, retired)), changed },
    rest,
  );
  const breakage = (name: string) => breakages.get(name) ?? NO_BREAKAGE;
  const entries: Entry[] = [];
  for (const type of types) {
    const before = stored.get(type.name);
    const changes = changesOf(before && entryOf(before), type, breakage(type.name));
    entries.push({ type, changes });
    await rest();
  }
  return {
    stored,
    retired,
    declared: entries
      .filter(({ changes }) => changes.some(({ action }) => action !== "UNCHANGED"))
      .map(({ type }) => type),
    changes: told([
      ...entries.map(({ changes }) => changes),
      ...retired.map((type) => [retirement(entryOf(type), breakage(type.name))]),
    ]),
    broken: new Map(
      [...breakages.values()].flatMap(({ selections, filters }) => [
        ...filters.map((webhook) => [webhook, "filters"] as const),
        ...selections.map((webhook) => [webhook, "selections"] as const),
      ]),
    ),
  };
}

type DeclaredType = Parameters<typeof entryOf>[0];

function catalogOf(types: readonly DeclaredType[]): Catalog {
  return new Catalog(types.map(entryOf));
}

/** The tenant's types once the plan is carried out. */
function afterAll(
  stored: readonly OwnEventType[],
  declared: readonly EventTypeContent[],
  retired: readonly OwnEventType[],
): DeclaredType[] {
  const after = new Map<string, DeclaredType>(stored.map((type) => [type.name, type]));
  for (const type of retired)
    after.set(type.name, Object.assign(new OwnEventType(), type, { retiredAt: type.updatedAt }));
  for (const type of declared)
    after.set(type.name, {
      id: type.name,
      version: 0,
      ...after.get(type.name),
      ...type,
      retiredAt: null,
    });
  return [...after.values()];
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
  for (const [webhook, kind] of plan.broken) {
    if (webhook.state === "ACTIVE") autoPause(webhook, BROKEN[kind], now);
    // Whoever resumes it at this moment starts again, and sees that it is broken.
    else touch(webhook, now);
  }
}

const BROKEN: Readonly<Record<keyof Breakage, string>> = {
  selections:
    "An event type changed so that the webhook's select asks for fields that are gone: update select, then resume",
  filters:
    "An event type changed so that the webhook's filter tests fields that are gone: update filter, then resume",
};
