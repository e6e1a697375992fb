import { BUILT_IN_CATALOG, Catalog } from "../domain/catalog/catalog.ts";
import type { JsonObject } from "../domain/catalog/entry.ts";
import { entryOf, type OwnEventType } from "../domain/catalog/own.ts";
import { Lru } from "../domain/lru.ts";
import { columns, type Row, type SqliteHandle } from "./sql/sqlite.ts";

/** Characters of schemas and samples that are kept in memory. */
const KEPT = 64 * 1024 * 1024;

type OwnRow = Omit<Row<OwnEventType>, "aliases" | "schema" | "samplePayload"> & {
  readonly aliases: string;
  readonly schema: string;
  readonly samplePayload: string;
};

const OWN = columns<OwnEventType>("t", {
  id: "id",
  tenantId: "tenant_id",
  name: "name",
  title: "title",
  description: "description",
  category: "category",
  aliases: "aliases",
  deprecationReason: "deprecation_reason",
  retiredAt: "retired_at",
  version: "version",
  schema: "schema",
  samplePayload: "sample_payload",
  createdAt: "created_at",
  updatedAt: "updated_at",
});

/** The catalog of each tenant, read when first asked for and forgotten at each change of it. */
export class Catalogs {
  readonly #own;
  readonly #tenants = new Lru<string, Catalog>(KEPT);

  constructor(db: SqliteHandle) {
    this.#own = db.prepare<[string], OwnRow>(
      `select ${OWN} from event_type t where t.tenant_id = ? order by t.name`,
    );
  }

  of(tenantId: string): Catalog {
    const known = this.#tenants.get(tenantId);
    if (known) return known;
    const rows = this.#own.all(tenantId);
    const catalog = rows.length > 0 ? new Catalog(rows.map(typeOf).map(entryOf)) : BUILT_IN_CATALOG;
    const size = rows.reduce((sum, row) => sum + row.schema.length + row.samplePayload.length, 1);
    this.#tenants.set(tenantId, catalog, size);
    return catalog;
  }

  forget(tenantId: string): void {
    this.#tenants.delete(tenantId);
  }

  clear(): void {
    this.#tenants.clear();
  }
}

function typeOf(row: OwnRow): Parameters<typeof entryOf>[0] {
  return {
    ...row,
    aliases: JSON.parse(row.aliases) as string[],
    retiredAt: row.retiredAt === null ? null : new Date(row.retiredAt),
    schema: JSON.parse(row.schema) as JsonObject,
    samplePayload: JSON.parse(row.samplePayload) as JsonObject,
  };
}
