import type { Ledger } from "./crash-ledger.ts";
import { graphql } from "./generated/gql.ts";
import type { PublishEventInput } from "./generated/graphql.ts";
import type { Process } from "./process.ts";

const CrashPublishOne = graphql(`
  mutation CrashPublishOne($event: PublishEventInput!) {
    publishEvent(input: $event) {
      __typename
      ... on PublishEventPayload {
        eventId
        isNew
      }
    }
  }
`);

const CrashPublishMany = graphql(`
  mutation CrashPublishMany($events: [PublishEventInput!]!) {
    publishEvents(input: { events: $events }) {
      __typename
      ... on PublishEventsPayload {
        results {
          __typename
          ... on PublishEventPayload {
            eventId
            isNew
          }
        }
      }
    }
  }
`);

export interface PublisherOptions {
  readonly name: string;
  /** Events of one mutation; 1 is published by `publishEvent`. */
  readonly size: number;
  readonly hasKeys: boolean;
}

/** One process, from its start to its end. */
export interface Life {
  readonly service: Process;
  readonly isOver: AbortSignal;
  readonly payload: unknown;
  /** Whether more may be published, or enough is under way. */
  readonly hasRoom: () => boolean;
}

/** Publishes one mutation after the other, until the service ends under it. */
export class Publisher {
  /** Repeated after their answer was lost, and of these the ones that had been accepted. */
  repeated = 0;
  wasAccepted = 0;
  readonly #options: PublisherOptions;
  readonly #ledger: Ledger;
  #count = 0;
  /** Sent, and nobody knows whether it was accepted. */
  #unanswered: PublishEventInput[] | undefined;

  constructor(options: PublisherOptions, ledger: Ledger) {
    this.#options = options;
    this.#ledger = ledger;
  }

  async publishDuring({ service, isOver, payload, hasRoom }: Life): Promise<void> {
    try {
      while (!isOver.aborted) {
        await this.repeatUnanswered(service);
        await this.#publish(service, this.#next(payload));
        await this.#ledger.until(() => isOver.aborted || hasRoom());
      }
    } catch (error) {
      // `fetch` fails so when its server has ended, and reading an answer that was cut.
      if (!(error instanceof TypeError && /^(fetch failed|terminated)$/.test(error.message)))
        throw error;
      if (this.#options.hasKeys) return;
      if (this.#unanswered) this.#ledger.unknown++;
      this.#unanswered = undefined;
    }
  }

  /** All of it had been accepted, or nothing. */
  async repeatUnanswered(service: Process): Promise<void> {
    if (!this.#unanswered) return;
    const results = await this.#publish(service, this.#unanswered);
    const isNew = new Set(results.map((result) => result.isNew));
    if (isNew.size > 1) throw new Error("Half of a batch had been accepted");
    this.repeated++;
    if (isNew.has(false)) this.wasAccepted++;
  }

  async #publish(service: Process, events: PublishEventInput[]) {
    this.#unanswered = events;
    const results = await send(service, events);
    this.#unanswered = undefined;
    for (const { eventId } of results) this.#ledger.accept(eventId);
    return results;
  }

  #next(payload: unknown): PublishEventInput[] {
    const { name, size, hasKeys } = this.#options;
    const count = ++this.#count;
    return Array.from({ length: size }, (_, index) => ({
      type: "payment_received",
      payload,
      idempotencyKey: hasKeys ? `${name}-${count}-${index}` : undefined,
    }));
  }
}

async function send(service: Process, events: PublishEventInput[]) {
  const [event] = events;
  if (event && events.length === 1) {
    const { publishEvent } = await service.run(CrashPublishOne, { event });
    if (publishEvent?.__typename !== "PublishEventPayload")
      throw new Error(JSON.stringify(publishEvent));
    return [publishEvent];
  }
  const { publishEvents } = await service.run(CrashPublishMany, { events });
  if (publishEvents?.__typename !== "PublishEventsPayload")
    throw new Error(JSON.stringify(publishEvents));
  return publishEvents.results.map((result) => {
    if (result.__typename !== "PublishEventPayload") throw new Error(JSON.stringify(result));
    return result;
  });
}
