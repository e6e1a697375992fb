import type { CustomHeader } from "./request.ts";
import type { Work } from "./store.ts";
import type { Tools } from "./tools.ts";
import type { Vault } from "./vault.ts";
import type { CheckedWebhook } from "./webhook-input.ts";
import { SigningSecret, type StoredHeader, type Webhook } from "./webhook.ts";

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
  // Later than before in any case: by the time of its change everybody sees that there was one.
  webhook.updatedAt = new Date(
    Math.max(tools.clock.now().getTime(), webhook.updatedAt.getTime() + 1),
  );
}

/** What both a checked input and a stored webhook hold under the same name. */
const SAME = [
  "key",
  "name",
  "url",
  "eventTypes",
  "description",
  "integration",
  "format",
  "signature",
  "maxInFlight",
  "rateLimitPerSecond",
] as const;

/** Writes what differs: a script that says the same again leaves version and time of change alone. */
export function write(webhook: Webhook, checked: CheckedWebhook, { clock, vault }: Tools): void {
  const { headers, retryDelays, timeout } = checked;
  const content = { retryDelaysMs: retryDelays, timeoutMs: timeout, ...sameOf(checked) };
  if (
    webhook.updatedAt &&
    contentText(webhook, openHeaders(webhook, vault)) === contentText(content, headers)
  )
    return;
  Object.assign(webhook, content, { updatedAt: clock.now() });
  webhook.headers = headers.map((header) => sealHeader(header, webhook.id, vault));
}

type Same = Pick<CheckedWebhook, (typeof SAME)[number]>;

function sameOf(from: Same): Same {
  return Object.fromEntries(SAME.map((name) => [name, from[name]])) as Same;
}

function contentText(
  from: Same & Pick<Webhook, "retryDelaysMs" | "timeoutMs">,
  headers: readonly CustomHeader[],
): string {
  const { retryDelaysMs, timeoutMs } = from;
  return JSON.stringify({ retryDelaysMs, timeoutMs, headers, ...sameOf(from) });
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
