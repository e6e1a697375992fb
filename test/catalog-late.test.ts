import { expect, test } from "vitest";
import { registerEventTypes } from "../src/domain/catalog-commands.ts";
import type { EventTypeContent } from "../src/domain/catalog/own.ts";
import { publish } from "../src/domain/publish.ts";
import type { Store } from "../src/domain/store.ts";
import { resumeWebhook, updateWebhook } from "../src/domain/webhook-commands.ts";
import { eventually } from "./app.ts";
import { ORDER, orderWith } from "./catalog-steps.ts";
import { ok, startCore } from "./core.ts";

type Core = Awaited<ReturnType<typeof startCore>>;

const FIRST = ORDER as EventTypeContent;
const WITHOUT_TOTAL = orderWith({ total: undefined }) as EventTypeContent;
const WITHOUT_CUSTOMER = orderWith({ total: undefined, customer: undefined }) as EventTypeContent;

/** `decided`: called when all was read and decided, and what changes waits for its turn of the writer. */
async function register({ tenantId, tools }: Core, type: EventTypeContent, decided = () => {}) {
  const change: Store["change"] = (tenant, decide, by) =>
    tools.store.change(
      tenant,
      async (work) => {
        const result = await decide(work);
        decided();
        return result;
      },
      by,
    );
  const store = new Proxy(tools.store, {
    get: (target, name) => {
      const value: unknown = name === "change" ? change : Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const how = { types: [{ ...type, aliases: [], deprecationReason: null }], prune: false };
  await registerEventTypes(
    tenantId,
    { ...how, allowBreaking: true, dryRun: false },
    { ...tools, store },
  );
}

async function select({ tenantId, tools }: Core, id: string, fields: string): Promise<void> {
  const patch = { eventTypes: ["order_created"], select: [{ eventType: "order_created", fields }] };
  await updateWebhook(tenantId, { id }, { patch, expectedVersion: null }, tools);
}

/** Waits for so many attempts, or for a claim that failed, which is asked for again when the clock is turned. */
async function recorded({ db, clock, errors }: Core, count: number, about: string): Promise<void> {
  const attempts = db.prepare("select count(*) from delivery_attempt").pluck();
  await eventually(async () => errors.length > 0 || attempts.get() === count);
  if (errors.length > 0) clock.pass(60_000);
  expect(errors, about).toEqual([]);
}

test("what waits for a selection stays where it is when that breaks once more while it is being claimed", async () => {
  // The claim is asked for when a place is free; how soon it comes behind the change is all that differs.
  for (let ticks = 0; ticks <= 12; ticks++) {
    await using core = await startCore();
    const { tenantId, tools, sender } = core;
    await register(core, FIRST);
    const id = await core.makeWebhook(1);
    await select(core, id, "total customer { email }");
    await register(core, WITHOUT_TOTAL);
    const event = { type: "order_created", payload: WITHOUT_TOTAL.samplePayload };
    await publish(
      tenantId,
      Array.from({ length: 4 }, () => event),
      tools,
    );
    await select(core, id, "customer { email }");
    await resumeWebhook(tenantId, { id }, "SEND", tools);
    const first = await sender.attempt(1);
    await register(core, WITHOUT_CUSTOMER, () => {
      void (async () => {
        for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
        first.answer(ok);
      })();
    });
    await recorded(core, 1, `${ticks} ticks`);
    await select(core, id, "status");
    await resumeWebhook(tenantId, { id }, "SEND", tools);
    sender.answerAll(ok);
    await recorded(core, 4, `${ticks} ticks`);
    // Each in the shape of the selection that it was claimed with, and never whole.
    for (const { claim } of sender.all) {
      const { data } = JSON.parse(claim.body) as { data: object };
      expect([["customer"], ["status"]]).toContainEqual(Object.keys(data));
    }
  }
});
