import type { WebhookFact } from "./fact.ts";
import { isText } from "./input.ts";
import { Refusal, refuseIf } from "./refusal.ts";
import type { Work } from "./store.ts";
import type { Tools } from "./tools.ts";
import { addSecret, openHeaders, replaceSecret, write } from "./webhook-content.ts";
import {
  applyPatch,
  checkWebhook,
  currentInput,
  type CheckedWebhook,
  type WebhookInput,
  type WebhookPatch,
} from "./webhook-input.ts";
import { brokenSelections } from "./webhook-shape.ts";
import {
  disable,
  NO_HISTORY,
  pause,
  resume,
  Webhook,
  type HeldDeliveries,
  type WebhookRef,
} from "./webhook.ts";

export const WEBHOOKS_MAX = 10_000;
/** Held deliveries are cancelled in steps of this many rows, so that the line goes on beside it. */
const CANCEL_STEP = 500;

export interface NewWebhookInput extends WebhookInput {
  readonly paused: boolean;
}

export interface CreatedWebhook {
  readonly webhook: Webhook;
  /** Shown this once; null when the caller brought it, and for ed25519, of which only the public key is shown. */
  readonly secret: string | null;
}

export async function createWebhook(
  tenantId: string,
  input: NewWebhookInput,
  tools: Tools,
): Promise<CreatedWebhook> {
  const created = await tools.store.change(
    tenantId,
    async (work) => {
      const { checkUrl, store } = tools;
      const catalog = await store.catalog(tenantId);
      const checked = checkWebhook(input, { checkUrl, catalog, storedHeaders: [] });
      if (checked.key !== null) {
        const existing = await work.findWebhook({ key: checked.key });
        if (existing) throw new Refusal("KEY_TAKEN", { path: ["key"], existingId: existing.id });
      }
      return addWebhook(tenantId, { ...checked, paused: input.paused }, work, tools);
    },
    tools.by,
  );
  return announced("webhook.created", created, tools);
}

/**
 * By key: creates the webhook, or makes the one that is there exactly this. Its state stays: what a person paused, a
 * script that runs each time does not resume. A brought secret that differs replaces the one there.
 */
export async function upsertWebhook(
  tenantId: string,
  key: string,
  input: NewWebhookInput,
  tools: Tools,
): Promise<CreatedWebhook & { readonly isNew: boolean }> {
  if (input.key !== null && input.key !== key)
    refuseIf([{ path: ["webhook", "key"], message: "is not the key beside it; leave it out" }]);
  const upserted = await tools.store.change(
    tenantId,
    async (work) => {
      const webhook = await work.findWebhook({ key });
      const storedHeaders = webhook ? openHeaders(webhook, tools.vault) : [];
      const checks = {
        checkUrl: tools.checkUrl,
        catalog: await tools.store.catalog(tenantId),
        storedHeaders,
        stored: webhook,
      };
      const checked = underWebhook(() => checkWebhook({ ...input, key }, checks));
      if (!webhook) {
        const added = await addWebhook(tenantId, { ...checked, paused: input.paused }, work, tools);
        return { ...added, isNew: true, version: 0 };
      }
      refuseChangeOfScheme(webhook, checked);
      const { version } = webhook;
      write(webhook, checked, tools);
      if (checked.secret !== null) await replaceSecret(webhook, checked.secret, work, tools);
      return { webhook, secret: null, isNew: false, version };
    },
    tools.by,
  );
  const type = upserted.isNew ? "webhook.created" : "webhook.updated";
  return upserted.webhook.version === upserted.version
    ? upserted
    : announced(type, upserted, tools);
}

/** A script that does not know of a change of scheme must not undo it, nor leave a webhook without a key of its scheme. */
function refuseChangeOfScheme(webhook: Webhook, { signature, secret }: CheckedWebhook): void {
  if (signature === webhook.signature || secret !== null) return;
  const message = `The webhook is signed with ${webhook.signature}; say that, bring a secret for ${signature}, or let rotateWebhookSecret change it while both sign`;
  refuseIf([{ path: ["webhook", "signature"], message }]);
}

/** Where a problem of an upsert stands: the key beside the webhook, everything else inside it. */
function underWebhook<T>(check: () => T): T {
  const place = (path: readonly string[]) => (path[0] === "key" ? path : ["webhook", ...path]);
  try {
    return check();
  } catch (refusal) {
    throw refusal instanceof Refusal ? refusal.at(place) : refusal;
  }
}

export async function updateWebhook(
  tenantId: string,
  ref: WebhookRef,
  { patch, expectedVersion }: { patch: WebhookPatch; expectedVersion: number | null },
  tools: Tools,
): Promise<{ webhook: Webhook }> {
  const webhook = await tools.store.change(
    tenantId,
    async (work) => {
      const webhook = await work.webhook(ref);
      if (expectedVersion !== null && expectedVersion !== webhook.version)
        throw new Refusal("VERSION_PASSED", {
          path: ["expectedVersion"],
          existingId: webhook.id,
          currentVersion: webhook.version,
        });
      const storedHeaders = openHeaders(webhook, tools.vault);
      const { input, problems } = applyPatch(currentInput(webhook, storedHeaders), patch);
      const checks = {
        checkUrl: tools.checkUrl,
        catalog: await tools.store.catalog(tenantId),
        storedHeaders,
        stored: webhook,
        problems,
      };
      write(webhook, checkWebhook(input, checks), tools);
      return webhook;
    },
    tools.by,
  );
  return announced("webhook.updated", { webhook }, tools);
}

