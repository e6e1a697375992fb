import { DAY } from "./duration.ts";
import type { WebhookFact } from "./fact.ts";
import { checkedDuration, zodProblems } from "./input.ts";
import { Refusal, refuseIf, type Problem } from "./refusal.ts";
import type { SignatureScheme } from "./secret.ts";
import type { Tools } from "./tools.ts";
import { addSecret } from "./webhook-content.ts";
import { checkSecret } from "./webhook-input.ts";
import { touch, type SigningSecret, type Webhook, type WebhookRef } from "./webhook.ts";

/** Old secrets that sign beside the new one: each makes every request's signature longer. */
const OLD_SECRETS_MAX = 5;
const OVERLAP = checkedDuration(0, 7 * DAY);

export interface RotationInput {
  /** Of the caller's own, `whsec_…` or `whsk_…`; made when null. */
  readonly secret: string | null;
  /** How the new one signs; as the one before when null. */
  readonly signature: SignatureScheme | null;
  /** ISO 8601. */
  readonly overlap: string;
}

export interface Rotated {
  readonly webhook: Webhook;
  /** Shown this once; null when the caller brought it, and for ed25519. */
  readonly secret: string | null;
  /** From here on the one before signs no more. */
  readonly previousExpiresAt: Date;
}

/** A new secret signs at once; the one before goes on beside it for the overlap, older ones to the end they have. */
export async function rotateWebhookSecret(
  tenantId: string,
  ref: WebhookRef,
  input: RotationInput,
  tools: Tools,
): Promise<Rotated> {
  const rotated = await tools.store.change(
    tenantId,
    async (work) => {
      const webhook = await work.webhook(ref);
      const signature = input.signature ?? webhook.signature;
      const { secret, overlapMs } = checkRotation(input, signature);
      const now = tools.clock.now();
      const previousExpiresAt = new Date(now.getTime() + overlapMs);
      const { old, gone } = sort(await work.secrets(webhook.id), now, secret, tools);
      for (const each of old) each.expiresAt ??= previousExpiresAt;
      refuseTooMany(old, now);
      for (const each of gone) work.remove(each);
      webhook.signature = signature;
      touch(webhook, now);
      return { webhook, secret: addSecret(webhook, secret, work, tools), previousExpiresAt };
    },
    tools.by,
  );
  announce("secret.rotated", rotated.webhook, tools);
  return rotated;
}

/** Ends a secret at once; the one that a webhook goes on with can't be, so that no request is ever without a signature. */
export async function revokeSigningSecret(
  tenantId: string,
  secretId: string,
  tools: Tools,
): Promise<{ readonly webhook: Webhook }> {
  const webhook = await tools.store.change(
    tenantId,
    async (work) => {
      const secret = await work.secret(secretId);
      if (secret.expiresAt === null) throw new Refusal("SECRET_IN_USE", { path: ["secretId"] });
      const webhook = await work.webhook({ id: secret.webhookId });
      work.remove(secret);
      touch(webhook, tools.clock.now());
      return webhook;
    },
    tools.by,
  );
  announce("secret.revoked", webhook, tools);
  return { webhook };
}

function checkRotation(
  { secret: text, overlap }: RotationInput,
  signature: SignatureScheme,
): { readonly secret: string | null; readonly overlapMs: number } {
  const { data, error } = OVERLAP.safeParse(overlap);
  const problems: Problem[] = zodProblems(error).map(({ message }) => ({
    path: ["overlap"],
    message,
  }));
  const secret = checkSecret(text, signature, problems);
  refuseIf(problems);
  return { secret, overlapMs: data! };
}

/** Which secrets go on for a while, and which go: those that have expired, and one that is brought back as the new one. */
function sort(
  stored: readonly SigningSecret[],
  now: Date,
  secret: string | null,
  { vault }: Tools,
): { readonly old: SigningSecret[]; readonly gone: SigningSecret[] } {
  const old: SigningSecret[] = [];
  const gone: SigningSecret[] = [];
  for (const each of stored) {
    const isSame = secret !== null && vault.open(each.sealed, each.id) === secret;
    if (isSame && each.expiresAt === null)
      refuseIf([{ path: ["secret"], message: "signs already; bring another one" }]);
    const isGone = isSame || (each.expiresAt !== null && each.expiresAt <= now);
    (isGone ? gone : old).push(each);
  }
  return { old, gone };
}

function refuseTooMany(old: readonly SigningSecret[], now: Date): void {
  const ends = old.map(({ expiresAt }) => expiresAt!.getTime() - now.getTime());
  const lasting = ends.filter((ms) => ms > 0);
  if (lasting.length > OLD_SECRETS_MAX)
    throw new Refusal("SECRETS_FULL", {
      limit: OLD_SECRETS_MAX,
      retryAfterMs: Math.min(...lasting),
    });
}

function announce(type: WebhookFact["type"], { tenantId, id }: Webhook, tools: Tools): void {
  tools.announce({ type, tenantId, webhookId: id });
}
