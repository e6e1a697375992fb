import type { App } from "./app.ts";
import { CreateInbox, CreateWebhook, PublishEvent, Sample } from "./documents.ts";
import type {
  CreateInboxInput,
  CreateWebhookInput,
  PublishEventInput,
} from "./generated/graphql.ts";

/** What tests do on the way to what they are about; each fails loudly when the API refuses. */
export async function makeInbox(
  app: App,
  input: CreateInboxInput = {},
): Promise<{ id: string; url: string }> {
  const { createInbox } = await app.run(CreateInbox, { input });
  if (createInbox?.__typename !== "CreateInboxPayload")
    throw new Error(JSON.stringify(createInbox));
  return createInbox.inbox!;
}

export async function makeWebhook(app: App, input: Partial<CreateWebhookInput> & { url: string }) {
  const { createWebhook } = await app.run(CreateWebhook, {
    input: { name: "Test", eventTypes: ["*"], ...input },
  });
  if (createWebhook?.__typename !== "CreateWebhookPayload")
    throw new Error(JSON.stringify(createWebhook));
  return { ...createWebhook.webhook!, secret: createWebhook.secret! };
}

export async function sample(app: App, type: string): Promise<Record<string, unknown>> {
  const { eventType } = await app.run(Sample, { type });
  return eventType!.samplePayload as Record<string, unknown>;
}

/** The sample of a type, published. */
export async function publishSample(app: App, input: Partial<PublishEventInput> = {}) {
  const type = input.type ?? "payment_received";
  const { publishEvent } = await app.run(PublishEvent, {
    input: { type, payload: await sample(app, type), ...input },
  });
  if (publishEvent?.__typename !== "PublishEventPayload")
    throw new Error(JSON.stringify(publishEvent));
  return publishEvent;
}
