/** The isolation boundary: everything but the built-in catalog belongs to exactly one. */
export class Tenant {
  id!: string;
  key!: string;
  name!: string;
  createdAt!: Date;
  /** Raised by each change of a webhook, so that no fan-out uses a stale one. */
  webhooksVersion!: number;
  /** Raised by each change of its own event types. */
  catalogVersion!: number;
  /** The last position of its log that health and counts have seen. */
  foldedPosition!: number;
}

/** The tenant that exists from the start. */
export const DEFAULT_TENANT = { key: "default", name: "Default" } as const;
