/** The streams that a cursor can belong to; an inbox has one of its own. */
export type StreamName = "deliveries" | "webhooks" | `inbox ${string}`;

/** An opaque position in one stream of one tenant. */
export function writeCursor(stream: StreamName, tenantId: string, position: number): string {
  return Buffer.from(JSON.stringify([stream, tenantId, position])).toString("base64url");
}

/** The position; undefined for a cursor of another stream or tenant, and for any other text. */
export function readCursor(
  stream: StreamName,
  tenantId: string,
  cursor: string,
): number | undefined {
  try {
    const [itsStream, itsTenant, position] = JSON.parse(
      Buffer.from(cursor, "base64url").toString(),
    ) as unknown[];
    const isOurs = itsStream === stream && itsTenant === tenantId;
    return isOurs && Number.isSafeInteger(position) && (position as number) >= 0
      ? (position as number)
      : undefined;
  } catch {
    return undefined; // Not one of our cursors: the caller says so.
  }
}
