import type { Catalog } from "./catalog/catalog.ts";
import type { EventType, Json, JsonObject } from "./catalog/entry.ts";
import { shapeOf } from "./catalog/shape-of.ts";
import type { Claim } from "./delivery.ts";
import type { Event } from "./event.ts";
import { checkedDuration, zodProblems } from "./input.ts";
import { didYouMean, nearMisses } from "./near-miss.ts";
import { below, type PayloadProblem } from "./payload-problem.ts";
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
  | { readonly eventId: PastEvent }
  | { readonly custom: { readonly type: string; readonly payload: Json } };

export type PastEvent = Pick<Event, "id" | "typeName" | "occurredAt" | "payload">;

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
    const path = pathIn(subject, refusal.details.path);
    throw new Refusal(refusal.reason, { ...refusal.details, path }).under(
      "event",
      ...Object.keys(subject),
    );
  }
}

/** A past event has no parts that its caller could name. */
function pathIn(subject: TestSubject, path: readonly string[] = []): readonly string[] {
  if ("eventId" in subject) return [];
  return "sample" in subject && path[0] === "payload" ? ["overrides"] : path;
}

/** The sample of the first catalog type that the webhook matches. */
export function sampleFor(webhook: Webhook, catalog: Catalog): TestSubject {
  const [type] = catalog.matched(webhook.eventTypes);
  if (!type) throw new Refusal("EVENT_TYPE_NOT_FOUND", { path: ["webhook"] });
  return { sample: { type: type.name } };
}

function testInput(subject: TestSubject, catalog: Catalog): EventInput {
  if ("custom" in subject) return subject.custom;
  if ("eventId" in subject) return pastInput(subject.eventId, catalog);
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
  const problems = [...slips(overrides ?? {}, type), ...checkPayload(type, payload)];
  refuseIf(problems.map((problem) => ({ ...problem, path: ["overrides"] })));
  return { type: type.name, payload };
}

/** Most schemas let undeclared fields pass, but one with nearly the name of a declared one was meant to be that. */
function slips(overrides: Json, { schema, samplePayload }: EventType): PayloadProblem[] {
  const known = new Set([...shapeOf(schema).fields.keys(), ...Object.keys(samplePayload)]);
  return Object.keys(overrides as JsonObject).flatMap((key) => {
    const meant = known.has(key) ? "" : didYouMean(nearMisses(key, known));
    if (meant === "") return [];
    const pointer = below("", key);
    return [{ pointer, message: `${pointer} is no field of the type${meant}` }];
  });
}

/** It fitted the type when it was published, which may have changed since. */
function pastInput({ typeName, payload: text }: PastEvent, catalog: Catalog): EventInput {
  const payload: unknown = JSON.parse(text);
  const type = catalog.find(typeName);
  const problems = type && !type.retiredAt ? checkPayload(type, payload) : [];
  refuseIf(problems.map((problem) => ({ ...problem, path: [], message: misfit(problem) })));
  return { type: typeName, payload };
}

export function misfit({ message }: { readonly message: string }): string {
  return `does not fit its type as it is now: ${message}`;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
