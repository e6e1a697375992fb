import { isOperator } from "../domain/rights.ts";
import { builder } from "./builder.ts";
import { connectionType, pageArgs } from "./connection.ts";
import { Node } from "./node.ts";
import { AuditEntryRef, TenantRef } from "./refs.ts";
import { TimeRange } from "./time-range.ts";

AuditEntryRef.implement({
  authScopes: { needs: "AUDIT_READ" },
  description:
    "Who did what: one entry for each webhook, secret, key, tenant, inbox or delivery that a command changed, for each token and for each browser that was signed in. Of secrets its values hold only that they changed. Kept for HOOKWIRE_AUDIT_RETENTION.",
  interfaces: [Node],
  fields: (t) => ({
    at: t.expose("at", { type: "DateTime", description: "When." }),
    tenant: t.field({
      type: TenantRef,
      nullable: true,
      description: "In which tenant.",
      resolve: ({ tenantId }, _args, { tenantReader }) => tenantReader.tenant(tenantId),
    }),
    actor: t.exposeString("actor", {
      description: "Who: the id of a key, or operator for the operator's key.",
    }),
    action: t.exposeString("action", { description: "What, such as webhook.updated." }),
    subject: t.exposeID("subject", {
      description:
        "The id of what was changed; of a token or a session that of the key behind it, or operator.",
    }),
    from: t.exposeString("from", {
      nullable: true,
      description: "The address that the command came from.",
    }),
    before: t.expose("before", {
      type: "JSON",
      nullable: true,
      description: "What differs, as it was before; null for what is new.",
    }),
    after: t.expose("after", {
      type: "JSON",
      nullable: true,
      description: "The same after it; null for what is gone.",
    }),
  }),
});

const AuditEntryConnection = connectionType("AuditEntry", AuditEntryRef, "AUDIT_READ");

const AuditFilterInput = builder.inputType("AuditFilter", {
  description: "Which entries.",
  fields: (t) => ({
    actions: t.stringList({ description: "Of these actions." }),
    subject: t.id({
      description: "Of this webhook, secret, key, tenant, inbox, delivery or event type.",
    }),
    at: t.field({ type: TimeRange, description: "In this time." }),
  }),
});

builder.queryField("auditLog", (t) =>
  t.field({
    type: AuditEntryConnection,
    nullable: true,
    authScopes: { needs: "AUDIT_READ" },
    description: "Who did what in the tenant, newest first; for operators in all of them.",
    args: {
      ...pageArgs(),
      filter: t.arg({ type: AuditFilterInput, description: "Which entries." }),
    },
    resolve: (_root, { filter, ...page }, { caller: { rights }, tenantId, tenantReader }) =>
      tenantReader.auditLog(isOperator(rights) ? null : tenantId, filter ?? {}, page),
  }),
);
