import type { App } from "./app.ts";
import { AuditLog } from "./audit-documents.ts";
import type { AuditFilter } from "./generated/graphql.ts";

/** Who did what, oldest first. */
export async function entries(app: App, filter: AuditFilter = {}) {
  const { auditLog } = await app.run(AuditLog, { filter });
  return (auditLog?.nodes ?? []).toReversed();
}
