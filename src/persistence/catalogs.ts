import { BUILT_IN_CATALOG, Catalog } from "../domain/catalog/catalog.ts";
import { entryOf } from "../domain/catalog/own.ts";
import { Lru } from "../domain/lru.ts";
import type { Lookups } from "./statements.ts";

/** Characters of schemas and samples that are kept in memory. */
const KEPT = 64 * 1024 * 1024;

/** A catalog, and how often it had changed. */
export interface KnownCatalog {
  readonly catalog: Catalog;
  readonly version: number;
}

/** The catalog of each tenant, read when first asked for and forgotten at each change of it. */
export class Catalogs {
  readonly #lookups: Lookups;
  readonly #known = new Lru<string, KnownCatalog>(KEPT);
  readonly #loading = new Map<string, Promise<KnownCatalog & { readonly size: number }>>();

  constructor(lookups: Lookups) {
    this.#lookups = lookups;
  }

  async of(tenantId: string): Promise<KnownCatalog> {
    const known = this.#known.get(tenantId) ?? this.#loading.get(tenantId);
    if (known) return known;
    const loading = this.#load(tenantId);
    this.#loading.set(tenantId, loading);
    try {
      const { size, ...loaded } = await loading;
      // Unless it was forgotten meanwhile: what was on its way may be what was before the change.
      if (this.#loading.get(tenantId) === loading) this.#known.set(tenantId, loaded, size);
      return loaded;
    } finally {
      if (this.#loading.get(tenantId) === loading) this.#loading.delete(tenantId);
    }
  }

  forget(tenantId: string): void {
    this.#known.delete(tenantId);
    this.#loading.delete(tenantId);
  }

  async #load(tenantId: string): Promise<KnownCatalog & { readonly size: number }> {
    // Asked for first: a change that comes between makes it look older than it is, and it is read again.
    const versions = await this.#lookups.versions(tenantId);
    const types = await this.#lookups.eventTypes(tenantId);
    const catalog = types.length > 0 ? new Catalog(types.map(entryOf)) : BUILT_IN_CATALOG;
    const size = types.reduce((sum, type) => sum + type.size, 1);
    return { catalog, version: versions?.catalog ?? 0, size };
  }
}
