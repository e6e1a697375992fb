import stableStringify from "safe-stable-stringify";
import { Refusal } from "./refusal.ts";
import type { CustomHeader } from "./request.ts";
import { parseSecret } from "./signature.ts";
import type { Work } from "./store.ts";
import type { Tools } from "./tools.ts";
import type { Vault } from "./vault.ts";
import type { CheckedWebhook } from "./webhook-input.ts";
import { SigningSecret, type StoredHeader, type Webhook } from "./webhook.ts";

/** A secret that its owner brings along, in its normal form; refuses one that is none. */
export function broughtSecret(text: string): string {
  const parsed = parseSecret(text);
  if (parsed.ok) return parsed.secret;
  throw new Refusal("INPUT_INVALID", {
    path: ["secret"],
    problems: [{ path: ["secret"], message: parsed.problem }],
  });
}

export function sealedSecret(
  webhook: Webhook,
  secret: string,
  { newId, vault, clock }: Tools,
): SigningSecret {
  const id = newId("sec");
  return Object.assign(new SigningSecret(), {
    id,
    tenantId: webhook.tenantId,
    webhookId: webhook.id,
    scheme: webhook.signature,
    sealed: vault.seal(secret, id),
    hint: secret.slice(-4),
    createdAt: clock.now(),
  });
}

/** A secret that differs takes the place of those there. */
export async function replaceSecret(
  webhook: Webhook,
  secret: string,
  work: Work,
  tools: Tools,
): Promise<void> {
  const stored = await work.secrets(webhook.id);
  if (stored.some(({ sealed, id }) => tools.vault.open(sealed, id) === secret)) return;
  for (const old of stored) work.remove(old);
  work.add(sealedSecret(webhook, secret, tools));
  webhook.updatedAt = tools.clock.now();
}

/** Writes what differs: a script that says the same again leaves version and time of change alone. */
export function write(webhook: Webhook, checked: CheckedWebhook, { clock, vault }: Tools): void {
  if (stableStringify(checkedOf(webhook, vault)) === stableStringify(pickChecked(checked))) return;
  const { headers, retryDelays, timeout, ...same } = pickChecked(checked);
  Object.assign(webhook, same, {
    retryDelaysMs: retryDelays,
    timeoutMs: timeout,
    updatedAt: clock.now(),
  });
  webhook.headers = headers.map((header) => sealHeader(header, webhook.id, vault));
}

/** The webhook in the form of a checked input; undefined before it has been written for the first time. */
function checkedOf(webhook: Webhook, vault: Vault): CheckedWebhook | undefined {
  if (!webhook.updatedAt) return undefined;
  return pickChecked(
    Object.assign({}, webhook, {
      retryDelays: webhook.retryDelaysMs,
      timeout: webhook.timeoutMs,
      headers: openHeaders(webhook, vault),
    }),
  );
}

function pickChecked(from: CheckedWebhook): CheckedWebhook {
  const { key, name, url, eventTypes, description, integration, format, signature, maxInFlight } =
    from;
  const { retryDelays, timeout, headers } = from;
  return {
    key,
    name,
    url,
    eventTypes,
    description,
    integration,
    format,
    signature,
    maxInFlight,
    retryDelays,
    timeout,
    headers,
  };
}

function sealHeader(header: CustomHeader, owner: string, vault: Vault): StoredHeader {
  return header.isSecret
    ? { ...header, value: vault.seal(header.value, `${owner}/${header.name}`) }
    : header;
}

/** The headers of a webhook with the values of secret ones in the clear: for sending, never for showing. */
export function openHeaders(
  webhook: Pick<Webhook, "id" | "headers">,
  vault: Vault,
): CustomHeader[] {
  return webhook.headers.map((header) =>
    header.isSecret
      ? { ...header, value: vault.open(header.value, `${webhook.id}/${header.name}`) }
      : header,
  );
}
