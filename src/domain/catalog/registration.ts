import stableStringify from "safe-stable-stringify";
import type { Webhook } from "../webhook.ts";
import type { EventType } from "./entry.ts";
import type { EventTypeContent } from "./own.ts";
import { schemaChanges, type SchemaChange } from "./schema-change.ts";

export const EVENT_TYPE_ACTIONS = ["ADDED", "CHANGED", "UNCHANGED", "RETIRED"] as const;
export type EventTypeAction = (typeof EVENT_TYPE_ACTIONS)[number];

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
  /** Webhooks whose selection would ask for what is not there. */
  readonly brokenWebhooks: readonly Webhook[];
}

/** The difference between a type as it is and as it is declared; one UNCHANGED when there is none. */
export function changesOf(
  before: EventType | undefined,
  after: EventTypeContent,
  broken: readonly Webhook[],
): EventTypeChange[] {
  const aliases = after.aliases.map((name) => ({ name, note: null }));
  const now = { name: after.name, aliases };
  const about = { eventType: after.name, brokenWebhooks: [], pointer: null };
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
      brokenWebhooks: kind === "BREAKING" ? broken : [],
    })),
    ...aliasChanges(before, after, changed),
  ];
  if (broken.length > 0 && !found.some(({ kind }) => kind === "BREAKING")) {
    const message = "Selections of webhooks do not fit the new schema";
    found.push({ ...changed, kind: "BREAKING", message, brokenWebhooks: broken });
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
export function retirement(type: EventType): EventTypeChange {
  return {
    eventType: type.name,
    action: "RETIRED",
    kind: "DANGEROUS",
    pointer: null,
    message: `${type.name} is published no more`,
    names: [type],
    brokenWebhooks: [],
  };
}

/** Whether two schemas say the same, whatever the order of their keys. */
export function isSameSchema(left: object, right: object): boolean {
  return stableStringify(left) === stableStringify(right);
}
