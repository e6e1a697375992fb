import { DAY } from "./duration.ts";
import type { Header } from "./outcome.ts";

/** An inbox keeps this many requests; the oldest go first. */
export const INBOX_REQUESTS_MAX = 500;
export const INBOXES_MAX = 1000;
/** What is kept of a request's body; the rest is read and dropped. */
export const INBOX_BODY_MAX = 1024 * 1024;
export const INBOX_LIFE_MAX_MS = 30 * DAY;
export const INBOX_DELAY_MAX_MS = 60_000;

/** The built-in request bin: a URL that records what it gets and answers as it is told to. */
export class Inbox {
  id!: string;
  tenantId!: string;
  name!: string | null;
  createdAt!: Date;
  expiresAt!: Date;
  responseStatus!: number;
  responseDelayMs!: number;
  /** Answer 503 to the next n requests. */
  failNext!: number;
}

export class InboxRequest {
  id!: string;
  tenantId!: string;
  inboxId!: string;
  receivedAt!: Date;
  method!: string;
  path!: string;
  headers!: Header[];
  body!: Uint8Array;
  bodyTruncated!: boolean;
  /** Null when it carries no signature or belongs to no webhook of ours. */
  signatureValid!: boolean | null;
  signatureProblem!: string | null;
  deliveryId!: string | null;
}

export interface InboxAnswer {
  readonly status: number;
  readonly delayMs: number;
}

/** What the inbox answers to its next request; counts failNext down. */
export function answer(inbox: Inbox): InboxAnswer {
  if (inbox.failNext === 0) return { status: inbox.responseStatus, delayMs: inbox.responseDelayMs };
  inbox.failNext--;
  return { status: 503, delayMs: inbox.responseDelayMs };
}
