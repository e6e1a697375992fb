import type { Scope } from "../domain/rights.ts";
import { builder } from "./builder.ts";

export const ScopeEnum = builder.enumType("Scope", {
  description: "What a key may be allowed to do.",
  values: {
    WEBHOOKS_READ: { description: "See webhooks." },
    WEBHOOKS_WRITE: { description: "Make, change, test and delete webhooks." },
    EVENTS_READ: { description: "See events and their payloads." },
    EVENTS_PUBLISH: { description: "Publish events." },
    DELIVERIES_READ: { description: "See deliveries and attempts, and what receivers answered." },
    DELIVERIES_WRITE: { description: "Send deliveries again, and cancel them." },
    INBOXES: { description: "Make inboxes, and see what they get." },
    CATALOG_WRITE: { description: "Declare event types." },
    KEYS_ADMIN: { description: "Make and revoke keys, with no more rights than its own." },
    AUDIT_READ: { description: "See who did what." },
    TENANTS_ADMIN: { description: "Make tenants, and keys for all of them: an operator." },
  } satisfies Record<Scope, object>,
});
