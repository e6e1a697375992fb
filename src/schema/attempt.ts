import { ATTEMPT_TRIGGERS } from "../domain/delivery.ts";
import { bodyOf } from "../domain/event.ts";
import { ATTEMPT_OUTCOMES, type Timings } from "../domain/outcome.ts";
import { CONTENT_TYPE, REDACTED } from "../domain/request.ts";
import { builder } from "./builder.ts";
import { contentTypeOf, HttpBody, HttpHeader } from "./http.ts";
import { Node } from "./node.ts";
import { AttemptRef, DeliveryRef } from "./refs.ts";

export const AttemptOutcomeEnum = builder.enumType("AttemptOutcome", {
  description: "What one attempt came to.",
  values: {
    SUCCEEDED: { description: "The receiver answered 2xx." },
    HTTP_STATUS: { description: "It answered another status." },
    TIMEOUT: { description: "The attempt's deadline passed." },
    DNS: { description: "The host name could not be resolved." },
    CONNECT: { description: "No connection, or one that broke before an answer." },
    TLS: { description: "The encrypted connection failed, such as by a bad certificate." },
    REDIRECT: { description: "It answered a redirect, which is not followed." },
    BLOCKED_ADDRESS: { description: "The address is one that webhooks may not reach." },
    INVALID_RESPONSE: { description: "The answer was no valid HTTP." },
    INTERNAL: {
      description: "The service itself stopped or failed; it does not count against the receiver.",
    },
  } satisfies Record<(typeof ATTEMPT_OUTCOMES)[number], object>,
});

const AttemptTriggerEnum = builder.enumType("AttemptTrigger", {
  description: "Why an attempt was made.",
  values: {
    AUTOMATIC: { description: "By the service's own schedule." },
    MANUAL: { description: "Somebody asked for a redelivery." },
    TEST: { description: "By testWebhook." },
  } satisfies Record<(typeof ATTEMPT_TRIGGERS)[number], object>,
});

const AttemptTimings = builder.objectRef<Timings>("AttemptTimings").implement({
  description:
    "Milliseconds of each phase; null for one that did not happen, as on a kept connection.",
  fields: (t) => ({
    dnsMs: t.exposeFloat("dnsMs", { nullable: true, description: "Resolving the name." }),
    connectMs: t.exposeFloat("connectMs", { nullable: true, description: "Connecting." }),
    tlsMs: t.exposeFloat("tlsMs", { nullable: true, description: "Securing the connection." }),
    firstByteMs: t.exposeFloat("firstByteMs", {
      nullable: true,
      description: "From the request to the first byte of the answer.",
    }),
    downloadMs: t.exposeFloat("downloadMs", { nullable: true, description: "Reading the answer." }),
  }),
});

AttemptRef.implement({
  authScopes: { needs: "DELIVERIES_READ" },
  description:
    "One HTTP request. On a kept connection that turns out to be closed it is sent again at once, within the same attempt.",
  interfaces: [Node],
  fields: (t) => ({
    delivery: t.field({
      type: DeliveryRef,
      nullable: true,
      description: "What it was made for.",
      resolve: ({ deliveryId }, _args, { load }) => load.delivery.load(deliveryId),
    }),
    number: t.exposeInt("number", { description: "Counts from 1 over all redeliveries." }),
    trigger: t.expose("trigger", { type: AttemptTriggerEnum, description: "Why it was made." }),
    outcome: t.expose("outcome", { type: AttemptOutcomeEnum, description: "What it came to." }),
    message: t.exposeString("message", {
      description: "What happened in plain words, and what to do about it.",
    }),
    startedAt: t.expose("startedAt", { type: "DateTime", description: "When it began." }),
    durationMs: t.exposeFloat("durationMs", {
      description: "From the beginning to the end, in milliseconds.",
    }),
    timings: t.expose("timings", {
      type: AttemptTimings,
      nullable: true,
      description: "Where the time went.",
    }),
    url: t.expose("url", { type: "URL", description: "The webhook's URL at that time." }),
    remoteAddress: t.exposeString("remoteAddress", {
      nullable: true,
      description: "The address connected to; null when there was no connection.",
    }),
    requestHeaders: t.field({
      type: [HttpHeader],
      description:
        "What was sent; secret headers are redacted, and the signature for callers without WEBHOOKS_WRITE.",
      resolve: ({ requestHeaders }, _args, { caller: { rights } }) =>
        rights.scopes.has("WEBHOOKS_WRITE")
          ? [...requestHeaders]
          : requestHeaders.map((header) =>
              header.name === "webhook-signature" ? { ...header, value: REDACTED } : header,
            ),
    }),
    requestBody: t.field({
      type: HttpBody,
      nullable: true,
      authScopes: { needs: "EVENTS_READ" },
      description: "What was sent: the signed bytes.",
      async resolve({ deliveryId }, _args, { load }) {
        const delivery = await load.delivery.load(deliveryId);
        const event = delivery && (await load.event.load(delivery.eventId));
        if (!event) return null;
        const { shape } = delivery;
        const payload =
          shape === null ? event.payload : await load.body.load(`${event.id} ${shape}`);
        if (payload === null) return null;
        return {
          bytes: Buffer.from(bodyOf(event, delivery.format, payload)),
          truncated: false,
          contentType: CONTENT_TYPE,
        };
      },
    }),
    responseStatus: t.exposeInt("responseStatus", {
      nullable: true,
      description: "Null when there was no answer.",
    }),
    responseHeaders: t.field({
      type: [HttpHeader],
      description: "What came back; cookies are redacted.",
      resolve: ({ responseHeaders }) => [...responseHeaders],
    }),
    responseBody: t.field({
      type: HttpBody,
      nullable: true,
      description: "The first 16 KiB of what came back; null when there was no answer.",
      resolve: ({ responseBody, responseTruncated: truncated, responseHeaders }) =>
        responseBody && {
          bytes: responseBody,
          truncated,
          contentType: contentTypeOf(responseHeaders),
        },
    }),
  }),
});
