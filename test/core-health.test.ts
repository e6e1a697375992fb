import { expect, test } from "vitest";
import { eventually, type App } from "./app.ts";
import { ok, startTurned, type Turned } from "./core.ts";
import { graphql } from "./generated/gql.ts";
import type { WebhookHealthState } from "./generated/graphql.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { status } from "./world.ts";

const CoreHealthState = graphql(`
  query CoreHealthState($id: ID!) {
    webhook(by: { id: $id }) {
      health {
        state
        successRate24h
      }
    }
  }
`);

const CoreHealthFilter = graphql(`
  query CoreHealthFilter($health: [WebhookHealthState!]!) {
    webhooks(filter: { health: $health }) {
      totalCount {
        value
      }
      nodes {
        id
      }
    }
  }
`);

const HOUR = 3_600_000;
const URL = "http://127.0.0.1:2/";

async function stateOf(app: App, id: string) {
  const { webhook } = await app.run(CoreHealthState, { id });
  return webhook?.health?.state;
}

async function idsWith(app: App, ...health: WebhookHealthState[]): Promise<string[]> {
  const { webhooks } = await app.run(CoreHealthFilter, { health });
  const ids = webhooks?.nodes.map(({ id }) => id) ?? [];
  expect(webhooks?.totalCount.value).toBe(ids.length);
  return ids.toSorted();
}

/** Time passes a second at a time until the log is folded that far. */
async function folded({ app, clock }: Turned, id: string, state: WebhookHealthState) {
  await eventually(async () => {
    clock.pass(1000);
    return (await stateOf(app, id)) === state;
  });
}

test.each([
  ["HEALTHY", [200]],
  ["DEGRADED", [404]],
  ["FAILING", [404, 404, 404, 404, 404]],
] as const)(
  "health that was %s reads UNKNOWN when nothing was sent for 24 hours, and the filter agrees",
  async (before, answers) => {
    await using turned = await startTurned({ HOOKWIRE_RETRY_DELAYS: "" });
    const { app, clock, sender } = turned;
    const { id } = await makeWebhook(app, { url: URL });
    expect(await stateOf(app, id)).toBe("UNKNOWN");
    for (const [index, code] of answers.entries()) {
      await publishSample(app);
      (await sender.attempt(index + 1)).answer(status(code));
    }
    await folded(turned, id, before);
    expect(await idsWith(app, before)).toEqual([id]);
    expect(await idsWith(app, "UNKNOWN")).toEqual([]);

    clock.pass(22 * HOUR);
    expect(await stateOf(app, id)).toBe(before);
    expect(await idsWith(app, before)).toEqual([id]);
    clock.pass(3 * HOUR);
    const { webhook } = await app.run(CoreHealthState, { id });
    expect(webhook?.health).toEqual({ state: "UNKNOWN", successRate24h: null });
    expect(await idsWith(app, "UNKNOWN")).toEqual([id]);
    expect(await idsWith(app, before)).toEqual([]);
    expect(await idsWith(app, before, "UNKNOWN")).toEqual([id]);
  },
);

test("a webhook that was silent for a day and is sent to again has its health back", async () => {
  await using turned = await startTurned();
  const { app, clock, sender } = turned;
  sender.answerAll(ok);
  const one = await makeWebhook(app, { url: URL, eventTypes: ["payment_received"] });
  const silent = await makeWebhook(app, { url: URL, eventTypes: ["payment_failed"] });
  await publishSample(app);
  await publishSample(app, { type: "payment_failed" });
  await folded(turned, one.id, "HEALTHY");
  await folded(turned, silent.id, "HEALTHY");
  clock.pass(25 * HOUR);
  await publishSample(app);
  await folded(turned, one.id, "HEALTHY");
  expect(await idsWith(app, "HEALTHY")).toEqual([one.id]);
  expect(await idsWith(app, "UNKNOWN")).toEqual([silent.id]);
});
