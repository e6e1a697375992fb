import { SCOPES } from "../src/domain/rights.ts";
import { ADMIN_KEY, type App } from "./app.ts";
import type { CreateApiKeyInput, Scope } from "./generated/graphql.ts";
import { CreateKey, MakeTenant } from "./keys-documents.ts";

/** All that a tenant's own administrator may do. */
export const TENANT_SCOPES: Scope[] = SCOPES.filter((scope) => scope !== "TENANTS_ADMIN");

export async function makeKey(app: App, input: Partial<CreateApiKeyInput> = {}) {
  const { createApiKey } = await app.run(CreateKey, {
    input: { name: "Test", scopes: TENANT_SCOPES, ...input },
  });
  if (createApiKey?.__typename !== "CreateApiKeyPayload")
    throw new Error(JSON.stringify(createApiKey));
  return { ...createApiKey.apiKey!, secret: createApiKey.secret };
}

/** A tenant, and a key for all of it. */
export async function makeTenant(app: App, key: string) {
  const { createTenant } = await app.run(MakeTenant, { input: { key, name: key } });
  if (createTenant?.__typename !== "CreateTenantPayload")
    throw new Error(JSON.stringify(createTenant));
  const { id } = createTenant.tenant!;
  return { id, secret: (await makeKey(app, { tenantId: id })).secret };
}

/** What `work` asks is asked with this key. */
export async function withKey<T>(app: App, key: string, work: () => Promise<T>): Promise<T> {
  app.key = key;
  try {
    return await work();
  } finally {
    app.key = ADMIN_KEY;
  }
}
