import { z } from "zod";
import { scopesInput } from "./access-token.ts";
import { ApiKey, createKeyText, hashOf, isUsable } from "./api-key.ts";
import { DAY } from "./duration.ts";
import { checkedDuration, checkedText, zodProblems } from "./input.ts";
import { Refusal, refuseIf } from "./refusal.ts";
import { isOperator, missingScopes, OPERATOR, SCOPES, type Caller, type Rights } from "./rights.ts";
import type { Tools } from "./tools.ts";

const KEYS_MAX = 1000;
const HINT_CHARACTERS = 4;

const FIELDS = z.object({
  name: checkedText(200),
  scopes: scopesInput,
  expiresIn: checkedDuration(60_000, 3650 * DAY).nullable(),
});

export type NewKeyInput = z.input<typeof FIELDS> & {
  /** Another tenant than the caller's; for operators. */
  readonly tenantId: string | null;
};

/** A key with no more rights than its maker has, and for no longer. Returns its text, which is kept nowhere. */
export async function createApiKey(
  { id: makerId, rights }: Caller,
  { tenantId: other, ...input }: NewKeyInput,
  tools: Tools,
): Promise<{ readonly apiKey: ApiKey; readonly secret: string }> {
  const { data, error } = FIELDS.safeParse(input);
  refuseIf(zodProblems(error));
  const { name, scopes, expiresIn } = data!;
  const isElsewhere = other !== null && other !== rights.tenantId;
  if (isElsewhere && !isOperator(rights))
    throw new Refusal("FORBIDDEN", { path: ["tenantId"], requiredScopes: ["TENANTS_ADMIN"] });
  const missing = missingScopes(rights, scopes);
  if (missing.length > 0)
    throw new Refusal("FORBIDDEN", { path: ["scopes"], requiredScopes: missing });
  const now = tools.clock.now();
  const secret = createKeyText(tools.randomBytes);
  const apiKey = Object.assign(new ApiKey(), {
    id: tools.newId("key"),
    tenantId: other ?? rights.tenantId,
    name,
    hash: hashOf(secret),
    hint: secret.slice(-HINT_CHARACTERS),
    scopes: SCOPES.filter((scope) => scopes.includes(scope)),
    createdAt: now,
    expiresAt: earlier(expiresIn === null ? null : now.getTime() + expiresIn, rights.expiresAt),
    revokedAt: null,
    lastUsedAt: null,
  });
  await tools.store.change(
    apiKey.tenantId,
    async (work) => {
      // In the same request it may have been revoked.
      if (makerId !== OPERATOR && !isUsable(await work.apiKey(makerId, true), now))
        throw new Refusal("FORBIDDEN");
      if (isElsewhere && !(await work.tenant()))
        throw new Refusal("TENANT_NOT_FOUND", { path: ["tenantId"] });
      if ((await work.countApiKeys()) >= KEYS_MAX)
        throw new Refusal("KEYS_FULL", { limit: KEYS_MAX });
      work.add(apiKey);
    },
    tools.by,
  );
  tools.announce({ type: "key.created", tenantId: apiKey.tenantId, keyId: apiKey.id });
  return { apiKey, secret };
}

/** From the answer on it opens nothing. Revoking it again changes nothing. Operators may revoke any tenant's. */
export async function revokeApiKey(rights: Rights, id: string, tools: Tools): Promise<ApiKey> {
  const apiKey = await tools.store.change(
    rights.tenantId,
    async (work) => {
      const apiKey = await work.apiKey(id, isOperator(rights));
      apiKey.revokedAt ??= tools.clock.now();
      return apiKey;
    },
    tools.by,
  );
  tools.announce({ type: "key.revoked", tenantId: apiKey.tenantId, keyId: id });
  return apiKey;
}

function earlier(ms: number | null, end: Date | null): Date | null {
  if (ms === null) return end;
  return new Date(Math.min(ms, end?.getTime() ?? ms));
}
