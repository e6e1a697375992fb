import { payloadOf } from "../domain/event.ts";
import { builder } from "./builder.ts";
import { connectionType, pageArgs } from "./connection.ts";
import { EventPayload } from "./data-field.ts";
import { EventData } from "./event-data.ts";
import { Node } from "./node.ts";
import { EventRef, EventTypeRef } from "./refs.ts";
import { TimeRange } from "./time-range.ts";

EventRef.implement({
  authScopes: { needs: "EVENTS_READ" },
  description:
    "An occurrence that was published. Immutable. A test makes an event of its own, so its id is new.",
  interfaces: [Node],
  fields: (t) => ({
    typeName: t.exposeString("typeName", { description: "The canonical name of its type." }),
    typeVersion: t.exposeInt("typeVersion", {
      description: "Version of the type that the payload was checked against.",
    }),
    type: t.field({
      type: EventTypeRef,
      nullable: true,
      description: "Its entry in the catalog.",
      resolve: async ({ typeName }, _args, { tools, tenantId }) =>
        (await tools.store.catalog(tenantId)).find(typeName) ?? null,
    }),
    payload: t.field({ type: "JSON", description: "What was published.", resolve: payloadOf }),
    data: t.field({
      type: EventData,
      nullable: true,
      description: "What was published, as the object of its event type.",
      resolve: (event) => new EventPayload(event.typeName, payloadOf(event)),
    }),
    isTest: t.exposeBoolean("isTest", { description: "Whether testWebhook made it." }),
    publishedAt: t.expose("publishedAt", {
      type: "DateTime",
      description: "When it was accepted.",
    }),
    occurredAt: t.expose("occurredAt", {
      type: "DateTime",
      description: "When it happened: said by the publisher, else publishedAt.",
    }),
    idempotencyKey: t.exposeString("idempotencyKey", {
      nullable: true,
      description: "The publisher's own key for it.",
    }),
  }),
});

const EventConnection = connectionType("Event", EventRef, "EVENTS_READ");

const EventFilter = builder.inputType("EventFilter", {
  description: "Tests are left out unless asked for.",
  fields: (t) => ({
    types: t.stringList({ description: "Names or aliases of event types." }),
    publishedAt: t.field({ type: TimeRange, description: "When it was accepted." }),
    isTest: t.boolean({
      required: true,
      defaultValue: false,
      description: "Only tests instead of only others.",
    }),
  }),
});

const PublishedEventRef = builder.inputType("PublishedEventRef", {
  description: "An event by its id or by its publisher's key.",
  isOneOf: true,
  fields: (t) => ({
    id: t.id({ description: "Its id." }),
    idempotencyKey: t.string({ description: "The key it was published with." }),
  }),
});

builder.queryFields((t) => ({
  publishedEvents: t.field({
    type: EventConnection,
    nullable: true,
    authScopes: { needs: "EVENTS_READ" },
    description: "What was published, newest first.",
    args: { ...pageArgs(), filter: t.arg({ type: EventFilter, description: "Which of them." }) },
    resolve: (_root, { filter, ...page }, { reader, tenantId }) =>
      reader.events(tenantId, filter ?? {}, page),
  }),
  publishedEvent: t.field({
    type: EventRef,
    nullable: true,
    authScopes: { needs: "EVENTS_READ" },
    description: "One event.",
    args: { by: t.arg({ type: PublishedEventRef, required: true, description: "Which one." }) },
    resolve: (_root, { by }, { reader, tenantId, load }) =>
      by.id == null ? reader.eventByKey(tenantId, by.idempotencyKey!) : load.event.load(by.id),
  }),
}));
