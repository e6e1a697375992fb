/** What one request may bring. */
export const LIMITS = {
  /** Bytes of a request's body: 1,000 events fit. */
  bodyBytes: 16 * 1024 * 1024,
  /** Tokens of a GraphQL document: the parser stops there, before anything deep or endless costs time. */
  documentTokens: 10_000,
  /** Bytes of one socket message. */
  messageBytes: 1024 * 1024,
  /** Operations under way on one socket, subscriptions included. */
  operationsPerSocket: 100,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
} as const;
