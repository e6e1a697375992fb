import { Lane, type Moment } from "../src/delivery/lane.ts";
import type { Claim } from "../src/domain/delivery.ts";
import type { Route } from "../src/domain/route.ts";

export function route(webhookId: string, changes: Partial<Route> = {}): Route {
  return {
    tenantId: "ten_1",
    webhookId,
    webhookName: webhookId,
    state: "ACTIVE",
    activeSinceMs: 0,
    url: `https://${webhookId}.example/`,
    origin: `https://${webhookId}.example`,
    format: "ENVELOPE",
    filter: null,
    keepFiltered: false,
    select: new Map(),
    wants: () => true,
    customHeaders: [],
    secrets: [],
    retryDelaysMs: [],
    timeoutMs: 1000,
    maxInFlight: 10,
    rateLimitPerSecond: null,
    isFailing: false,
    ...changes,
  };
}

export const claim = { body: "" } as Claim;
/** Both clocks alike. */
export const at = (ms: number): Moment => ({ wallMs: ms, leaseMs: ms });

/** A lane with `waiting` claims, whose receiver has answered well so far unless it is failing. */
export function lane(webhookId: string, waiting = 1, changes: Partial<Route> = {}): Lane {
  const made = new Lane(route(webhookId, changes));
  made.queue.push(...Array<Claim>(waiting).fill(claim));
  if (!changes.isFailing) made.limit = made.route.maxInFlight;
  return made;
}
