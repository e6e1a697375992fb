/** What a key may be allowed to do. */
export const SCOPES = [
  "WEBHOOKS_READ",
  "WEBHOOKS_WRITE",
  "EVENTS_READ",
  "EVENTS_PUBLISH",
  "DELIVERIES_READ",
  "DELIVERIES_WRITE",
  "INBOXES",
  "CATALOG_WRITE",
  "KEYS_ADMIN",
  "AUDIT_READ",
  "TENANTS_ADMIN",
] as const;
export type Scope = (typeof SCOPES)[number];

/** What a caller may do, and where. */
export interface Rights {
  readonly tenantId: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Nothing but what belongs to these webhooks; null: all of the tenant's. */
  readonly webhookIds: readonly string[] | null;
  /** The key's name; null for the operator's key. */
  readonly keyName: string | null;
  readonly expiresAt: Date | null;
}

/** Those of `wanted` that the caller has not. Nobody gives away more than that. */
export function missingScopes({ scopes }: Rights, wanted: readonly Scope[]): Scope[] {
  return wanted.filter((scope) => !scopes.has(scope));
}

/** Whoever may make tenants acts for all of them. */
export function isOperator({ scopes }: Rights): boolean {
  return scopes.has("TENANTS_ADMIN");
}

/** The id of the caller who shows the operator's key. */
export const OPERATOR = "operator";

/** Somebody who showed a key. */
export interface Caller {
  /** Of the key, or OPERATOR. */
  readonly id: string;
  readonly rights: Rights;
  /** The key was revoked or has expired. */
  readonly isOver: boolean;
}
