import { expect } from "vitest";
import { BUILT_IN_CATALOG } from "../src/domain/catalog/catalog.ts";
import { prefixOf } from "../src/domain/id.ts";
import { schema } from "../src/schema/index.ts";
import type { App } from "./app.ts";
import { callForCursor, callWith, type Needs, type Place } from "./isolation-calls.ts";
import { ask, comparable, cursorIn, nobodys, someOf, type Holder } from "./isolation-tenants.ts";

export interface Asking {
  readonly app: App;
  readonly caller: Holder;
  /** Ids that no reply to the caller may have. */
  readonly strangers: readonly string[];
}

const WEBHOOK = { name: "Made", url: "http://127.0.0.1:2/", eventTypes: ["domain_created"] };

/** Declared and never kept: all webhooks for all types would get it. */
const DECLARED = {
  name: "thing_happened",
  title: "Thing",
  description: "It happened.",
  category: "Things",
  schema: { type: "object" },
  samplePayload: {},
};

/** What calls need besides the value that they are about, by schema coordinate; "(first:)" is of any field. */
const VALUES: Readonly<Record<string, (mine: Holder) => unknown>> = {
  "(first:)": () => 5,
  "(start:)": () => ({ last: 100 }),
  "Subscription.inboxRequests(inboxId:)": ({ idOf }) => idOf("Inbox"),
  "CreateAccessTokenInput.scopes": () => ["WEBHOOKS_READ"],
  "CreateApiKeyInput.name": () => "Made",
  "CreateApiKeyInput.scopes": () => ["WEBHOOKS_READ"],
  "CreateTenantInput.name": () => "Made",
  "CreateWebhookInput.name": () => WEBHOOK.name,
  "CreateWebhookInput.url": () => WEBHOOK.url,
  "CreateWebhookInput.eventTypes": () => WEBHOOK.eventTypes,
  "PublishEventInput.type": () => "payment_received",
  "PublishEventInput.payload": () => BUILT_IN_CATALOG.find("payment_received")!.samplePayload,
  "Mutation.registerEventTypes(input:)": () => ({ types: [DECLARED], dryRun: true }),
  "WebhookPreviewInput.webhook": ({ idOf }) => ({ id: idOf("Webhook") }),
  "TestWebhookInput.webhook": ({ idOf }) => ({ id: idOf("Webhook") }),
  "UpdateInboxInput.name": () => "Changed",
  "UpdateWebhookInput.name": () => "Changed",
  "UpsertWebhookInput.key": () => "made",
  "UpsertWebhookInput.webhook": () => WEBHOOK,
};

export function needsOf(mine: Holder): Needs {
  const valueOf = (coordinate: string) =>
    (VALUES[coordinate] ?? VALUES[coordinate.replace(/^.*\(/, "(")])?.(mine);
  return { valueOf, idOf: mine.idOf };
}

/** What a holder could put in this place: ids of all types, all keys, the cursor of this very list or stream. */
export async function valuesOf(app: App, holder: Holder, place: Place): Promise<readonly string[]> {
  if (place.kind === "ID") return someOf(holder);
  if (place.kind === "KEY") return holder.keys;
  const { valueOf, idOf } = needsOf(holder);
  // Of the newest row, so that there is something behind it.
  const needs = {
    idOf,
    valueOf: (coordinate: string) => (coordinate.endsWith("(first:)") ? 1 : valueOf(coordinate)),
  };
  const cursor = cursorIn(await ask(app, holder, callForCursor(place, needs)));
  return cursor === undefined ? [] : [cursor];
}

/** A caller's reply to a value in this place. Neither the value nor the caller's own ids and keys can be told from others. */
export async function replyTo(
  value: string,
  place: Place,
  { app, caller, strangers }: Asking,
): Promise<string> {
  let text = await ask(app, caller, callWith(schema, place, value, needsOf(caller)));
  const hidden = prefixOf(value) ? caller.keys : [...caller.keys, value];
  for (const one of hidden) text = text.replaceAll(`"${one}"`, `"<key>"`);
  // Keys are made of ids, so that the keys of others are found as well.
  for (const id of strangers)
    if (id !== value && text.includes(id)) expect.fail(`${value} is answered with ${id}: ${text}`);
  return comparable(text);
}

/** Whether some value of the caller's own is answered otherwise than one that names nothing. */
export async function isOwnTold(place: Place, asking: Asking): Promise<boolean> {
  for (const value of await valuesOf(asking.app, asking.caller, place)) {
    const nothing = place.kind.endsWith("CURSOR") ? "garbage" : nobodys(value);
    if ((await replyTo(value, place, asking)) !== (await replyTo(nothing, place, asking)))
      return true;
  }
  return false;
}
