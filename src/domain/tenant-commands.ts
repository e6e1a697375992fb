import { z } from "zod";
import { checkedText, zodProblems } from "./input.ts";
import { Refusal, refuseIf } from "./refusal.ts";
import { Tenant } from "./tenant.ts";
import type { Tools } from "./tools.ts";

const FIELDS = z.object({
  key: z
    .string()
    .regex(
      /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
      "must be 1 to 63 of a-z, 0-9 and -, with no - at its ends",
    ),
  name: checkedText(200),
});

export type NewTenantInput = z.input<typeof FIELDS>;

/** A tenant of its own, empty. Its first key is made with `createApiKey`. */
export async function createTenant(input: NewTenantInput, tools: Tools): Promise<Tenant> {
  const { data, error } = FIELDS.safeParse(input);
  refuseIf(zodProblems(error));
  const tenant = Object.assign(new Tenant(), data, {
    id: tools.newId("ten"),
    createdAt: tools.clock.now(),
    webhooksVersion: 0,
    catalogVersion: 0,
    foldedPosition: 0,
  });
  await tools.store.change(
    tenant.id,
    async (work) => {
      const existing = await work.tenantByKey(tenant.key);
      if (existing)
        throw new Refusal("TENANT_KEY_TAKEN", { path: ["key"], existingId: existing.id });
      work.add(tenant);
    },
    tools.by,
  );
  tools.announce({ type: "tenant.created", tenantId: tenant.id });
  return tenant;
}
