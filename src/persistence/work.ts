import {
  OptimisticLockError,
  UniqueConstraintViolationException,
  type EntityManager,
} from "@mikro-orm/core";
import { Inbox } from "../domain/inbox.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Work } from "../domain/store.ts";
import { SigningSecret, Webhook, type WebhookRef } from "../domain/webhook.ts";
import type { Transaction } from "./transaction.ts";

/** A unit of work on MikroORM: what it reads is tracked, what changed is written in one turn of the writer. */
export class OrmWork implements Work {
  readonly #em: EntityManager;
  readonly #tenantId: string;
  readonly #now: Date;
  /** Versions as read, null for a new one. */
  readonly #webhooks = new Map<Webhook, number | null>();
  readonly #removedInboxes: string[] = [];

  constructor(em: EntityManager, tenantId: string, now: Date) {
    this.#em = em;
    this.#tenantId = tenantId;
    this.#now = now;
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
    return webhook;
  }

  countWebhooks(): Promise<number> {
    return this.#em.count(Webhook, { tenantId: this.#tenantId, deletedAt: null });
  }

  secrets(webhookId: string): Promise<SigningSecret[]> {
    return this.#em.find(SigningSecret, { tenantId: this.#tenantId, webhookId });
  }

  async inbox(id: string): Promise<Inbox> {
    const inbox = await this.#em.findOne(Inbox, {
      id,
      tenantId: this.#tenantId,
      expiresAt: { $gt: this.#now },
    });
    if (!inbox) throw new Refusal("INBOX_NOT_FOUND", { path: ["inboxId"] });
    return inbox;
  }

  countInboxes(): Promise<number> {
    return this.#em.count(Inbox, { tenantId: this.#tenantId, expiresAt: { $gt: this.#now } });
  }

  add(entity: Webhook | SigningSecret | Inbox): void {
    if (entity instanceof Webhook) this.#webhooks.set(entity, null);
    this.#em.persist(entity);
  }

  remove(entity: SigningSecret | Inbox): void {
    if (entity instanceof Inbox) this.#removedInboxes.push(entity.id);
    this.#em.remove(entity);
  }

  get hasChanges(): boolean {
    const unit = this.#em.getUnitOfWork();
    unit.computeChangeSets();
    return unit.getChangeSets().length + unit.getRemoveStack().size > 0;
  }

  /** Inside a turn of the writer: all or nothing, with a row of the log for each webhook that changed. */
  async flush(transaction: Transaction): Promise<void> {
    await this.#em.flush();
    for (const id of this.#removedInboxes) transaction.sql.emptyInbox(id);
    for (const [webhook, versionBefore] of this.#webhooks) {
      if (webhook.version === versionBefore) continue;
      transaction.changeWebhooks(this.#tenantId);
      transaction.log({
        tenantId: this.#tenantId,
        at: this.#now,
        change: webhook.deletedAt ? "DELETED" : "UPDATED",
        webhookId: webhook.id,
      });
    }
  }
}

/** Somebody else changed the same thing between our read and our turn: the work has to start again from what is there. */
export function isStale(error: unknown): boolean {
  return (
    error instanceof OptimisticLockError || error instanceof UniqueConstraintViolationException
  );
}
