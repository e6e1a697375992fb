import { EVENT_TYPE_ACTIONS, type EventTypeChange } from "../domain/catalog/registration.ts";
import { SCHEMA_CHANGE_KINDS } from "../domain/catalog/schema-change.ts";
import { affectedBy, brokenBy } from "./affected.ts";
import { builder } from "./builder.ts";
import { pageArgs } from "./connection.ts";
import { WebhookRef } from "./refs.ts";
import { UserErrorType } from "./refusal.ts";
import { BreakingChangeError } from "./user-error.ts";
import { WebhookConnection } from "./webhook.ts";

const EventTypeActionEnum = builder.enumType("EventTypeAction", {
  description: "What a registration does to an event type.",
  values: {
    ADDED: { description: "It is new." },
    CHANGED: { description: "It is there, and is declared in another way." },
    UNCHANGED: { description: "It is there as it is declared." },
    RETIRED: { description: "It is not declared any more, and prune retires it." },
  } satisfies Record<(typeof EVENT_TYPE_ACTIONS)[number], object>,
});

const SchemaChangeKindEnum = builder.enumType("SchemaChangeKind", {
  description: "What a change means to those who receive the payload.",
  values: {
    SAFE: { description: "Whoever reads what was sent so far can read what is sent from now on." },
    DANGEROUS: { description: "What is new may surprise a receiver, such as one more value." },
    BREAKING: { description: "What receivers rely on may be gone or of another type." },
  } satisfies Record<(typeof SCHEMA_CHANGE_KINDS)[number], object>,
});

export const EventTypeChangeType = builder.objectRef<EventTypeChange>("EventTypeChange").implement({
  description: "What a registration does to one event type, or to one place of its payload.",
  fields: (t) => ({
    eventType: t.exposeString("eventType", { description: "The type's name." }),
    action: t.expose("action", { type: EventTypeActionEnum, description: "What is done." }),
    kind: t.expose("kind", {
      type: SchemaChangeKindEnum,
      nullable: true,
      description: "What it means to receivers; null for a type that is new or as it was.",
    }),
    pointer: t.expose("pointer", {
      type: "JSONPointer",
      nullable: true,
      description:
        "Where in the payload; - stands for the entries of a list and * for free keys. Null: the type as a whole.",
    }),
    message: t.exposeString("message", { description: "The change in words." }),
    affectedWebhooks: t.field({
      type: WebhookConnection,
      nullable: true,
      authScopes: { needs: "WEBHOOKS_READ" },
      description: "The webhooks that get events of the type.",
      args: pageArgs(),
      resolve: affectedBy,
    }),
    brokenSelections: t.field({
      type: [WebhookRef],
      authScopes: { needs: "WEBHOOKS_READ" },
      nullable: true,
      description:
        "The webhooks whose select would ask for what is gone, at most 100 of them. When the change is allowed all the same, they are all paused until it is mended.",
      resolve: (change, _args, context) => brokenBy(change, "selections", context),
    }),
    brokenFilters: t.field({
      type: [WebhookRef],
      authScopes: { needs: "WEBHOOKS_READ" },
      nullable: true,
      description:
        "The webhooks whose filter would test what is gone, so that it turned events away or let them pass without a look; at most 100 of them. When the change is allowed all the same, they are all paused until it is mended.",
      resolve: (change, _args, context) => brokenBy(change, "filters", context),
    }),
  }),
});

/** What an operation costs: a declaration is of many types, with many changes each. */
export const CHANGES = { rows: 100 };

builder.objectType(BreakingChangeError, {
  name: "BreakingChangeError",
  description:
    "The new schemas would break receivers. Repeat the call with allowBreaking when they are ready.",
  interfaces: [UserErrorType],
  fields: (t) => ({
    changes: t.field({
      type: [EventTypeChangeType],
      description:
        "All changes of the call, breaking ones among them. Of more than 2,500 changes, of each type the gravest.",
      extensions: CHANGES,
      resolve: ({ refusal }) => [...(refusal.details.changes ?? [])],
    }),
  }),
});
