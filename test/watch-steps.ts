import { type App } from "./app.ts";
import type { DeliveryUpdatesSubscription } from "./generated/graphql.ts";
import { sample } from "./steps.ts";
import { PublishMany } from "./watch-documents.ts";

export type DeliveryMessage = DeliveryUpdatesSubscription["deliveryUpdates"];
export type Update = Extract<DeliveryMessage, { __typename: "DeliveryUpdate" }>;

/** The next message; a stream that ended instead fails the test. */
export async function next<T>(messages: AsyncIterator<T>): Promise<T> {
  const { done, value } = await messages.next();
  if (done) throw new Error("The stream ended");
  return value;
}

/** The next n updates of deliveries, whatever else the stream tells between them. */
export async function nextUpdates(
  messages: AsyncIterator<DeliveryUpdatesSubscription>,
  count: number,
): Promise<Update[]> {
  const updates: Update[] = [];
  while (updates.length < count) {
    const { deliveryUpdates } = await next(messages);
    if (deliveryUpdates.__typename === "DeliveryUpdate") updates.push(deliveryUpdates);
  }
  return updates;
}

/** All updates of the history: what comes before StreamCaughtUp. */
export async function history(
  messages: AsyncIterator<DeliveryUpdatesSubscription>,
): Promise<Update[]> {
  const updates: Update[] = [];
  for (;;) {
    const { deliveryUpdates } = await next(messages);
    if (deliveryUpdates.__typename === "StreamCaughtUp") return updates;
    if (deliveryUpdates.__typename === "DeliveryUpdate") updates.push(deliveryUpdates);
  }
}

/** Many samples of a type in one call; answers with the ids of the events and the cursor from before. */
export async function publishMany(app: App, count: number, type = "payment_received") {
  const payload = await sample(app, type);
  const { publishEvents } = await app.run(PublishMany, {
    input: { events: Array.from({ length: count }, () => ({ type, payload })) },
  });
  if (publishEvents?.__typename !== "PublishEventsPayload")
    throw new Error(JSON.stringify(publishEvents));
  const eventIds = publishEvents.results.map((result) => {
    if (result.__typename !== "PublishEventPayload") throw new Error(JSON.stringify(result));
    return result.eventId;
  });
  return { eventIds, streamCursor: publishEvents.streamCursor };
}
