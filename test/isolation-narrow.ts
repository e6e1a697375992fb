import type { App } from "./app.ts";
import { DeliverAgain, DeliverPause } from "./deliver-documents.ts";
import { holderOf, settled, type Holder } from "./isolation-tenants.ts";
import { makeTenant, withKey } from "./keys-steps.ts";
import { contentOf, type Row } from "./second-tenant.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { ALL, makeToken } from "./tokens-steps.ts";

/** One tenant, whose token is for some webhooks. */
export interface Divided {
  /** Shows the token, and has what belongs to these webhooks. */
  readonly mine: Holder;
  /** Shows the tenant's key, and has all the rest. */
  readonly theirs: Holder;
}

/** Theirs come first in the order of names, too. */
const NAMES = { mine: "Shop", theirs: "Another shop" } as const;
const TYPES = { mine: "payment_received", theirs: "domain_created" } as const;
const SHARED = "customer_created";

/** Both sides have two of everything, and theirs is always the newest: lists have something behind it for both. */
export async function divide(app: App, name: string): Promise<Divided> {
  const { id: tenantId, secret } = await makeTenant(app, name);
  const made = await withKey(app, secret, async () => {
    const webhooks = { mine: [] as string[], theirs: [] as string[] };
    const sides = ["one", "two"].flatMap((key) =>
      (["mine", "theirs"] as const).map((side) => ({ key, side })),
    );
    for (const { key, side } of sides) {
      const { url } = await makeInbox(app);
      const input = { url, key: `${side}-${key}-${tenantId}`, name: `${NAMES[side]} ${key}` };
      const eventTypes = [TYPES[side], SHARED];
      webhooks[side].push((await makeWebhook(app, { ...input, eventTypes })).id);
    }
    await publishSample(app, { type: SHARED, idempotencyKey: `shared-${tenantId}` });
    for (const { key, side } of sides)
      await publishSample(app, {
        type: TYPES[side],
        idempotencyKey: `${side}-${key}-${tenantId}`,
      });
    await settled(app, tenantId);
    const token = await makeToken(app, {
      webhooks: webhooks.mine.map((id) => ({ id })),
      scopes: ALL,
    });
    return { webhooks, token };
  });
  const sides = () => sidesOf(app, tenantId, made.webhooks.mine);
  await withKey(app, secret, async () => {
    for (const { rows } of Object.values(sides())) {
      const { idOf } = holderOf(app, tenantId, secret, rows);
      await app.run(DeliverAgain, { deliveryId: idOf("Delivery") });
    }
    await settled(app, tenantId);
    // The newest deliveries are held, so that there is something to cancel.
    for (const side of ["mine", "theirs"] as const)
      await app.run(DeliverPause, { id: made.webhooks[side][1]! });
    for (const type of Object.values(TYPES)) await publishSample(app, { type });
    await settled(app, tenantId);
  });
  const { mine, theirs } = sides();
  return {
    mine: holderOf(app, tenantId, made.token, mine.rows),
    theirs: holderOf(app, tenantId, secret, theirs.rows),
  };
}

/** Whose each row of the tenant is. What both were sent belongs to both, and is not theirs alone. */
function sidesOf(app: App, tenantId: string, webhookIds: readonly string[]) {
  const content = contentOf(app, tenantId);
  const known = new Set([tenantId, ...webhookIds]);
  const isMine = (row: Row, ...columns: string[]) =>
    columns.some((column) => known.has(String(row[column])));
  for (const { url, id } of content["webhook"] ?? [])
    if (known.has(String(id))) known.add(String(url).split("/in/")[1] ?? "");
  for (const row of content["delivery"] ?? [])
    if (isMine(row, "webhook_id")) known.add(String(row["id"])).add(String(row["event_id"]));
  // The log tells of both, and has no ids of its own.
  const { log: _, ...tables } = content;
  const rows = Object.values(tables).flat();
  const columns = ["id", "webhook_id", "delivery_id", "event_id", "inbox_id"];
  const isOfSide = (row: Row) =>
    "event_id" in row && "webhook_id" in row ? isMine(row, "webhook_id") : isMine(row, ...columns);
  const { mine = [], theirs = [] } = Object.groupBy(rows, (row) =>
    isOfSide(row) ? "mine" : "theirs",
  );
  return { mine: { rows: mine }, theirs: { rows: theirs } };
}

/** Columns that change by themselves: counts, and when a key was used. */
const COUNTED =
  /^(last_used_at|health|consecutive_failures|failures_since_success|delivery_count|last_\w+ed_at)$/;

/** All that stands in the tables about these, to see that nobody changed it. */
export function contentAbout(app: App, { tenantId, ids }: Holder): Row[] {
  const rows = Object.values(contentOf(app, tenantId)).flat();
  return rows
    .filter((row) => ids.includes(String(row["id"])))
    .map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !COUNTED.test(name))));
}