/** What waits for it reads as cancelled from now on; its past stays for the retention period. */
export async function deleteWebhook(
  tenantId: string,
  ref: WebhookRef,
  tools: Tools,
): Promise<{ webhook: Webhook }> {
  const webhook = await tools.store.change(
    tenantId,
    async (work) => {
      const webhook = await work.webhook(ref);
      for (const secret of await work.secrets(webhook.id)) work.remove(secret);
      Object.assign(webhook, { deletedAt: tools.clock.now(), key: null, headers: [] });
      return webhook;
    },
    tools.by,
  );
  return announced("webhook.deleted", { webhook }, tools);
}

export async function pauseWebhook(
  tenantId: string,
  ref: WebhookRef,
  reason: string | null,
  tools: Tools,
) {
  refuseUnlessText(reason);
  return changeState("webhook.paused", tenantId, ref, tools, (webhook) =>
    pause(webhook, reason, tools.clock.now()),
  );
}

export async function disableWebhook(
  tenantId: string,
  ref: WebhookRef,
  reason: string | null,
  tools: Tools,
) {
  refuseUnlessText(reason);
  return changeState("webhook.disabled", tenantId, ref, tools, (webhook) =>
    disable(webhook, reason, tools.clock.now()),
  );
}

function refuseUnlessText(reason: string | null): void {
  if (reason !== null && !isText(reason)) refuseIf([{ path: ["reason"], message: "must be text" }]);
}

/** Makes it ACTIVE, from whatever state; what was held is sent, or cancelled first. */
export async function resumeWebhook(
  tenantId: string,
  ref: WebhookRef,
  held: HeldDeliveries,
  tools: Tools,
) {
  if (held === "CANCEL") await cancelHeld(await tools.store.webhook(tenantId, ref), tools);
  return changeState("webhook.resumed", tenantId, ref, tools, async (webhook) => {
    const catalog = await tools.store.catalog(tenantId);
    if (brokenSelections(webhook.select, catalog).length > 0)
      throw new Refusal("SELECTION_BROKEN", { path: ["webhook"], existingId: webhook.id });
    resume(webhook, tools.clock.now());
  });
}

async function cancelHeld({ id, tenantId, state }: Webhook, tools: Tools): Promise<void> {
  const { store, clock, announce, by } = tools;
  if (state === "ACTIVE") return;
  const before = clock.now();
  let all = 0;
  for (let count = CANCEL_STEP; count === CANCEL_STEP; all += count) {
    const cancelled = await store.cancelWaiting(id, before, CANCEL_STEP);
    for (const fact of cancelled.lost) announce(fact);
    ({ count } = cancelled);
  }
  const change = { action: "deliveries.cancelled", subject: id, before: null };
  if (all > 0) await store.audit(tenantId, { ...change, after: { count: all } }, by);
}

async function changeState(
  type: WebhookFact["type"],
  tenantId: string,
  ref: WebhookRef,
  tools: Tools,
  apply: (webhook: Webhook) => void | Promise<void>,
): Promise<{ webhook: Webhook }> {
  const webhook = await tools.store.change(
    tenantId,
    async (work) => {
      const webhook = await work.webhook(ref);
      await apply(webhook);
      return webhook;
    },
    tools.by,
  );
  return announced(type, { webhook }, tools);
}

function announced<T extends { readonly webhook: Webhook }>(
  type: WebhookFact["type"],
  done: T,
  { announce }: Tools,
): T {
  const { tenantId, id: webhookId, stateReason } = done.webhook;
  // Where the state was not what changed, its reason is none of this fact's.
  const isOfState = type === "webhook.paused" || type === "webhook.disabled";
  const reason = isOfState && stateReason !== null ? { reason: stateReason } : {};
  announce({ type, tenantId, webhookId, ...reason });
  return done;
}

async function addWebhook(
  tenantId: string,
  checked: CheckedWebhook & Pick<NewWebhookInput, "paused">,
  work: Work,
  tools: Tools,
): Promise<CreatedWebhook> {
  if ((await work.countWebhooks()) >= WEBHOOKS_MAX)
    throw new Refusal("WEBHOOKS_FULL", { limit: WEBHOOKS_MAX });
  const now = tools.clock.now();
  const webhook = Object.assign(new Webhook(), NO_HISTORY, {
    id: tools.newId("wh"),
    tenantId,
    state: checked.paused ? "PAUSED" : "ACTIVE",
    stateReason: null,
    activeSince: now,
    createdAt: now,
    deletedAt: null,
  });
  write(webhook, checked, tools);
  work.add(webhook);
  return { webhook, secret: addSecret(webhook, checked.secret, work, tools) };
}
