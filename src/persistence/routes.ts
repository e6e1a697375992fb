import { compilePredicate, type Predicate } from "../domain/filter.ts";
import { fanOut, type Route, type RouteSecret, type Shaping } from "../domain/route.ts";
import type { Vault } from "../domain/vault.ts";
import { openHeaders } from "../domain/webhook-content.ts";
import { shapingOf } from "../domain/webhook-shape.ts";
import type {
  EventSelection,
  SigningSecret,
  StoredHeader,
  Webhook,
  WebhookDefaults,
} from "../domain/webhook.ts";
import type { Catalogs } from "./catalogs.ts";
import type { Row, SqliteHandle } from "./sql/sqlite.ts";

interface TenantRoutes {
  readonly byId: ReadonlyMap<string, Route>;
  readonly byType: Map<string, Route[]>;
}

type WebhookRow = Pick<
  Row<Webhook>,
  | "id"
  | "name"
  | "state"
  | "activeSince"
  | "url"
  | "format"
  | "timeoutMs"
  | "maxInFlight"
  | "rateLimitPerSecond"
  | "consecutiveFailures"
> & {
  readonly eventTypes: string;
  readonly headers: string;
  readonly retryDelaysMs: string | null;
  readonly filter: string | null;
  readonly keepFiltered: 0 | 1;
  readonly selections: string;
};

type SecretRow = Pick<Row<SigningSecret>, "id" | "webhookId" | "sealed" | "expiresAt">;

/**
 * The webhooks of each tenant as the line needs them. Forgotten at each change of one, so that a publish that starts
 * after `createWebhook` answered sees the new webhook.
 */
export class Routes {
  readonly #webhooks;
  readonly #secrets;
  readonly #vault: Vault;
  readonly #defaults: WebhookDefaults;
  readonly #catalogs: Catalogs;
  readonly #tenants = new Map<string, TenantRoutes>();

  constructor(
    db: SqliteHandle,
    { vault, defaults, catalogs }: { vault: Vault; defaults: WebhookDefaults; catalogs: Catalogs },
  ) {
    this.#vault = vault;
    this.#defaults = defaults;
    this.#catalogs = catalogs;
    this.#webhooks = db.prepare<[string], WebhookRow>(
      `select id, name, state, active_since as activeSince, url, format, timeout_ms as timeoutMs, max_in_flight as maxInFlight,
        rate_limit_per_second as rateLimitPerSecond, event_types as eventTypes,
        headers, retry_delays_ms as retryDelaysMs, consecutive_failures as consecutiveFailures,
        filter, keep_filtered as keepFiltered, selections
       from webhook where tenant_id = ? and deleted_at is null`,
    );
    this.#secrets = db.prepare<[string], SecretRow>(
      `select id, webhook_id as webhookId, sealed, expires_at as expiresAt
       from signing_secret where tenant_id = ? order by id desc`,
    );
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

  forget(tenantId: string): void {
    this.#tenants.delete(tenantId);
  }

  clear(): void {
    this.#tenants.clear();
  }

  #of(tenantId: string): TenantRoutes {
    const known = this.#tenants.get(tenantId);
    if (known) return known;
    const secrets = Map.groupBy(this.#secrets.all(tenantId), (secret) => secret.webhookId);
    const routes = this.#webhooks.all(tenantId).map((row) => {
      const opened = (secrets.get(row.id) ?? []).map(({ id, sealed, expiresAt }) => ({
        text: this.#vault.open(sealed, id),
        expiresAtMs: expiresAt,
      }));
      return [row.id, this.#route(tenantId, row, opened)] as const;
    });
    const loaded = { byId: new Map(routes), byType: new Map<string, Route[]>() };
    this.#tenants.set(tenantId, loaded);
    return loaded;
  }

  #route(tenantId: string, row: WebhookRow, secrets: readonly RouteSecret[]): Route {
    const headers = JSON.parse(row.headers) as StoredHeader[];
    const patterns = JSON.parse(row.eventTypes) as string[];
    const catalog = this.#catalogs.of(tenantId);
    const select = new Map(
      (JSON.parse(row.selections) as EventSelection[]).map((selection): [string, Shaping] => [
        selection.eventType,
        shapingOf(selection, catalog),
      ]),
    );
    const isBroken = [...select.values()].includes("BROKEN");
    return {
      tenantId,
      webhookId: row.id,
      webhookName: row.name,
      // Nothing is ever sent half filled, whatever the row says.
      state: row.state === "ACTIVE" && isBroken ? "AUTO_PAUSED" : row.state,
      activeSinceMs: row.activeSince,
      url: row.url,
      origin: new URL(row.url).origin,
      format: row.format,
      wants: (typeName) => catalog.wants(patterns, typeName),
      filter: row.filter === null ? null : compilePredicate(JSON.parse(row.filter) as Predicate),
      keepFiltered: row.keepFiltered === 1,
      select,
      customHeaders: openHeaders({ id: row.id, headers }, this.#vault),
      secrets,
      retryDelaysMs:
        row.retryDelaysMs === null
          ? this.#defaults.retryDelaysMs
          : (JSON.parse(row.retryDelaysMs) as number[]),
      timeoutMs: row.timeoutMs ?? this.#defaults.timeoutMs,
      maxInFlight: row.maxInFlight ?? this.#defaults.maxInFlight,
      rateLimitPerSecond: row.rateLimitPerSecond,
      isFailing: row.consecutiveFailures > 0,
    };
  }
}
