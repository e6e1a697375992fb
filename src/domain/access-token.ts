import { z } from "zod";
import { DAY } from "./duration.ts";
import { checkedDuration, zodProblems } from "./input.ts";
import { Refusal, refuseIf, type Problem } from "./refusal.ts";
import { missingScopes, SCOPES, type Caller, type Scope } from "./rights.ts";
import type { Tools } from "./tools.ts";

/** A short-lived token for a browser: some of its maker's rights, for as long as the maker has them. */
export interface AccessToken {
  /** The key that made it, or "operator". */
  readonly makerId: string;
  readonly tenantId: string;
  readonly scopes: readonly Scope[];
  readonly webhookIds: readonly string[] | null;
  readonly expiresAt: Date;
}

/** Scopes that mean something for some webhooks alone. */
const NARROWABLE: readonly Scope[] = [
  "WEBHOOKS_READ",
  "WEBHOOKS_WRITE",
  "EVENTS_READ",
  "DELIVERIES_READ",
  "DELIVERIES_WRITE",
  "INBOXES",
];
/** Whoever makes keys with a token would keep its rights for ever. */
const FOR_KEYS_ONLY: readonly Scope[] = ["KEYS_ADMIN", "TENANTS_ADMIN"];
export const TOKEN_WEBHOOKS_MAX = 100;

/** Each once is enough. */
export const scopesInput = z
  .array(z.enum(SCOPES))
  .min(1, "must name at least one scope")
  .max(SCOPES.length, "must name each scope once");

/** A list that a program filtered down to nothing: the token would show nothing, and nobody could say why. */
const NO_WEBHOOKS: Problem = {
  path: ["webhooks"],
  message: "must name at least one webhook; leave it out for all that you see",
};

const FIELDS = z.object({
  scopes: scopesInput,
  expiresIn: checkedDuration(60_000, DAY),
});

export type NewTokenInput = z.input<typeof FIELDS> & {
  /** All of them exist, and the maker sees them; null: not narrowed further than the maker. */
  readonly webhookIds: readonly string[] | null;
};

/** Never with more rights than its maker, nor for longer. It is kept nowhere: only who made it is. */
export async function createAccessToken(
  caller: Caller,
  input: NewTokenInput,
  { clock, store, by }: Tools,
): Promise<AccessToken> {
  const token = checkedToken(caller, input, clock.now());
  const { makerId, tenantId, scopes, webhookIds: webhooks, expiresAt } = token;
  const after = { scopes, webhooks, expiresAt };
  await store.audit(
    tenantId,
    { action: "token.created", subject: makerId, before: null, after },
    by,
  );
  return token;
}

function checkedToken(
  { id: makerId, rights }: Caller,
  { webhookIds: wanted, ...input }: NewTokenInput,
  now: Date,
): AccessToken {
  const { data, error } = FIELDS.safeParse(input);
  refuseIf([...zodProblems(error), ...(wanted?.length === 0 ? [NO_WEBHOOKS] : [])]);
  const { scopes, expiresIn } = data!;
  const requiredScopes = missingScopes(rights, scopes);
  if (requiredScopes.length > 0)
    throw new Refusal("FORBIDDEN", { path: ["scopes"], requiredScopes });
  const webhookIds = wanted ?? rights.webhookIds;
  refuseScopes(scopes, (scope) => !FOR_KEYS_ONLY.includes(scope), "can't be given to a token");
  if (webhookIds)
    refuseScopes(scopes, (scope) => NARROWABLE.includes(scope), "can't be narrowed to webhooks");
  const end = now.getTime() + expiresIn;
  const expiresAt = new Date(Math.min(end, rights.expiresAt?.getTime() ?? end));
  return { makerId, tenantId: rights.tenantId, scopes, webhookIds, expiresAt };
}

function refuseScopes(
  scopes: readonly Scope[],
  isAllowed: (scope: Scope) => boolean,
  why: string,
): void {
  const refused = scopes.filter((scope) => !isAllowed(scope));
  refuseIf(refused.map((scope) => ({ path: ["scopes"], message: `${scope} ${why}` })));
}
