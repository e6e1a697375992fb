import type { IncomingMessage } from "node:http";

export interface ReadBody {
  readonly bytes: Buffer;
  /** More came than was kept. */
  readonly truncated: boolean;
}

/** A request's body, all of it read and the first `most` bytes kept. Rejects when the client goes away. */
export async function readBody(request: IncomingMessage, most: number): Promise<ReadBody> {
  const chunks: Buffer[] = [];
  let kept = 0;
  let truncated = false;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    const room = most - kept;
    if (chunk.length > room) truncated = true;
    if (room > 0) chunks.push(chunk.subarray(0, room));
    kept += Math.min(chunk.length, room);
  }
  return { bytes: Buffer.concat(chunks), truncated };
}
