import { writeCursor } from "../domain/cursor.ts";
import { publish, type EventInput, type Published } from "../domain/publish.ts";
import { invalidInput, Refusal } from "../domain/refusal.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { EventRef } from "./refs.ts";
import { refusing, resultUnion } from "./refusal.ts";
import {
  ConflictError,
  InvalidInputError,
  LimitError,
  NotFoundError,
  userError,
} from "./user-error.ts";

const EVENTS_MAX = 1000;

const PublishEventInput = builder.inputType("PublishEventInput", {
  description: "An event to publish.",
  fields: (t) => ({
    type: t.string({ required: true, description: "Name or alias of its type." }),
    payload: t.field({
      type: "JSON",
      required: true,
      description: "Checked against the type's schema; further keys are allowed.",
    }),
    occurredAt: t.field({ type: "DateTime", description: "When it happened; now when absent." }),
    idempotencyKey: t.string({
      description:
        "Unique per tenant for as long as the event is kept, at least 24 h; a repeat returns the first event.",
    }),
  }),
});

const PublishEventsInput = builder.inputType("PublishEventsInput", {
  description: "Events to publish.",
  fields: (t) => ({
    events: t.field({ type: [PublishEventInput], required: true, description: "1 to 1,000." }),
  }),
});

interface Payload extends Published {
  /** The end of the log before the command. */
  readonly position: number;
}

const PublishEventPayload = builder.objectRef<Payload>("PublishEventPayload").implement({
  description: "The event and its deliveries are durable.",
  fields: (t) => ({
    event: t.field({
      type: EventRef,
      nullable: true,
      description: "The event.",
      resolve: ({ eventId }, _args, { load }) => load.event.load(eventId),
    }),
    eventId: t.exposeID("eventId", { description: "Its id." }),
    isNew: t.exposeBoolean("isNew", {
      description: "False when the idempotency key had been used.",
    }),
    matchedWebhooks: t.exposeInt("matchedWebhooks", { description: "Webhooks that will get it." }),
    streamCursor: t.field({
      type: "StreamCursor",
      resolve: ({ position }, _args, { tenantId }) => writeCursor("deliveries", tenantId, position),
      description:
        "From before the command: subscribe to deliveryUpdates from it and nothing is missed.",
    }),
  }),
});

const PublishEventResult = resultUnion("PublishEvent", PublishEventPayload, [
  InvalidInputError,
  NotFoundError,
  ConflictError,
  LimitError,
]);

const PublishEventsPayload = builder
  .objectRef<{ results: (Payload | Error)[]; position: number }>("PublishEventsPayload")
  .implement({
    description: "What became of each event.",
    fields: (t) => ({
      results: t.field({
        type: [PublishEventResult],
        description: "One for each event, in order.",
        resolve: ({ results }) => results as never,
      }),
      streamCursor: t.field({
        type: "StreamCursor",
        resolve: ({ position }, _args, { tenantId }) =>
          writeCursor("deliveries", tenantId, position),
        description:
          "From before the command: subscribe to deliveryUpdates from it and nothing is missed.",
      }),
    }),
  });

builder.mutationFields((t) => ({
  publishEvent: t.field({
    type: PublishEventResult,
    nullable: true,
    authScopes: { needs: "EVENTS_PUBLISH" },
    description: "Answers once the event and its deliveries are durable.",
    args: { input: t.arg({ type: PublishEventInput, required: true, description: "The event." }) },
    resolve: (_root, { input }, context) =>
      refusing(async () => {
        const { results, position } = await publishAll([input], context);
        if (results[0] instanceof Refusal) throw results[0];
        return { ...results[0]!, position };
      }),
  }),
  publishEvents: t.field({
    type: resultUnion("PublishEvents", PublishEventsPayload, [InvalidInputError, LimitError]),
    nullable: true,
    // What the operation costs: as many results as events.
    extensions: { rows: ["input", "events"] },
    authScopes: { needs: "EVENTS_PUBLISH" },
    description:
      "One durable commit for all; each event is accepted or refused by itself, in order.",
    args: {
      input: t.arg({ type: PublishEventsInput, required: true, description: "The events." }),
    },
    resolve: (_root, { input: { events } }, context) =>
      refusing(async () => {
        if (events.length < 1 || events.length > EVENTS_MAX)
          throw invalidInput(["events"], `must have 1 to ${EVENTS_MAX} entries`);
        const { results, position } = await publishAll(events, context);
        const typed = results.map((result, index) =>
          result instanceof Refusal
            ? userError(result, "input", "events", String(index))
            : { ...result, position },
        );
        return { results: typed, position };
      }),
  }),
}));

async function publishAll(inputs: readonly EventInput[], { tenantId, tools }: Context) {
  const position = tools.store.position(tenantId);
  return { results: await publish(tenantId, inputs, tools), position };
}
