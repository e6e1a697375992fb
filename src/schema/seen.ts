import { Refusal } from "../domain/refusal.ts";
import { splitUserinfo } from "../domain/userinfo.ts";
import { SigningSecret, type WebhookRef } from "../domain/webhook.ts";
import type { Context } from "./context.ts";

/** For commands: what a narrow token does not show is not there for it. Whoever has a key is not held up by a read. */
export async function seeWebhook(ref: WebhookRef, context: Context): Promise<void> {
  const { caller, reader, tenantId } = context;
  if (caller.rights.webhookIds && !(await reader.webhook(tenantId, ref)))
    throw new Refusal("WEBHOOK_NOT_FOUND", { path: ["webhook"] });
}

export async function seeSecret(id: string, context: Context): Promise<void> {
  const { caller, reader, tenantId } = context;
  if (caller.rights.webhookIds && (await reader.byIds(SigningSecret, tenantId, [id])).length === 0)
    throw new Refusal("SECRET_NOT_FOUND", { path: ["secretId"] });
}

export async function seeDelivery(id: string, context: Context): Promise<void> {
  const { caller, reader, tenantId } = context;
  if (caller.rights.webhookIds && !(await reader.delivery(tenantId, id)))
    throw new Refusal("DELIVERY_NOT_FOUND", { path: ["deliveryId"] });
}

export async function seeInbox(id: string, context: Context): Promise<void> {
  const { caller, reader, tenantId } = context;
  if (caller.rights.webhookIds && !(await reader.inbox(tenantId, id)))
    throw new Refusal("INBOX_NOT_FOUND", { path: ["inboxId"] });
}

/** What is made belongs to none of the webhooks that a narrow token is for. */
export function refuseNarrow({ caller }: Context): void {
  if (caller.rights.webhookIds) throw new Refusal("TOKEN_IS_NARROW");
}

/** A webhook that points to an inbox shows what that gets: a narrow token can't take another one's by its address. */
export async function seeUrl(url: string | null | undefined, context: Context): Promise<void> {
  const { caller, reader, tenantId, inboxUrl } = context;
  const prefix = inboxUrl("");
  // As it will be stored: without a user name and password.
  const href = url == null ? undefined : URL.parse(splitUserinfo(url).url)?.href;
  if (!caller.rights.webhookIds || !href?.startsWith(prefix)) return;
  const inboxId = href.slice(prefix.length).split(/[/?#]/)[0]!;
  if (!(await reader.inbox(tenantId, inboxId)))
    throw new Refusal("TOKEN_IS_NARROW", { path: ["url"] });
}
