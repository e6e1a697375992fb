import type { Catalog } from "../domain/catalog/catalog.ts";
import { compilePredicate } from "../domain/filter.ts";
import { fanOut, type Route, type RouteSecret, type Shaping } from "../domain/route.ts";
import type { Vault } from "../domain/vault.ts";
import { openHeaders } from "../domain/webhook-content.ts";
import { shapingOf } from "../domain/webhook-shape.ts";
import type { WebhookDefaults } from "../domain/webhook.ts";
import type { Catalogs } from "./catalogs.ts";
import type { Lookups, StoredWebhook } from "./statements.ts";

interface TenantRoutes {
  readonly version: number;
  readonly byId: ReadonlyMap<string, Route>;
  readonly byType: Map<string, Route[]>;
}

const NONE: TenantRoutes = { version: -1, byId: new Map(), byType: new Map() };

export interface RoutesOptions {
  readonly lookups: Lookups;
  readonly vault: Vault;
  readonly defaults: WebhookDefaults;
  readonly catalogs: Catalogs;
}

/**
 * The webhooks of each tenant as the line needs them, in memory. Read anew after each change of one, before its caller is
 * answered: a publish that starts after `createWebhook` answered sees the new webhook.
 */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #tenants = new Map<string, TenantRoutes>();
  /** The one that began last. */
  readonly #loads = new Map<string, Promise<void>>();

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  all(tenantId: string): Iterable<Route> {
    return this.#of(tenantId).byId.values();
  }

  find(tenantId: string, webhookId: string): Route | undefined {
    return this.#of(tenantId).byId.get(webhookId);
  }

  wanting(tenantId: string, typeName: string): readonly Route[] {
    const { byId, byType } = this.#of(tenantId);
    let routes = byType.get(typeName);
    if (!routes) byType.set(typeName, (routes = fanOut([...byId.values()], typeName)));
    return routes;
  }

  /** How often the tenant's webhooks had changed when they were read. */
  version(tenantId: string): number {
    return this.#of(tenantId).version;
  }

  /** Of several loads at a time the one that began last has seen most: all of them end with it. */
  load(tenantId: string): Promise<void> {
    const loading: Promise<void> = this.#read(tenantId).then((routes) => {
      const latest = this.#loads.get(tenantId);
      if (latest !== loading) return latest;
      this.#tenants.set(tenantId, routes);
      return undefined;
    });
    this.#loads.set(tenantId, loading);
    return loading;
  }

  async #read(tenantId: string): Promise<TenantRoutes> {
    const { lookups, vault, catalogs } = this.#options;
    // Asked for first: a change that comes between makes them look older than they are, and they are read again.
    const version = (await lookups.versions(tenantId))?.webhooks ?? 0;
    const { catalog } = await catalogs.of(tenantId);
    const webhooks = await lookups.webhooks(tenantId);
    const secrets = Map.groupBy(await lookups.secrets(tenantId), ({ webhookId }) => webhookId);
    const byId = new Map<string, Route>();
    for (const webhook of webhooks) {
      const opened = (secrets.get(webhook.id) ?? []).map(({ id, sealed, expiresAt }) => ({
        text: vault.open(sealed, id),
        expiresAtMs: expiresAt && expiresAt.getTime(),
      }));
      byId.set(webhook.id, this.#route(tenantId, webhook, opened, catalog));
    }
    return { version, byId, byType: new Map() };
  }

  #of(tenantId: string): TenantRoutes {
    return this.#tenants.get(tenantId) ?? NONE;
  }

  #route(
    tenantId: string,
    webhook: StoredWebhook,
    secrets: readonly RouteSecret[],
    catalog: Catalog,
  ): Route {
    const { vault, defaults } = this.#options;
    const { id, url, state, filter, eventTypes } = webhook;
    const select = new Map(
      webhook.select.map((selection): [string, Shaping] => [
        selection.eventType,
        shapingOf(selection, catalog),
      ]),
    );
    const isBroken = [...select.values()].includes("BROKEN");
    return {
      tenantId,
      webhookId: id,
      webhookName: webhook.name,
      // Nothing is ever sent half filled, whatever the row says.
      state: state === "ACTIVE" && isBroken ? "AUTO_PAUSED" : state,
      activeSinceMs: webhook.activeSince.getTime(),
      url,
      origin: new URL(url).origin,
      format: webhook.format,
      wants: (typeName) => catalog.wants(eventTypes, typeName),
      filter: filter && compilePredicate(filter),
      keepFiltered: webhook.keepFiltered,
      select,
      customHeaders: openHeaders(webhook, vault),
      secrets,
      retryDelaysMs: webhook.retryDelaysMs ?? defaults.retryDelaysMs,
      timeoutMs: webhook.timeoutMs ?? defaults.timeoutMs,
      maxInFlight: webhook.maxInFlight ?? defaults.maxInFlight,
      rateLimitPerSecond: webhook.rateLimitPerSecond,
      isFailing: webhook.consecutiveFailures > 0,
    };
  }
}
