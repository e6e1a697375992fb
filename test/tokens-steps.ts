import type { App } from "./app.ts";
import type { CreateAccessTokenInput, Scope } from "./generated/graphql.ts";
import { withKey } from "./keys-steps.ts";
import { CreateToken } from "./tokens-documents.ts";

export const VIEW: Scope[] = ["WEBHOOKS_READ", "EVENTS_READ", "DELIVERIES_READ", "INBOXES"];
/** All that a token for some webhooks may have. */
export const ALL: Scope[] = [...VIEW, "WEBHOOKS_WRITE", "DELIVERIES_WRITE"];

export async function makeToken(
  app: App,
  input: Partial<CreateAccessTokenInput> = {},
): Promise<string> {
  const { createAccessToken } = await app.run(CreateToken, { input: { scopes: VIEW, ...input } });
  if (createAccessToken?.__typename !== "CreateAccessTokenPayload")
    throw new Error(JSON.stringify(createAccessToken));
  return createAccessToken.token;
}

export const refusal = async (app: App, input: Partial<CreateAccessTokenInput>) =>
  (await app.run(CreateToken, { input: { scopes: VIEW, ...input } })).createAccessToken;

export const statusWith = (app: App, token: string) =>
  withKey(app, token, async () => (await app.post({ query: "{ viewer { keyName } }" })).status);
