import type { ApiKey } from "../domain/api-key.ts";
import { createApiKey, revokeApiKey } from "../domain/key-commands.ts";
import { builder } from "./builder.ts";
import { connectionType, pageArgs } from "./connection.ts";
import { Node } from "./node.ts";
import { ApiKeyRef } from "./refs.ts";
import { refusing, resultUnion } from "./refusal.ts";
import { ScopeEnum } from "./scope.ts";
import { InvalidInputError, LimitError, NotFoundError } from "./user-error.ts";

ApiKeyRef.implement({
  authScopes: { needs: "KEYS_ADMIN" },
  description: "A key of a tenant. Its text was shown once, and is kept nowhere.",
  interfaces: [Node],
  fields: (t) => ({
    name: t.exposeString("name", { description: "Its name for people." }),
    hint: t.exposeString("hint", { description: "Its last four characters." }),
    scopes: t.expose("scopes", { type: [ScopeEnum], description: "What it allows." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When it ends; null: not by itself.",
    }),
    lastUsedAt: t.expose("lastUsedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was last used, at most a minute late.",
    }),
    revokedAt: t.expose("revokedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was revoked.",
    }),
  }),
});

const ApiKeyConnection = connectionType("ApiKey", ApiKeyRef, "KEYS_ADMIN");

builder.queryField("apiKeys", (t) =>
  t.field({
    type: ApiKeyConnection,
    nullable: true,
    authScopes: { needs: "KEYS_ADMIN" },
    description: "The tenant's keys, newest first.",
    args: pageArgs(),
    resolve: (_root, page, { tenantReader, tenantId }) => tenantReader.apiKeys(tenantId, page),
  }),
);

const CreateApiKeyInput = builder.inputType("CreateApiKeyInput", {
  description: "A new key.",
  fields: (t) => ({
    tenantId: t.id({ description: "Operators only; the caller's tenant when absent." }),
    name: t.string({ required: true, description: "Its name for people." }),
    scopes: t.field({
      type: [ScopeEnum],
      required: true,
      description: "What it allows: nothing that the caller may not do.",
    }),
    expiresIn: t.field({
      type: "Duration",
      description:
        "How long it lives, PT1M to P3650D; for ever when absent. No longer than the caller's key.",
    }),
  }),
});

const RevokeApiKeyInput = builder.inputType("RevokeApiKeyInput", {
  description: "Which key.",
  fields: (t) => ({ apiKeyId: t.id({ required: true, description: "Its id." }) }),
});

const CreateApiKeyPayload = builder
  .objectRef<{ apiKey: ApiKey; secret: string }>("CreateApiKeyPayload")
  .implement({
    description: "The new key.",
    fields: (t) => ({
      apiKey: t.expose("apiKey", { type: ApiKeyRef, nullable: true, description: "The key." }),
      secret: t.exposeString("secret", { description: "Its text, shown only here." }),
    }),
  });

const RevokeApiKeyPayload = builder.objectRef<ApiKey>("RevokeApiKeyPayload").implement({
  description: "The key opens nothing any more.",
  fields: (t) => ({
    apiKey: t.field({
      type: ApiKeyRef,
      nullable: true,
      description: "The key.",
      resolve: (apiKey) => apiKey,
    }),
  }),
});

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: resultUnion("CreateApiKey", CreateApiKeyPayload, [
      InvalidInputError,
      NotFoundError,
      LimitError,
    ]),
    nullable: true,
    authScopes: { needs: "KEYS_ADMIN" },
    description: "Makes a key, with no more rights than the caller has.",
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: "The key." }) },
    resolve: (_root, { input }, { caller, tools }) => {
      const { tenantId = null, expiresIn = null } = input;
      return refusing(() => createApiKey(caller, { ...input, tenantId, expiresIn }, tools));
    },
  }),
  revokeApiKey: t.field({
    type: resultUnion("RevokeApiKey", RevokeApiKeyPayload, [NotFoundError]),
    nullable: true,
    authScopes: { needs: "KEYS_ADMIN" },
    description:
      "Ends a key, and within a minute all sockets and streams that it opened. Operators may end any tenant's.",
    args: { input: t.arg({ type: RevokeApiKeyInput, required: true, description: "Which one." }) },
    resolve: (_root, { input: { apiKeyId } }, { caller, tools }) =>
      refusing(() => revokeApiKey(caller.rights, apiKeyId, tools)),
  }),
}));
