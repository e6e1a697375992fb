import type { CustomHeader } from "./request.ts";
import { createSecret, hintOf, publicKeyOf } from "./secret.ts";
import type { Work } from "./store.ts";
import type { Tools } from "./tools.ts";
import type { Vault } from "./vault.ts";
import type { CheckedWebhook } from "./webhook-input.ts";
import { SigningSecret, touch, type StoredHeader, type Webhook } from "./webhook.ts";

/** The secret that a webhook signs with from now on, made for it unless one is brought. Returns what is shown of it. */
export function addSecret(
  webhook: Webhook,
  brought: string | null,
  work: Work,
  tools: Tools,
): string | null {
  const { signature } = webhook;
  const secret = brought ?? createSecret(signature, tools.randomBytes(32));
  work.add(sealedSecret(webhook, secret, tools));
  return brought === null && signature === "HMAC_SHA256" ? secret : null;
}

function sealedSecret(
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
    hint: hintOf(secret),
    publicKey: publicKeyOf(secret),
    createdAt: clock.now(),
    expiresAt: null,
  });
}

/** A secret that is not the one that a webhook goes on with takes the place of all that are there. */
export async function replaceSecret(
  webhook: Webhook,
  secret: string,
  work: Work,
  tools: Tools,
): Promise<void> {
  const stored = await work.secrets(webhook.id);
  const isCurrent = ({ id, sealed, expiresAt }: SigningSecret) =>
    expiresAt === null && tools.vault.open(sealed, id) === secret;
  if (stored.some(isCurrent)) return;
  for (const old of stored) work.remove(old);
  addSecret(webhook, secret, work, tools);
  touch(webhook, tools.clock.now());
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
  "filter",
  "keepFiltered",
  "select",
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

/** The headers of a webhook as they are stored under another key. */
export function resealHeaders(
  webhook: Pick<Webhook, "id" | "headers">,
  from: Vault,
  to: Vault,
): StoredHeader[] {
  return openHeaders(webhook, from).map((header) => sealHeader(header, webhook.id, to));
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
