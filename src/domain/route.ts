import type { JsonObject } from "./catalog/entry.ts";
import type { PayloadFormat } from "./event.ts";
import type { CustomHeader } from "./request.ts";
import type { Selection } from "./selection.ts";
import type { WebhookState } from "./webhook.ts";

export interface RouteSecret {
  /** `whsec_…` or `whsk_…`. */
  readonly text: string;
  /** Milliseconds; null: signs until further notice. */
  readonly expiresAtMs: number | null;
}

/** How the payload of one event type is shaped. BROKEN: it asks for what the type's schema has no more. */
export type Shaping = { readonly shape: string; readonly selection: Selection } | "BROKEN";

/** The shape of a delivery that was made while its webhook's selection was broken: it is shaped when it is claimed. */
export const UNSHAPED = "?";

/** A webhook as the line needs it: settings filled in, secrets opened, patterns compiled. Never leaves the process. */
export interface Route {
  readonly tenantId: string;
  readonly webhookId: string;
  readonly webhookName: string;
  readonly state: WebhookState;
  /** Creation or the latest resume, milliseconds. */
  readonly activeSinceMs: number;
  readonly url: string;
  /** Scheme, host and port of `url`. */
  readonly origin: string;
  readonly format: PayloadFormat;
  readonly wants: (typeName: string) => boolean;
  /** Null: all events pass. */
  readonly filter: ((payload: JsonObject) => boolean) | null;
  readonly keepFiltered: boolean;
  /** By canonical event type; types that are not here are sent whole. */
  readonly select: ReadonlyMap<string, Shaping>;
  readonly customHeaders: readonly CustomHeader[];
  /** Newest first; those that have expired may be among them. */
  readonly secrets: readonly RouteSecret[];
  readonly retryDelaysMs: readonly number[];
  readonly timeoutMs: number;
  readonly maxInFlight: number;
  /** Attempts that may begin in a second; null: as many as there are. */
  readonly rateLimitPerSecond: number | null;
  /** Whether its last attempts failed: a lane starts careful then. */
  readonly isFailing: boolean;
}

/** The webhooks that an event of this type becomes deliveries for. A disabled one is off; a paused one holds. */
export function fanOut(routes: readonly Route[], typeName: string): Route[] {
  return routes.filter((route) => route.state !== "DISABLED" && route.wants(typeName));
}

/** What signs at `at`. Nobody has to end a secret: it ends by the clock. */
export function secretsAt({ secrets }: Pick<Route, "secrets">, at: Date): string[] {
  const atMs = at.getTime();
  return secrets.flatMap(({ text, expiresAtMs }) =>
    expiresAtMs === null || atMs < expiresAtMs ? text : [],
  );
}
