import manifest from "../../package.json" with { type: "json" };
import type { Header } from "./outcome.ts";
import { signature, signedContent } from "./signature.ts";

/** A custom header of a webhook. */
export interface CustomHeader {
  readonly name: string;
  readonly value: string;
  readonly isSecret: boolean;
}

/** All that one attempt needs, as plain data: it crosses to the sender's thread. */
export interface OutgoingRequest {
  readonly url: string;
  readonly customHeaders: readonly CustomHeader[];
  /** The exact text that is signed and sent, UTF-8. */
  readonly body: string;
  readonly eventId: string;
  readonly eventType: string;
  /** Null for a preview, which belongs to no delivery. */
  readonly deliveryId: string | null;
  readonly attemptNumber: number;
  readonly isTest: boolean;
  /** Each that is valid, newest first: `whsec_…` or `whsk_…`. */
  readonly secrets: readonly string[];
  readonly timeoutMs: number;
}

export interface PreparedRequest {
  readonly method: "POST";
  readonly headers: readonly Header[];
  readonly signedContent: string;
}

export const CONTENT_TYPE = "application/json";
export const REDACTED = "[redacted]";

/** Headers and signature of one attempt at `at` (Standard Webhooks 1.0.0, https://www.standardwebhooks.com). */
export function prepareRequest(request: OutgoingRequest, at: Date): PreparedRequest {
  const timestamp = Math.floor(at.getTime() / 1000);
  const content = signedContent(request.eventId, timestamp, request.body);
  const headers: Header[] = [
    { name: "content-type", value: CONTENT_TYPE },
    { name: "user-agent", value: `Hookwire/${manifest.version}` },
    { name: "accept-encoding", value: "identity" },
    { name: "webhook-id", value: request.eventId },
    { name: "webhook-timestamp", value: String(timestamp) },
    {
      name: "webhook-signature",
      value: request.secrets.map((secret) => signature(secret, content)).join(" "),
    },
    { name: "hookwire-event-type", value: request.eventType },
    { name: "hookwire-attempt", value: String(request.attemptNumber) },
  ];
  if (request.deliveryId) headers.push({ name: "hookwire-delivery", value: request.deliveryId });
  if (request.isTest) headers.push({ name: "hookwire-test", value: "true" });
  for (const { name, value } of request.customHeaders) headers.push({ name, value });
  return { method: "POST", headers, signedContent: content };
}

/** The headers of `prepareRequest` as they may be stored and shown. */
export function redactHeaders(
  headers: readonly Header[],
  custom: readonly CustomHeader[],
): Header[] {
  const secret = new Set(custom.filter((header) => header.isSecret).map((header) => header.name));
  return headers.map(({ name, value }) => ({ name, value: secret.has(name) ? REDACTED : value }));
}
