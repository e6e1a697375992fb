import {
  OptimisticLockError,
  UniqueConstraintViolationException,
  type EntityManager,
} from "@mikro-orm/core";
import { ApiKey } from "../domain/api-key.ts";
import { changeOf, shownOf, type Actor, type Audited, type Shown } from "../domain/audit.ts";
import { EventTypeVersion, OwnEventType } from "../domain/catalog/own.ts";
import { Inbox } from "../domain/inbox.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Work } from "../domain/store.ts";
import { Tenant } from "../domain/tenant.ts";
import { SigningSecret, Webhook, type WebhookRef } from "../domain/webhook.ts";
import type { Session } from "./statements.ts";
import type { Transaction } from "./transaction.ts";

export interface WorkOptions {
  readonly tenantId: string;
  readonly now: Date;
  /** That of the event types when it began: what was checked against them holds only as long as they are the same. */
  readonly catalogVersion: number;
}

/** A unit of work on MikroORM: what it reads is tracked, what changed is written in one turn of the writer. */
export class OrmWork implements Work {
  readonly #em: EntityManager;
  readonly #tenantId: string;
  readonly #now: Date;
  readonly #catalogVersion: number;
  /** Of the tenant, when all of its webhooks were looked at. */
  #webhooksVersion: number | undefined;
  /** Versions as read, null for a new one. */
  readonly #webhooks = new Map<Webhook, number | null>();
  readonly #removed: Audited[] = [];
  /** As read, null for a new one. */
  readonly #audited = new Map<Audited, Shown | null>();

  constructor(em: EntityManager, { tenantId, now, catalogVersion }: WorkOptions) {
    this.#em = em;
    this.#tenantId = tenantId;
    this.#now = now;
    this.#catalogVersion = catalogVersion;
  }

  async webhook(ref: WebhookRef): Promise<Webhook> {
    const webhook = await this.findWebhook(ref);
    if (!webhook) throw new Refusal("WEBHOOK_NOT_FOUND", { path: ["webhook"] });
    return webhook;
  }

