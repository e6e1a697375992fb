import { SCOPES, type Caller } from "../domain/rights.ts";
import { createTenant } from "../domain/tenant-commands.ts";
import type { Tenant } from "../domain/tenant.ts";
import { builder } from "./builder.ts";
import { connectionType, pageArgs } from "./connection.ts";
import { Node } from "./node.ts";
import { TenantRef } from "./refs.ts";
import { refusing, resultUnion } from "./refusal.ts";
import { ScopeEnum } from "./scope.ts";
import { ConflictError, InvalidInputError } from "./user-error.ts";

TenantRef.implement({
  description:
    "The isolation boundary: everything but the built-in catalog belongs to exactly one.",
  interfaces: [Node],
  fields: (t) => ({
    key: t.exposeString("key", { description: "Your own stable key for it." }),
    name: t.exposeString("name", { description: "Its name for people." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
  }),
});

const ViewerType = builder.objectRef<Caller>("Viewer").implement({
  description: "Who asks, and what they may do.",
  fields: (t) => ({
    tenant: t.field({
      type: TenantRef,
      description: "Whose things they see.",
      resolve: async (_caller, _args, { tenantId, tenantReader }) =>
        (await tenantReader.tenant(tenantId))!,
    }),
    scopes: t.field({
      type: [ScopeEnum],
      description: "What they may do.",
      resolve: ({ rights }) => SCOPES.filter((scope) => rights.scopes.has(scope)),
    }),
    webhooks: t.idList({
      nullable: true,
      description: "The webhooks that their token is for; null: all of them.",
      resolve: ({ rights }) => rights.webhookIds && [...rights.webhookIds],
    }),
    keyName: t.string({
      nullable: true,
      description: "The name of their key; null for the operator's key.",
      resolve: ({ rights }) => rights.keyName,
    }),
    expiresAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When that ends; null: not by itself.",
      resolve: ({ rights }) => rights.expiresAt,
    }),
  }),
});

const TenantConnection = connectionType("Tenant", TenantRef, "TENANTS_ADMIN");

builder.queryFields((t) => ({
  viewer: t.field({
    type: ViewerType,
    nullable: true,
    description: "Who asks, and what they may do.",
    resolve: (_root, _args, { caller }) => caller,
  }),
  tenants: t.field({
    type: TenantConnection,
    nullable: true,
    authScopes: { needs: "TENANTS_ADMIN" },
    description: "All tenants, newest first.",
    args: pageArgs(),
    resolve: (_root, page, { tenantReader }) => tenantReader.tenants(page),
  }),
}));

const CreateTenantInput = builder.inputType("CreateTenantInput", {
  description: "A new tenant.",
  fields: (t) => ({
    key: t.string({
      required: true,
      description: "Your own stable key for it: 1 to 63 of a-z, 0-9 and -.",
    }),
    name: t.string({ required: true, description: "Its name for people." }),
  }),
});

const CreateTenantPayload = builder.objectRef<Tenant>("CreateTenantPayload").implement({
  description: "The new tenant. Its first key is made with createApiKey.",
  fields: (t) => ({
    tenant: t.field({
      type: TenantRef,
      nullable: true,
      description: "The tenant.",
      resolve: (tenant) => tenant,
    }),
  }),
});

builder.mutationField("createTenant", (t) =>
  t.field({
    type: resultUnion("CreateTenant", CreateTenantPayload, [InvalidInputError, ConflictError]),
    nullable: true,
    authScopes: { needs: "TENANTS_ADMIN" },
    description: "Makes a tenant, which begins with nothing.",
    args: {
      input: t.arg({ type: CreateTenantInput, required: true, description: "The tenant." }),
    },
    resolve: (_root, { input }, { tools }) => refusing(() => createTenant(input, tools)),
  }),
);
