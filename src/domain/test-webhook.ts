import type { Catalog } from "./catalog/catalog.ts";
import type { Json, JsonObject } from "./catalog/entry.ts";
import type { Claim } from "./delivery.ts";
import type { Event } from "./event.ts";
import { checkedDuration, zodProblems } from "./input.ts";
import { accept, checkPayload, type EventInput } from "./publish.ts";
import { Refusal, refuseIf } from "./refusal.ts";
import type { NewEvent } from "./store.ts";
import type { Tools } from "./tools.ts";
import { brokenSelections } from "./webhook-shape.ts";
import type { Webhook, WebhookRef } from "./webhook.ts";

/** How long the answer waits for the attempt. */
const WAIT = checkedDuration(0, 60_000);

/** What a test is about: a sample, the payload of a past event, or one of the caller's own. */
export type TestSubject =
  | { readonly sample: { readonly type: string; readonly overrides?: Json } }
  | { readonly eventId: Pick<Event, "typeName" | "payload"> }
  | { readonly custom: { readonly type: string; readonly payload: Json } };

export interface TestRun {
  readonly deliveryId: string;
  /** Null when the attempt was still running after the wait. */
  readonly isRecorded: boolean;
  /** The log's position before the test. */
  readonly position: number;
}

/**
 * Sends a test event: an event of its own, one attempt, ahead of its lane and in every state of the webhook, seen by
 * neither health nor counts. A receiver that fails is a test that worked.
 */
export async function testWebhook(
  tenantId: string,
  ref: WebhookRef,
  { subject, wait }: { subject: TestSubject | null; wait: string },
  tools: Tools,
): Promise<TestRun> {
  const waitMs = WAIT.safeParse(wait);
  refuseIf(zodProblems(waitMs.error).map((problem) => ({ ...problem, path: ["wait"] })));
  const webhook = await tools.store.webhook(tenantId, ref);
  const catalog = await tools.store.catalog(tenantId);
  const test = acceptTest(tenantId, subject ?? sampleFor(webhook, catalog), { ...tools, catalog });
  if (brokenSelections(webhook.select, catalog).includes(test.event.typeName))
    throw new Refusal("SELECTION_BROKEN", { path: ["webhook"], existingId: webhook.id });
  const position = tools.store.position(tenantId);
  const { claim, recorded } = await begin(test, webhook.id, tools);
  const stop = new AbortController();
  const isRecorded = await Promise.race([
    recorded.then(() => true),
    tools.clock.wait(waitMs.data!, stop.signal).then(() => false),
  ]);
  stop.abort();
  return { deliveryId: claim.deliveryId, isRecorded, position };
}

/** Keeps the test and sends it, in one of the few places for tests. */
async function begin(
  test: NewEvent,
  webhookId: string,
  { lanes, testPlaces, store, announce }: Tools,
): Promise<{ claim: Claim; recorded: Promise<void> }> {
  if (!testPlaces.take())
    throw new Refusal("TESTS_RUNNING", { limit: testPlaces.most, retryAfterMs: 1000 });
  try {
    const claim = await store.keepTest(test, webhookId);
    const { tenantId, id: eventId, typeName: eventType } = test.event;
    announce({
      type: "event.published",
      tenantId,
      eventId,
      eventType,
      isTest: true,
      deliveries: 1,
    });
    return { claim, recorded: lanes.deliverNow(claim).finally(() => testPlaces.free()) };
  } catch (error) {
    testPlaces.free();
    throw error;
  }
}

/** The event of a test or a preview; refusals name the part of the subject that is wrong. */
export function acceptTest(
  tenantId: string,
  subject: TestSubject,
  tools: Parameters<typeof accept>[2],
): NewEvent {
  try {
    const test = accept(tenantId, testInput(subject, tools.catalog), tools);
    Object.assign(test.event, { isTest: true, matchedWebhooks: 1 });
    return test;
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const path =
      "sample" in subject && refusal.details.path?.[0] === "payload"
        ? ["overrides"]
        : refusal.details.path;
    throw new Refusal(refusal.reason, { ...refusal.details, path }).under(
      "event",
      ...Object.keys(subject),
    );
  }
}

/** The sample of the first catalog type that the webhook matches. */
export function sampleFor(webhook: Webhook, catalog: Catalog): TestSubject {
  const [type] = catalog.matched(webhook.eventTypes);
  if (!type) throw new Refusal("EVENT_TYPE_NOT_FOUND", { path: ["webhook"] });
  return { sample: { type: type.name } };
}

function testInput(subject: TestSubject, catalog: Catalog): EventInput {
  if ("custom" in subject) return subject.custom;
  if ("eventId" in subject)
    return { type: subject.eventId.typeName, payload: JSON.parse(subject.eventId.payload) };
  const { type: name, overrides } = subject.sample;
  const type = catalog.find(name);
  if (!type) throw new Refusal("EVENT_TYPE_NOT_FOUND", { path: ["type"] });
  if (overrides != null && !isObject(overrides))
    refuseIf([
      {
        path: ["overrides"],
        message: 'must be an object of top-level fields, such as {"payment_id": 2}',
      },
    ]);
  const payload = { ...type.samplePayload, ...(overrides as JsonObject | undefined) };
  refuseIf(checkPayload(type, payload).map((problem) => ({ ...problem, path: ["overrides"] })));
  return { type: type.name, payload };
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
