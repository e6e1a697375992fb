import { createPublicKey, generateKeyPairSync, randomBytes, verify } from "node:crypto";
import { Webhook } from "standardwebhooks";
import type { App } from "./app.ts";
import { deliveriesOf, settled } from "./deliver-receiver.ts";
import type { RotateWebhookSecretInput } from "./generated/graphql.ts";
import { SigningRevoke, SigningRotate } from "./signing-documents.ts";
import { publishSample } from "./steps.ts";
import { as, collector, present, type Received } from "./webhooks-steps.ts";

export const HOUR = 3_600_000;

export type Collector = Awaited<ReturnType<typeof collector>>;

export const sharedSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;

/** A private key that another program made, whole and as its seed, with the public key that goes with it. */
export function keyPair() {
  const { d = "", x = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const [seed, publicKey] = [Buffer.from(d, "base64url"), Buffer.from(x, "base64url")];
  return {
    secret: `whsk_${Buffer.concat([seed, publicKey]).toString("base64")}`,
    seedAlone: `whsk_${seed.toString("base64")}`,
    publicKey: `whpk_${publicKey.toString("base64")}`,
  };
}

export async function rotate(app: App, input: RotateWebhookSecretInput) {
  return present((await app.run(SigningRotate, { input })).rotateWebhookSecret);
}

/** A rotation that went well. */
export async function rotated(app: App, id: string, input: Partial<RotateWebhookSecretInput> = {}) {
  const answer = await rotate(app, { overlap: "PT1H", ...input, webhook: { id } });
  const payload = as(answer, "RotateWebhookSecretPayload");
  return { ...payload, webhook: present(payload.webhook) };
}

export async function revoke(app: App, secretId: string) {
  return present((await app.run(SigningRevoke, { input: { secretId } })).revokeSigningSecret);
}

/** What a publish sends, once for each webhook, when all of it is recorded: then a clock may be turned. */
export async function requestsOf(app: App, receiver: Collector): Promise<Received[]> {
  const { eventId } = await publishSample(app);
  for (const delivery of await deliveriesOf(app, eventId))
    await settled(app, delivery, "SUCCEEDED");
  return receiver.got.filter(({ headers }) => headers["webhook-id"] === eventId);
}

/** The same where there is one webhook. */
export async function nextRequest(app: App, receiver: Collector): Promise<Received> {
  const [request, ...others] = await requestsOf(app, receiver);
  if (!request || others.length > 0) throw new Error(`${others.length} others`);
  return request;
}

/** The names of those that signed, in the order of the header. Receivers check alone: each has one secret or public key. */
export function signersOf(
  { headers, body }: Received,
  receivers: Readonly<Record<string, string>>,
): string[] {
  const list = headers["webhook-signature"] ?? "";
  return list.split(" ").map((entry) => {
    const known = Object.entries(receivers);
    const found = known.find(([, secret]) =>
      accepts(secret, { body, headers: { ...headers, "webhook-signature": entry } }),
    );
    return found?.[0] ?? `nobody knows ${entry}`;
  });
}

/** `whsec_…` by the stock library, `whpk_…` by node:crypto. */
export function accepts(secret: string, { headers, body }: Received): boolean {
  const {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": list = "",
  } = headers;
  if (secret.startsWith("whpk_")) {
    const x = Buffer.from(secret.replace("whpk_", ""), "base64").toString("base64url");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    const content = Buffer.from(`${id}.${timestamp}.${body}`);
    return list
      .split(" ")
      .filter((entry) => entry.startsWith("v1a,"))
      .some((entry) => verify(null, content, key, Buffer.from(entry.slice(4), "base64")));
  }
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    // The library says no by throwing.
    return false;
  }
}
