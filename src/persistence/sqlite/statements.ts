import { apiKeyStatements } from "./api-keys.ts";
import { auditStatements } from "./audit.ts";
import { claimStatements } from "./claims.ts";
import { deliveryStatements } from "./deliveries.ts";
import { eventStatements } from "./events.ts";
import { foldStatements } from "./health.ts";
import { inboxStatements } from "./inboxes.ts";
import { logStatements } from "./log.ts";
import { retentionStatements } from "./retention.ts";
import type { SqliteHandle } from "./rows.ts";

export type SqliteStatements = ReturnType<typeof createStatements>;

/** The hot path's SQL, prepared once. */
export function createStatements(db: SqliteHandle) {
  return {
    ...eventStatements(db),
    ...deliveryStatements(db),
    ...claimStatements(db),
    ...logStatements(db),
    ...inboxStatements(db),
    ...apiKeyStatements(db),
    ...auditStatements(db),
    ...foldStatements(db),
    ...retentionStatements(db),
  };
}
