import type { Client } from "graphql-ws";
import { BUILT_IN } from "../src/domain/catalog/built-in.ts";
import { ID_PREFIXES, prefixOf } from "../src/domain/id.ts";
import { ADMIN_KEY, eventually, type App } from "./app.ts";
import { DeliverAgain } from "./deliver-documents.ts";
import type { Call } from "./isolation-calls.ts";
import { Who } from "./keys-documents.ts";
import { makeKey, makeTenant, withKey } from "./keys-steps.ts";
import { contentOf, type Row } from "./second-tenant.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";

const ID = /(?<![a-z])([a-z]{2,4})_[0-9a-hjkmnp-tv-z]{26}\b/g;

/** A tenant that has some of everything, and its key for all of it. */
export interface Holder {
  readonly tenantId: string;
  readonly secret: string;
  /** For streams. */
  readonly client: Client;
  /** Of everything that is its own, by type and age. */
  readonly ids: readonly string[];
  /** That it gave to its things, and its own. */
  readonly keys: readonly string[];
  /** Its oldest thing of a type; of the catalog, which is everybody's, the first. */
  readonly idOf: (typeName: string) => string;
}

/** The default tenant, and the operator's key. */
export async function furnishDefault(app: App): Promise<Holder> {
  const { viewer } = await app.run(Who);
  return furnish(app, viewer!.tenant.id, ADMIN_KEY);
}

/** A new tenant, and a key that is no operator's. */
export async function furnishNew(app: App, name: string): Promise<Holder> {
  const { id, secret } = await makeTenant(app, name);
  return furnish(app, id, secret);
}

/** At least two of each kind, so that there is something behind the newest one of every list. */
async function furnish(app: App, tenantId: string, secret: string): Promise<Holder> {
  await withKey(app, secret, async () => {
    for (const key of ["one", "two"]) {
      const { url } = await makeInbox(app);
      await makeWebhook(app, { url, key: `webhook-${key}-${tenantId}` });
      await makeKey(app);
    }
    for (const key of ["one", "two"])
      await publishSample(app, { idempotencyKey: `event-${key}-${tenantId}` });
    await settled(app, tenantId);
    const deliveryId = holderOf(app, tenantId, secret).idOf("Delivery");
    await app.run(DeliverAgain, { deliveryId });
    // The newest delivery is held, so that there is something to cancel.
    await makeWebhook(app, {
      url: "http://127.0.0.1:2/",
      // Behind the others in the order of names.
      name: "Zeta",
      paused: true,
      eventTypes: ["site_*"],
    });
    await publishSample(app, { type: "site_published" });
    await settled(app, tenantId);
  });
  return holderOf(app, tenantId, secret);
}

/** All is delivered that is not held. Seen in the rows, so that a leak in the lists hangs nothing. */
export function settled(app: App, tenantId: string): Promise<boolean> {
  return eventually(async () => {
    const { webhook = [], delivery = [] } = contentOf(app, tenantId);
    const paused = webhook.filter((row) => row["state"] === "PAUSED").map((row) => row["id"]);
    return delivery.every(
      (row) => row["finished_at"] !== null || paused.includes(row["webhook_id"]),
    );
  });
}

export function holderOf(
  app: App,
  tenantId: string,
  secret: string,
  rows: readonly Row[] = Object.values(contentOf(app, tenantId)).flat(),
): Holder {
  const textsOf = (...columns: string[]): string[] => {
    const values = rows.flatMap((row) => columns.map((column) => row[column]));
    return [...new Set(values.filter((value) => typeof value === "string"))].toSorted();
  };
  const ids = textsOf("id").filter((id) => prefixOf(id));
  const idOf = (typeName: string): string => {
    const found = [...ids, BUILT_IN[0]!.id].find((id) => ID_PREFIXES[prefixOf(id)!] === typeName);
    if (found === undefined) throw new Error(`The tenant has no ${typeName}`);
    return found;
  };
  const client = app.client(`Bearer ${secret}`);
  return { tenantId, secret, client, ids, keys: textsOf("key", "idempotency_key"), idOf };
}

/** The oldest and the newest of each type. */
export function someOf({ ids }: Holder): string[] {
  return Map.groupBy(ids, prefixOf)
    .values()
    .flatMap((same) => new Set([same[0]!, same.at(-1)!]))
    .toArray();
}

/** Health and counts have come to rest. */
export function folded(app: App, { tenantId }: Holder): Promise<boolean> {
  return eventually(async () => {
    const { tenant = [], log = [] } = contentOf(app, tenantId);
    return (
      tenant[0]?.["folded_position"] === Math.max(...log.map((row) => Number(row["position"])))
    );
  });
}

/** A stream answers with what it tells up to StreamCaughtUp, or why it is refused. */
export async function ask(app: App, { secret, client }: Holder, call: Call): Promise<string> {
  if (!call.query.startsWith("subscription"))
    return (await app.post(call, { authorization: `Bearer ${secret}` })).text();
  const told: unknown[] = [];
  for await (const { data, errors } of client.iterate({ ...call })) {
    told.push(errors ?? data);
    if (errors || JSON.stringify(data).includes('"StreamCaughtUp"')) break;
  }
  return JSON.stringify(told);
}

/** The first cursor of a reply. */
export function cursorIn(reply: string): string | undefined {
  return /"(?:cursor|endCursor)":"([\w-]+)"/.exec(reply)?.[1];
}

/** A reply without what is new each time: ids say only what they are of. */
export function comparable(reply: string): string {
  return reply
    .replaceAll(ID, "$1_…")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replaceAll(/\b\d{10}\b/g, "<seconds>")
    .replaceAll(/v1,[\w+/=]+/g, "<signature>");
}

/** A value of the same form that names nothing. */
export function nobodys(value: string): string {
  if (prefixOf(value)) return nobodysId(value);
  const text = Buffer.from(value, "base64url").toString();
  if (!text.startsWith("[")) return `${value}-nobody`;
  return Buffer.from(text.replaceAll(ID, nobodysId)).toString("base64url");
}

/** Of the same time, so that it stands at the same place of every list. */
function nobodysId(id: string): string {
  return id.slice(0, -1) + (id.endsWith("0") ? "1" : "0");
}
