const CAP_MS = 24 * 60 * 60 * 1000;

/** The three forms of an HTTP-date (RFC 9110, 5.6.7); the last one has no zone and means GMT. */
const DATES = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
];

/**
 * Milliseconds that a Retry-After header asks to wait (RFC 9110, 10.2.3): whole seconds or an
 * HTTP-date. At most 24 h; undefined for a date that has passed and for anything else.
 */
export function parseRetryAfter(value: string, now: Date): number | undefined {
  const text = value.trim();
  // Digits first: Date.parse takes "120" for a year.
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, CAP_MS);
  if (!DATES.some((form) => form.test(text))) return undefined;
  const ms = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`) - now.getTime();
  return ms >= 0 ? Math.min(ms, CAP_MS) : undefined;
}
