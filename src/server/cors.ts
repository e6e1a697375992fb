import type { IncomingMessage, ServerResponse } from "node:http";

/** Who may call from a browser. */
export interface Origins {
  /** The address that browsers know the service by. */
  readonly publicUrl: string;
  /** Other sites whose pages may call with a key; a session is never theirs. */
  readonly allowed: readonly string[];
}

const PREFLIGHT = {
  "access-control-allow-methods": "GET, POST",
  "access-control-allow-headers": "authorization, content-type, accept",
  // As long as any browser remembers it.
  "access-control-max-age": "7200",
} as const;

/** A page of the service itself. */
export function isOwnOrigin(
  { origin, host }: IncomingMessage["headers"],
  publicUrl: string,
): boolean {
  if (origin === undefined) return false;
  return origin === publicUrl || (URL.canParse(origin) && new URL(origin).host === host);
}

/** Whether a page may open a socket. Only browsers name an origin, and they let any page open one anywhere. */
export function mayOpenSocket({ headers }: IncomingMessage, origins: Origins): boolean {
  const { origin } = headers;
  if (origin === undefined || isOwnOrigin(headers, origins.publicUrl)) return true;
  return origins.allowed.includes(origin);
}

/**
 * Lets pages of the allowed origins read the answer, and answers their preflights: true when this was one. No
 * credentials are allowed, so that a browser sends no cookie along; a key it sends because the page says so.
 */
export function allowOrigin(
  { headers, method }: IncomingMessage,
  response: ServerResponse,
  { allowed }: Origins,
): boolean {
  if (allowed.length === 0) return false;
  response.setHeader("vary", "origin");
  if (headers.origin === undefined || !allowed.includes(headers.origin)) return false;
  response.setHeader("access-control-allow-origin", headers.origin);
  response.setHeader("access-control-expose-headers", "retry-after, www-authenticate");
  if (method !== "OPTIONS" || headers["access-control-request-method"] === undefined) return false;
  response.writeHead(204, PREFLIGHT).end();
  return true;
}