  async findWebhook(ref: WebhookRef): Promise<Webhook | null> {
    const webhook = await this.#em.findOne(Webhook, {
      ...ref,
      tenantId: this.#tenantId,
      deletedAt: null,
    });
    if (webhook) this.#webhooks.set(webhook, webhook.version);
    if (webhook) this.#audited.set(webhook, shownOf(webhook));
    return webhook;
  }

  countWebhooks(): Promise<number> {
    return this.#em.count(Webhook, { tenantId: this.#tenantId, deletedAt: null });
  }

  async secrets(webhookId: string): Promise<SigningSecret[]> {
    const secrets = await this.#em.find(SigningSecret, { tenantId: this.#tenantId, webhookId });
    for (const secret of secrets) this.#audited.set(secret, shownOf(secret));
    return secrets;
  }

  async secret(id: string): Promise<SigningSecret> {
    const secret = await this.#em.findOne(SigningSecret, {
      id,
      tenantId: this.#tenantId,
      $or: [{ expiresAt: null }, { expiresAt: { $gt: this.#now } }],
    });
    if (!secret) throw new Refusal("SECRET_NOT_FOUND", { path: ["secretId"] });
    this.#audited.set(secret, shownOf(secret));
    return secret;
  }

  async webhooksThatRead(): Promise<Webhook[]> {
    this.#webhooksVersion = (await this.tenant())?.webhooksVersion;
    const all = await this.#em.find(Webhook, {
      tenantId: this.#tenantId,
      deletedAt: null,
    });
    const found = all.filter(({ select, filter }) => select.length > 0 || filter !== null);
    for (const webhook of found) {
      this.#webhooks.set(webhook, webhook.version);
      this.#audited.set(webhook, shownOf(webhook));
    }
    return found;
  }

  async eventTypes(): Promise<OwnEventType[]> {
    const types = await this.#em.find(OwnEventType, { tenantId: this.#tenantId });
    for (const type of types) this.#audited.set(type, shownOf(type));
    return types;
  }

  async inbox(id: string): Promise<Inbox> {
    const inbox = await this.#em.findOne(Inbox, {
      id,
      tenantId: this.#tenantId,
      expiresAt: { $gt: this.#now },
    });
    if (!inbox) throw new Refusal("INBOX_NOT_FOUND", { path: ["inboxId"] });
    this.#audited.set(inbox, shownOf(inbox));
    return inbox;
  }

  countInboxes(): Promise<number> {
    return this.#em.count(Inbox, { tenantId: this.#tenantId, expiresAt: { $gt: this.#now } });
  }

  tenant(): Promise<Tenant | null> {
    return this.#em.findOne(Tenant, { id: this.#tenantId });
  }

  tenantByKey(key: string): Promise<Tenant | null> {
    return this.#em.findOne(Tenant, { key });
  }

  async apiKey(id: string, ofAnyTenant: boolean): Promise<ApiKey> {
    const apiKey = await this.#em.findOne(
      ApiKey,
      ofAnyTenant ? { id } : { id, tenantId: this.#tenantId },
    );
    if (!apiKey) throw new Refusal("API_KEY_NOT_FOUND", { path: ["apiKeyId"] });
    this.#audited.set(apiKey, shownOf(apiKey));
    return apiKey;
  }

  countApiKeys(): Promise<number> {
    return this.#em.count(ApiKey, { tenantId: this.#tenantId, revokedAt: null });
  }

  add(entity: Audited | EventTypeVersion): void {
    if (entity instanceof Webhook) this.#webhooks.set(entity, null);
    if (!(entity instanceof EventTypeVersion)) this.#audited.set(entity, null);
    this.#em.persist(entity);
  }

  remove(entity: SigningSecret | Inbox): void {
    this.#removed.push(entity);
    this.#audited.delete(entity);
    this.#em.remove(entity);
  }

  join(session: Session): void {
    session.adopt(this.#em);
  }

  get hasChanges(): boolean {
    const unit = this.#em.getUnitOfWork();
    unit.computeChangeSets();
    return unit.getChangeSets().length + unit.getRemoveStack().size > 0;
  }

  /** Keeps who changed what, beside the changes themselves; returns what was changed. */
  #audit(transaction: Transaction, by: Actor): readonly Audited[] {
    const changes = [
      ...[...this.#audited].map(([entity, before]) => [entity, changeOf(entity, before)] as const),
      ...this.#removed.map((entity) => [entity, changeOf(entity, null, true)] as const),
    ];
    return changes.flatMap(([entity, change]) => {
      if (!change) return [];
      const tenantId = entity instanceof Tenant ? entity.id : entity.tenantId;
      transaction.audit(change, { tenantId, at: this.#now, by });
      return [entity];
    });
  }

  /** Inside a turn of the writer: all or nothing, with a row of the log for each webhook that changed. */
  async flush(transaction: Transaction, by: Actor): Promise<void> {
    const versions = await transaction.sql.lockTenant(this.#tenantId);
    const isOvertaken =
      versions &&
      (versions.catalog !== this.#catalogVersion ||
        versions.webhooks !== (this.#webhooksVersion ?? versions.webhooks));
    if (isOvertaken) throw new Overtaken();
    const changed = this.#audit(transaction, by);
    await this.#em.flush();
    if (changed.some((entity) => entity instanceof OwnEventType)) {
      transaction.changedCatalogs.add(this.#tenantId);
      transaction.changedTenants.add(this.#tenantId);
    }
    transaction.hasChangedKeys ||= changed.some((entity) => entity instanceof ApiKey);
    for (const entity of this.#removed)
      if (entity instanceof Inbox) await transaction.sql.emptyInbox(entity.id);
    for (const [webhook, versionBefore] of this.#webhooks) {
      if (webhook.version === versionBefore) continue;
      transaction.changedTenants.add(this.#tenantId);
      transaction.log({
        tenantId: this.#tenantId,
        at: this.#now,
        change: webhook.deletedAt ? "DELETED" : "UPDATED",
        webhookId: webhook.id,
      });
    }
  }
}

/** Event types or webhooks that were looked at are others by the time of our turn. */
class Overtaken extends Error {}

/** Somebody else changed the same thing between our read and our turn: the work has to start again from what is there. */
export function isStale(error: unknown): boolean {
  return (
    error instanceof Overtaken ||
    error instanceof OptimisticLockError ||
    error instanceof UniqueConstraintViolationException
  );
}
