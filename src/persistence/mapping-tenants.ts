import { defineEntity, p } from "@mikro-orm/core";
import { ApiKey } from "../domain/api-key.ts";
import { AuditEntry, type Shown } from "../domain/audit.ts";
import type { Scope } from "../domain/rights.ts";
import { Tenant } from "../domain/tenant.ts";
import { instant } from "./columns.ts";

export const TenantTable = defineEntity({
  class: Tenant,
  tableName: "tenant",
  properties: {
    id: p.text().primary(),
    key: p.text().unique(),
    name: p.text(),
    createdAt: instant(),
    webhooksVersion: p.integer(),
    catalogVersion: p.integer(),
    foldedPosition: p.bigint("number"),
  },
});

export const ApiKeyTable = defineEntity({
  class: ApiKey,
  tableName: "api_key",
  indexes: [{ properties: ["tenantId", "id"] }],
  properties: {
    id: p.text().primary(),
    tenantId: p.text(),
    name: p.text(),
    hash: p.text().unique(),
    hint: p.text(),
    scopes: p.json<Scope[]>(),
    createdAt: instant(),
    expiresAt: instant().nullable(),
    revokedAt: instant().nullable(),
    lastUsedAt: instant().nullable(),
  },
});

export const AuditEntryTable = defineEntity({
  class: AuditEntry,
  tableName: "audit_entry",
  indexes: [{ properties: ["tenantId", "id"] }, { properties: ["subject", "id"] }],
  properties: {
    id: p.text().primary(),
    tenantId: p.text(),
    at: instant(),
    actor: p.text(),
    from: p.text().nullable(),
    action: p.text(),
    subject: p.text(),
    before: p.json<Shown>().nullable(),
    after: p.json<Shown>().nullable(),
  },
});
