import { writeCursor } from "../domain/cursor.ts";
import { Refusal } from "../domain/refusal.ts";
import { testWebhook, type TestRun, type TestSubject } from "../domain/test-webhook.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { AttemptRef, DeliveryRef } from "./refs.ts";
import { refusing, requireScopes, resultUnion } from "./refusal.ts";
import { seeWebhook } from "./seen.ts";
import { ConflictError, InvalidInputError, LimitError, NotFoundError } from "./user-error.ts";
import { webhookRef, WebhookRefInput } from "./webhook-ref.ts";

const SampleEventInput = builder.inputType("SampleEventInput", {
  description: "The sample of a type.",
  fields: (t) => ({
    type: t.string({ required: true, description: "Name or alias of the type." }),
    overrides: t.field({ type: "JSON", description: "Top-level fields to replace in the sample." }),
  }),
});

const CustomEventInput = builder.inputType("CustomEventInput", {
  description: "A payload of your own.",
  fields: (t) => ({
    type: t.string({ required: true, description: "Name or alias of the type." }),
    payload: t.field({
      type: "JSON",
      required: true,
      description: "Checked against the type's schema.",
    }),
  }),
});

export const TestEventInput = builder.inputType("TestEventInput", {
  description:
    "What a test is about; the sample of the first catalog type that the webhook matches when absent.",
  isOneOf: true,
  fields: (t) => ({
    sample: t.field({ type: SampleEventInput, description: "The sample of a type." }),
    eventId: t.id({ description: "The payload of a past event." }),
    custom: t.field({ type: CustomEventInput, description: "A payload of your own." }),
  }),
});

const TestWebhookInput = builder.inputType("TestWebhookInput", {
  description: "What to test.",
  fields: (t) => ({
    webhook: t.field({ type: WebhookRefInput, required: true, description: "Which webhook." }),
    event: t.field({ type: TestEventInput, description: "What it gets." }),
    wait: t.field({
      type: "Duration",
      required: true,
      defaultValue: "PT20S",
      description:
        "Answer when the attempt ends, or after this long, at most PT60S; the stream has the rest.",
    }),
  }),
});

const TestWebhookPayload = builder.objectRef<TestRun>("TestWebhookPayload").implement({
  description: "What became of the test.",
  fields: (t) => ({
    succeeded: t.boolean({
      nullable: true,
      description: "The receiver answered 2xx. Null if it was still running after `wait`.",
      resolve: async (run, _args, context) =>
        (await attemptOf(run, context))?.outcome === "SUCCEEDED" || (run.isRecorded ? false : null),
    }),
    delivery: t.field({
      type: DeliveryRef,
      nullable: true,
      description: "The test's delivery.",
      resolve: ({ deliveryId }, _args, { load }) => load.delivery.load(deliveryId),
    }),
    attempt: t.field({
      type: AttemptRef,
      nullable: true,
      description: "Null if it was still running after `wait`.",
      resolve: (run, _args, context) => attemptOf(run, context),
    }),
    streamCursor: t.field({
      type: "StreamCursor",
      description:
        "Read before the command: subscribe from it and nothing of the command is missed.",
      resolve: ({ position }, _args, { tenantId }) => writeCursor("deliveries", tenantId, position),
    }),
  }),
});

async function attemptOf({ deliveryId, isRecorded }: TestRun, { load }: Context) {
  const delivery = isRecorded ? await load.delivery.load(deliveryId) : null;
  return delivery?.lastAttemptId ? load.attempt.load(delivery.lastAttemptId) : null;
}

builder.mutationField("testWebhook", (t) =>
  t.field({
    type: resultUnion("TestWebhook", TestWebhookPayload, [
      InvalidInputError,
      NotFoundError,
      ConflictError,
      LimitError,
    ]),
    nullable: true,
    authScopes: { needs: "WEBHOOKS_WRITE" },
    description:
      "Sends a test event: one attempt, never repeated; pause, state and filter don't stop it; select applies; health and counts don't see it. A receiver that fails is a test that worked: read `attempt`. Errors mean that no test could be run.",
    args: {
      input: t.arg({ type: TestWebhookInput, required: true, description: "What to test." }),
    },
    resolve: (_root, { input: { webhook, event, wait } }, context) =>
      refusing(async () => {
        const ref = webhookRef(webhook);
        await seeWebhook(ref, context);
        const subject = event ? await subjectOf(event, context, { isSigned: true }) : null;
        return testWebhook(context.tenantId, ref, { subject, wait }, context.tools);
      }),
  }),
);

/** A payload of one's own that will be signed is like an event of the application. */
export async function subjectOf(
  input: typeof TestEventInput.$inferInput,
  { load, caller: { rights } }: Context,
  { isSigned }: { isSigned: boolean },
): Promise<TestSubject> {
  if (input.sample) {
    if (isSigned && input.sample.overrides != null)
      requireScopes(rights, ["EVENTS_PUBLISH"], ["event", "sample", "overrides"]);
    return { sample: input.sample };
  }
  if (input.custom) {
    if (isSigned) requireScopes(rights, ["EVENTS_PUBLISH"], ["event", "custom"]);
    return { custom: input.custom };
  }
  requireScopes(rights, ["EVENTS_READ"], ["event", "eventId"]);
  const event = await load.event.load(input.eventId!);
  if (!event) throw new Refusal("EVENT_NOT_FOUND", { path: ["event", "eventId"] });
  return { eventId: event };
}
