import type { Catalog } from "./catalog/catalog.ts";
import type { JsonObject } from "./catalog/entry.ts";
import { bodyOf, payloadOf, type Event } from "./event.ts";
import { whyNot } from "./filter-words.ts";
import { checkPayload } from "./publish.ts";
import { prepareRequest, redactHeaders, type PreparedRequest } from "./request.ts";
import { createSecret } from "./secret.ts";
import { select } from "./selection.ts";
import { acceptTest, misfit, sampleFor, type PastEvent, type TestSubject } from "./test-webhook.ts";
import type { Tools } from "./tools.ts";
import { shapingOf } from "./webhook-shape.ts";
import type { Webhook } from "./webhook.ts";

export interface Sample extends PreparedRequest {
  /** Null for a sample without a webhook. */
  readonly url: string | null;
  readonly body: string;
}

export interface WebhookPreview {
  readonly wouldSend: boolean;
  /** In words. */
  readonly reason: string;
  /** Null when the webhook's selection is broken, so that there is no payload to send. */
  readonly request: Sample | null;
}

/** The exact request for an event, and why it would or would not be sent. Sends and keeps nothing. */
export async function previewWebhook(
  webhook: Webhook,
  subject: TestSubject | null,
  tools: Tools,
): Promise<WebhookPreview> {
  const catalog = await tools.store.catalog(webhook.tenantId);
  const event = eventOf(webhook, subject ?? sampleFor(webhook, catalog), { ...tools, catalog });
  const payload = shapedPayload(webhook, event, catalog);
  const obstacle = obstacleTo(webhook, event, catalog);
  const { id, typeName, occurredAt } = event;
  return {
    wouldSend: obstacle === null,
    reason: obstacle ?? "It would be sent: the webhook is active and wants it.",
    request:
      payload === null
        ? null
        : prepareSample({ id, typeName, occurredAt, payload }, webhook, tools),
  };
}

/** A past one as it was published, whatever became of its type; any other must be one that could be published. */
function eventOf(
  { tenantId }: Webhook,
  subject: TestSubject,
  tools: Parameters<typeof acceptTest>[2],
): PastEvent {
  return "eventId" in subject ? subject.eventId : acceptTest(tenantId, subject, tools).event;
}

/** The request that a webhook would get, or a new one in this format; signed with a throw-away secret. */
export function prepareSample(
  event: Pick<Event, "id" | "typeName" | "payload" | "occurredAt">,
  webhook:
    | Pick<Webhook, "url" | "headers" | "signature" | "format">
    | { format: Webhook["format"] },
  { clock, randomBytes }: Tools,
): Sample {
  const { url, headers, signature } =
    "url" in webhook ? webhook : { url: null, headers: [], signature: "HMAC_SHA256" as const };
  const body = bodyOf(event, webhook.format);
  const prepared = prepareRequest(
    {
      url: url ?? "",
      customHeaders: headers,
      body,
      eventId: event.id,
      eventType: event.typeName,
      deliveryId: null,
      attemptNumber: 1,
      isTest: false,
      secrets: [createSecret(signature, randomBytes(32))],
      timeoutMs: 0,
    },
    clock.now(),
  );
  return { ...prepared, headers: redactHeaders(prepared.headers, headers), url, body };
}

/** JSON text; null while the webhook's selection is broken. */
export function shapedPayload(
  { select: selections }: Pick<Webhook, "select">,
  event: Pick<Event, "typeName" | "payload">,
  catalog: Catalog,
): string | null {
  const selection = selections.find(({ eventType }) => eventType === event.typeName);
  if (!selection) return event.payload;
  const shaping = shapingOf(selection, catalog);
  if (shaping === "BROKEN") return null;
  return JSON.stringify(select(shaping.selection, payloadOf(event) as JsonObject));
}

/** What would keep the event from being sent now; null: nothing. */
function obstacleTo(webhook: Webhook, event: PastEvent, catalog: Catalog): string | null {
  const { eventTypes, filter, state, stateReason } = webhook;
  const type = catalog.find(event.typeName);
  if (!type || type.retiredAt)
    return `It would not be sent: ${event.typeName} was retired, and is published no more.`;
  const because = stateReason ? `: ${stateReason}` : "";
  if (!catalog.wants(eventTypes, event.typeName))
    return `It would not be sent: the webhook does not want ${event.typeName}; its eventTypes are ${eventTypes.join(", ")}.`;
  if (state === "DISABLED")
    return `It would not be sent: the webhook is disabled${because}. Events are not kept for it.`;
  const turnedAway = filter && whyNot(filter, payloadOf(event) as JsonObject);
  if (turnedAway) return `It would not be sent: the filter turns it away. ${turnedAway}`;
  if (shapedPayload(webhook, event, catalog) === null)
    return `It would be held: select asks for fields that ${event.typeName} has no more.`;
  const [problem] = checkPayload(type, payloadOf(event));
  if (problem) return `It would not be sent: it ${misfit(problem)}.`;
  if (state !== "ACTIVE")
    return `It would be held until the webhook is resumed: it is paused${because}.`;
  return null;
}
