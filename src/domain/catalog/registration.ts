import stableStringify from "safe-stable-stringify";
import type { Webhook } from "../webhook.ts";
import type { EventType } from "./entry.ts";
import type { EventTypeContent } from "./own.ts";
import { SCHEMA_CHANGE_KINDS, schemaChanges, type SchemaChange } from "./schema-change.ts";

export const EVENT_TYPE_ACTIONS = ["ADDED", "CHANGED", "UNCHANGED", "RETIRED"] as const;
export type EventTypeAction = (typeof EVENT_TYPE_ACTIONS)[number];

/** What a change of an event type does to webhooks. */
export interface Breakage {
  /** Their select asks for what is gone. */
  readonly selections: readonly Webhook[];
  /** Their filter tests what is gone, so that it could not be saved any more. */
  readonly filters: readonly Webhook[];
}

export const NO_BREAKAGE: Breakage = { selections: [], filters: [] };

/** What a registration does to one event type, or to one place of its payload. */
export interface EventTypeChange {
  readonly eventType: string;
  readonly action: EventTypeAction;
  /** Null: nothing that a receiver could notice. */
  readonly kind: SchemaChange["kind"] | null;
  /** Where in the payload; null: the type as a whole. */
  readonly pointer: string | null;
  readonly message: string;
  /** The type before and after, by whose names its webhooks are found. */
  readonly names: readonly Pick<EventType, "name" | "aliases">[];
  /** Webhooks that it breaks, at most 100 of each kind. */
  readonly breakage: Breakage;
}

/** All of them stand beside each breaking change of a type. */
const BROKEN_MAX = 100;
/** Changes that a call tells: five of each type when there are 500. Beside each there may be a page of webhooks. */
const CHANGES_MAX = 2_500;

/** The changes of a call; of very many, from each type the gravest, and at least one. */
export function told(changes: readonly (readonly EventTypeChange[])[]): readonly EventTypeChange[] {
  const all = changes.flat();
  if (all.length <= CHANGES_MAX) return all;
  const most = Math.max(1, Math.floor(CHANGES_MAX / changes.length));
  return changes.flatMap((ofType) =>
    ofType.length <= most
      ? ofType
      : ofType.toSorted((a, b) => weight(b) - weight(a)).slice(0, most),
  );
}

function weight({ kind }: EventTypeChange): number {
  return kind === null ? -1 : SCHEMA_CHANGE_KINDS.indexOf(kind);
}

/** The difference between a type as it is and as it is declared; one UNCHANGED when there is none. */
export function changesOf(
  before: EventType | undefined,
  after: EventTypeContent,
  all: Breakage,
): EventTypeChange[] {
  const breakage = {
    selections: all.selections.slice(0, BROKEN_MAX),
    filters: all.filters.slice(0, BROKEN_MAX),
  };
  const aliases = after.aliases.map((name) => ({ name, note: null }));
  const now = { name: after.name, aliases };
  const about = { eventType: after.name, breakage: NO_BREAKAGE, pointer: null };
  if (!before)
    return [
      { ...about, action: "ADDED", kind: null, message: `${after.name} is new`, names: [now] },
    ];
  const changed = { ...about, action: "CHANGED" as const, names: [before, now] };
  const found: EventTypeChange[] = [
    ...schemaChanges(before.schema, after.schema).map(({ kind, pointer, message }) => ({
      ...changed,
      kind,
      pointer,
      message: `${pointer || "The payload"} ${message}`,
      breakage: kind === "BREAKING" ? breakage : NO_BREAKAGE,
    })),
    ...aliasChanges(before, after, { ...changed, breakage }),
  ];
  const isBroken = breakage.selections.length + breakage.filters.length > 0;
  if (isBroken && !found.some(({ kind }) => kind === "BREAKING")) {
    const message = "Selections or filters of webhooks do not fit the new schema";
    found.push({ ...changed, kind: "BREAKING", message, breakage });
  }
  if (before.retiredAt)
    found.push({ ...changed, kind: "SAFE", message: `${after.name} is published again` });
  if (found.length > 0) return found;
  if (contentText(before) === contentText({ ...after, aliases }))
    return [{ ...changed, action: "UNCHANGED", kind: null, message: `${after.name} is as it was` }];
  return [{ ...changed, kind: "SAFE", message: `${after.name} is described in other words` }];
}

function aliasChanges(
  before: EventType,
  after: EventTypeContent,
  changed: Omit<EventTypeChange, "kind" | "message">,
): EventTypeChange[] {
  return before.aliases
    .filter(({ name }) => !after.aliases.includes(name))
    .map(({ name }) => ({
      ...changed,
      kind: "BREAKING",
      message: `The alias ${name} is gone: webhooks that name it get no more events`,
    }));
}

/** All that is declared, so that order of keys is no change. */
function contentText(content: Omit<EventTypeContent, "aliases"> & Pick<EventType, "aliases">) {
  const { title, description, category, aliases, deprecationReason, schema, samplePayload } =
    content;
  return stableStringify({
    title,
    description,
    category,
    aliases: aliases.map(({ name }) => name).toSorted(),
    deprecationReason,
    schema,
    samplePayload,
  });
}

/** What pruning retires: no more events are published, past ones stay. */
export function retirement(type: EventType, { filters }: Breakage): EventTypeChange {
  return {
    eventType: type.name,
    action: "RETIRED",
    kind: "DANGEROUS",
    pointer: null,
    message: `${type.name} is published no more`,
    names: [type],
    // What a webhook selects of past events stays.
    breakage: { selections: [], filters: filters.slice(0, BROKEN_MAX) },
  };
}

/** Whether two schemas say the same, whatever the order of their keys. */
export function isSameSchema(left: object, right: object): boolean {
  return stableStringify(left) === stableStringify(right);
}
