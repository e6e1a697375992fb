import { createHash } from "node:crypto";
import { ApiKey } from "./api-key.ts";
import { OwnEventType } from "./catalog/own.ts";
import { Inbox } from "./inbox.ts";
import { REDACTED } from "./request.ts";
import { Tenant } from "./tenant.ts";
import { SigningSecret, Webhook, type StoredHeader } from "./webhook.ts";

/** Who gave a command, and from where. */
export interface Actor {
  /** "operator", or the id of a key. */
  readonly actor: string;
  /** The address of the client; null for the service itself. */
  readonly from: string | null;
}

/** What the service does by itself. */
export const NOBODY: Actor = { actor: "service", from: null };

/** One command: who, what, when, and how that was before and after which it changed, without secrets. */
export class AuditEntry {
  id!: string;
  tenantId!: string;
  at!: Date;
  actor!: string;
  from!: string | null;
  /** Such as webhook.updated. */
  action!: string;
  /** The id of what was changed, or of the key that something was made or opened with. */
  subject!: string;
  before!: Shown | null;
  after!: Shown | null;
}

/** Values as they may be shown. */
export type Shown = Readonly<Record<string, unknown>>;
export type Audited = Webhook | SigningSecret | ApiKey | Tenant | Inbox | OwnEventType;

/** What people decide about it, and nothing that is secret or counted. */
export function shownOf(entity: Audited): Shown {
  if (entity instanceof Webhook) return shownWebhook(entity);
  if (entity instanceof SigningSecret) {
    const { webhookId, scheme, hint, expiresAt } = entity;
    return { webhookId, scheme, hint, expiresAt };
  }
  if (entity instanceof OwnEventType) {
    const { name, title, description, category, aliases } = entity;
    const { deprecationReason, retiredAt, version, updatedAt } = entity;
    const content = { name, title, description, category, aliases, deprecationReason };
    return { ...content, retiredAt, version, updatedAt };
  }
  if (entity instanceof Tenant) return { key: entity.key, name: entity.name };
  if (entity instanceof Inbox) {
    const { name, expiresAt, responseStatus, responseDelayMs, failNext } = entity;
    return { name, expiresAt, responseStatus, responseDelayMs, failNext };
  }
  const { name, hint, scopes, expiresAt, revokedAt } = entity;
  return { name, hint, scopes, expiresAt, revokedAt };
}

function shownWebhook(webhook: Webhook): Shown {
  const { key, name, url, eventTypes, description, integration, format, signature } = webhook;
  const { retryDelaysMs, timeoutMs, maxInFlight, rateLimitPerSecond } = webhook;
  const { state, stateReason, deletedAt, filter, keepFiltered, select } = webhook;
  const headers = webhook.headers.map(({ name, value, isSecret }) => ({
    name,
    value: isSecret ? hidden(value) : value,
    isSecret,
  }));
  return {
    key,
    name,
    url,
    eventTypes,
    description,
    integration,
    format,
    filter,
    keepFiltered,
    select,
    headers,
    signature,
    retryDelaysMs,
    timeoutMs,
    maxInFlight,
    rateLimitPerSecond,
    state,
    stateReason,
    deletedAt,
  };
}

/** Another one whenever the secret was said anew; of what is sealed, so that it says nothing of the secret. */
function hidden(sealed: string): string {
  return `${REDACTED} ${createHash("sha256").update(sealed).digest("hex").slice(0, 8)}`;
}

/** What an entry tells besides who, when and from where. */
export type AuditChange = Pick<AuditEntry, "action" | "subject" | "before" | "after">;

/** How it was changed: all of a new one, of one that was there what differs. Null when nothing does. */
export function changeOf(
  entity: Audited,
  before: Shown | null,
  isRemoved = false,
): AuditChange | null {
  const noun = nounOf(entity);
  const after = shownOf(entity);
  const subject = entity.id;
  if (isRemoved) return { action: `${noun}.removed`, subject, before: after, after: null };
  if (!before) return { action: `${noun}.created`, subject, before: null, after };
  const names = Object.keys(after).filter(
    (name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]),
  );
  if (names.length === 0) return null;
  const only = (all: Shown) => Object.fromEntries(names.map((name) => [name, all[name]]));
  const action = `${noun}.${verbOf(new Set(names), after)}`;
  return { action, subject, before: concealed(only(before), after), after: only(after) };
}

/** What became a secret was one before. */
function concealed(before: Shown, after: Shown): Shown {
  if (!before["headers"]) return before;
  const secret = new Set(
    (after["headers"] as StoredHeader[]).flatMap(({ name, isSecret }) => (isSecret ? name : [])),
  );
  const headers = (before["headers"] as StoredHeader[]).map((header) =>
    secret.has(header.name) && !header.isSecret ? { ...header, value: REDACTED } : header,
  );
  return { ...before, headers };
}

function nounOf(entity: Audited): string {
  if (entity instanceof Webhook) return "webhook";
  if (entity instanceof SigningSecret) return "secret";
  if (entity instanceof Inbox) return "inbox";
  if (entity instanceof OwnEventType) return "eventType";
  return entity instanceof Tenant ? "tenant" : "key";
}

const VERBS: Readonly<Record<string, string>> = {
  ACTIVE: "resumed",
  PAUSED: "paused",
  DISABLED: "disabled",
};

function verbOf(names: ReadonlySet<string>, after: Shown): string {
  if (names.has("deletedAt")) return "deleted";
  if (names.has("revokedAt")) return "revoked";
  if (names.has("retiredAt") && after["retiredAt"]) return "retired";
  return (names.has("state") && VERBS[String(after["state"])]) || "updated";
}
