import {
  answer,
  INBOX_REQUESTS_MAX,
  type InboxAnswer,
  type InboxRequest,
} from "../../domain/inbox.ts";
import type { Transaction } from "../transaction.ts";

/** What an inbox got, and what it answers; null when there is no such inbox (any more). */
export async function receive(
  transaction: Transaction,
  request: InboxRequest,
): Promise<InboxAnswer | null> {
  const { sql, tools } = transaction;
  const inbox = await sql.inbox(request.inboxId);
  if (!inbox || inbox.expiresAt <= tools.clock.now()) return null;
  const { failNext } = inbox;
  const answered = answer(inbox);
  if (inbox.failNext !== failNext) await sql.setFailNext(inbox);
  await sql.addInboxRequest(request);
  await sql.trimInbox(inbox.id, INBOX_REQUESTS_MAX);
  transaction.log({
    tenantId: inbox.tenantId,
    at: request.receivedAt,
    change: "RECEIVED",
    inboxId: inbox.id,
    requestId: request.id,
    deliveryId: request.deliveryId,
  });
  return answered;
}
