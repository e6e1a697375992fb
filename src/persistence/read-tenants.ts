import type { MikroORM } from "@mikro-orm/sql";
import { ApiKey } from "../domain/api-key.ts";
import { AuditEntry } from "../domain/audit.ts";
import { Tenant } from "../domain/tenant.ts";
import { NEWEST_FIRST, readPage, type Em, type Page, type PageArgs } from "./page.ts";
import { within, type TimeRange } from "./time-range.ts";

export interface AuditFilter {
  readonly actions?: readonly string[] | null;
  readonly subject?: string | null;
  readonly at?: TimeRange | null;
}

/** Tenants, for operators, the keys that open them, and who did what. */
export class TenantReader {
  readonly #orm: MikroORM;

  constructor(orm: MikroORM) {
    this.#orm = orm;
  }

  tenants(page: PageArgs): Promise<Page<Tenant>> {
    return readPage(this.#em, { entity: Tenant, where: {}, order: NEWEST_FIRST, page });
  }

  tenant(id: string): Promise<Tenant | null> {
    return this.#em.findOne(Tenant, { id });
  }

  apiKeys(tenantId: string, page: PageArgs): Promise<Page<ApiKey>> {
    return readPage(this.#em, { entity: ApiKey, where: { tenantId }, order: NEWEST_FIRST, page });
  }

  apiKey(tenantId: string, id: string): Promise<ApiKey | null> {
    return this.#em.findOne(ApiKey, { tenantId, id });
  }

  /** Of all tenants when none is named. */
  auditLog(
    tenantId: string | null,
    { actions, subject, at }: AuditFilter,
    page: PageArgs,
  ): Promise<Page<AuditEntry>> {
    const where = {
      ...(tenantId !== null && { tenantId }),
      ...(actions && { action: { $in: actions } }),
      ...(subject != null && { subject }),
      ...within("aud", "at", at),
    };
    return readPage(this.#em, { entity: AuditEntry, where, order: NEWEST_FIRST, page });
  }

  auditEntry(tenantId: string | null, id: string): Promise<AuditEntry | null> {
    return this.#em.findOne(AuditEntry, { id, ...(tenantId !== null && { tenantId }) });
  }

  /** For a caller who shows one: it says itself whose it is. */
  byHash(hash: string): Promise<ApiKey | null> {
    return this.#em.findOne(ApiKey, { hash });
  }

  /** Of whatever tenants. */
  byIds(ids: readonly string[]): Promise<ApiKey[]> {
    return this.#em.find(ApiKey, { id: { $in: [...ids] } });
  }

  get #em(): Em {
    return this.#orm.em.fork() as Em;
  }
}
