import type { IncomingMessage, ServerResponse } from "node:http";
import { INBOX_BODY_MAX, type InboxAnswer } from "../domain/inbox.ts";
import type { InboxVisit } from "../domain/visit.ts";
import { readBody } from "./body.ts";

/** Records the visit and says what to answer; null when there is no such inbox. */
export type VisitInbox = (
  visit: InboxVisit,
) => Promise<(InboxAnswer & { readonly requestId: string }) | null>;

const BODILESS = new Set([204, 205, 304]);

export async function serveInbox(
  request: IncomingMessage,
  response: ServerResponse,
  visit: VisitInbox,
  wait: (ms: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const path = request.url!;
  const inboxId = /^\/in\/([^/?]+)/.exec(path)?.[1] ?? "";
  const { bytes, truncated } = await readBody(request, INBOX_BODY_MAX);
  const { rawHeaders } = request;
  const headers = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? { name: name.toLowerCase(), value: rawHeaders[index + 1]! } : [],
  );
  const answer = await visit({
    inboxId,
    method: request.method!,
    path,
    headers,
    body: bytes,
    bodyTruncated: truncated,
  });
  if (!answer)
    return send(response, 404, { error: "There is no such inbox; it may have expired." });
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  if (answer.delayMs > 0) await wait(answer.delayMs, gone.signal);
  send(response, answer.status, { request: answer.requestId });
}

function send(response: ServerResponse, status: number, body: object): void {
  if (BODILESS.has(status)) return void response.writeHead(status).end();
  response
    .writeHead(status, { "content-type": "application/json" })
    .end(`${JSON.stringify(body)}\n`);
}
