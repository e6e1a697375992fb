/** What one attempt came to. A failed attempt is a value: it is recorded, never thrown. */
export const ATTEMPT_OUTCOMES = [
  "SUCCEEDED",
  "HTTP_STATUS",
  "TIMEOUT",
  "DNS",
  "CONNECT",
  "TLS",
  "REDIRECT",
  "BLOCKED_ADDRESS",
  "INVALID_RESPONSE",
  "INTERNAL",
] as const;
export type OutcomeKind = (typeof ATTEMPT_OUTCOMES)[number];

/** A header as it went over the wire; the value of a secret one reads "[redacted]". */
export interface Header {
  readonly name: string;
  readonly value: string;
}

/** Milliseconds of each phase; a phase that did not happen (a kept-alive connection, a failure before it) is absent. */
export interface Timings {
  readonly dnsMs?: number;
  readonly connectMs?: number;
  readonly tlsMs?: number;
  readonly firstByteMs?: number;
  readonly downloadMs?: number;
}

export interface ReceivedResponse {
  readonly status: number;
  readonly headers: readonly Header[];
  /** The first 16 KiB at most, as received: never inflated, never decoded. */
  readonly body: Uint8Array;
  /** More came, or was announced, than `body` holds. */
  readonly truncated: boolean;
}

/** Plain data, so that it crosses threads. */
export interface Outcome {
  readonly kind: OutcomeKind;
  /** What happened in plain words, and what to do about it. */
  readonly message: string;
  readonly startedAt: Date;
  readonly tookMs: number;
  readonly timings: Timings;
  /** The address connected to; absent when no connection was made. */
  readonly remoteAddress?: string;
  readonly requestHeaders: readonly Header[];
  readonly response?: ReceivedResponse;
  /** What the receiver asked for with Retry-After, in milliseconds from the end of the attempt. At most 24 h. */
  readonly retryAfterMs?: number;
}

/**
 * Whether the receiver looks overloaded or gone, so that its lane has to slow down:
 * no answer at all, 429 or 5xx. A 4xx is an answer of a working receiver.
 */
export function isStrain(outcome: Outcome): boolean {
  const status = outcome.response?.status;
  return (
    !["SUCCEEDED", "INTERNAL"].includes(outcome.kind) &&
    (status === undefined || status === 429 || status >= 500)
  );
}
