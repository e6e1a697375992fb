import { expect, test } from "vitest";
import { eventually, first, startApp, type App, testOnFile } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import { graphql } from "./generated/gql.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { WebhooksPause } from "./webhooks-documents.ts";
import { present, watchStatements } from "./webhooks-steps.ts";
import { HandClock, ScriptedSender, status } from "./world.ts";

const Rows = graphql(`
  query WebhooksRows {
    webhooks(first: 100) {
      totalCount {
        value
      }
      nodes {
        id
        name
        state
        stateReason
        deliveryCount
        lastSucceededAt
        lastFailedAt
        matchedEventTypes {
          name
        }
        secrets {
          hint
        }
        health {
          state
          consecutiveFailures
          successRate24h
          p50Ms
          p95Ms
          autoPauseAt
        }
        waiting {
          pending {
            value
            exact
          }
          retrying {
            value
          }
          failed24h {
            value
          }
          nextAttemptAt
        }
        lastDelivery {
          id
          status
          nextAttemptAt
          webhook {
            id
          }
          event {
            payload
          }
          lastAttempt {
            outcome
            responseStatus
          }
        }
      }
    }
  }
`);

const URL_OK = "http://127.0.0.1:2/hook";
const START = Date.parse("2026-06-01T12:00:00Z");
const after = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

async function rows(app: App) {
  return present((await app.run(Rows, {})).webhooks).nodes;
}

async function attempted(app: App, webhookId: string, times: number): Promise<void> {
  let seen = 0;
  await first(
    app.subscribe(DeliveryUpdates, {
      start: { last: 500 },
      filter: { webhooks: [{ id: webhookId }], changes: ["ATTEMPTED"] },
    }),
    ({ deliveryUpdates }) => deliveryUpdates.__typename === "DeliveryUpdate" && ++seen === times,
  );
}

test("a row of a webhook that is not used yet shows zeros and nulls", async () => {
  await using app = await startApp();
  await makeWebhook(app, { url: URL_OK, name: "new", eventTypes: ["invoice_sent"] });
  expect(await rows(app)).toMatchObject([
    {
      state: "ACTIVE",
      stateReason: null,
      deliveryCount: 0,
      lastSucceededAt: null,
      lastFailedAt: null,
      matchedEventTypes: [{ name: "invoice_sent" }],
      health: {
        state: "UNKNOWN",
        consecutiveFailures: 0,
        successRate24h: null,
        p50Ms: null,
        p95Ms: null,
        autoPauseAt: null,
      },
      waiting: {
        pending: { value: 0, exact: true },
        retrying: { value: 0 },
        failed24h: { value: 0 },
        nextAttemptAt: null,
      },
      lastDelivery: null,
    },
  ]);
});

test("a row shows what was sent, what failed, what waits and what comes next", async () => {
  const clock = new HandClock();
  const sender = new ScriptedSender(clock, [status(200), status(503)]);
  await using app = await startApp({ circumstances: { clock, sender, random: () => 0 } });
  const { id } = await makeWebhook(app, { url: URL_OK, name: "shop", retryDelays: ["PT10S"] });
  await publishSample(app);
  await attempted(app, id, 1);
  clock.pass(2000);
  const { eventId } = await publishSample(app);
  await attempted(app, id, 2);
  clock.pass(1000);
  const [row] = await eventually(async () => {
    const read = await rows(app);
    return read[0]?.lastFailedAt ? read : null;
  });
  expect(row).toMatchObject({
    deliveryCount: 2,
    lastSucceededAt: after(0),
    lastFailedAt: after(2),
    health: {
      state: "DEGRADED",
      consecutiveFailures: 1,
      successRate24h: 0.5,
      autoPauseAt: after(5 * 86_400),
    },
    waiting: {
      pending: { value: 0 },
      retrying: { value: 1 },
      failed24h: { value: 0 },
      nextAttemptAt: after(12),
    },
    lastDelivery: {
      status: "RETRYING",
      nextAttemptAt: after(12),
      lastAttempt: { outcome: "HTTP_STATUS", responseStatus: 503 },
    },
  });
  for (const share of [row?.health.p50Ms, row?.health.p95Ms])
    expect(Math.abs((share ?? 0) / 5 - 1)).toBeLessThan(0.12);
  expect(eventId).not.toBe("");

  await app.run(WebhooksPause, { input: { webhook: { id } } });
  await publishSample(app);
  expect(await rows(app)).toMatchObject([
    {
      state: "PAUSED",
      waiting: { pending: { value: 1 }, retrying: { value: 1 }, nextAttemptAt: after(3) },
      lastDelivery: { status: "HELD", nextAttemptAt: null, lastAttempt: null },
      health: { autoPauseAt: null },
    },
  ]);
});

test("a row counts what was given up in the last 24 hours, and no longer", async () => {
  const clock = new HandClock();
  const sender = new ScriptedSender(clock, [status(500)]);
  await using app = await startApp({ circumstances: { clock, sender, random: () => 0 } });
  const { id } = await makeWebhook(app, { url: URL_OK, retryDelays: [] });
  await publishSample(app);
  await attempted(app, id, 1);
  expect(await rows(app)).toMatchObject([
    {
      waiting: { failed24h: { value: 1 }, retrying: { value: 0 } },
      lastDelivery: { status: "FAILED" },
    },
  ]);
  clock.pass(86_400_000 + 1);
  expect(await rows(app)).toMatchObject([
    { waiting: { failed24h: { value: 0 } }, lastDelivery: { status: "FAILED" } },
  ]);
});

testOnFile("a table of 20 webhooks takes as many SQL statements as one of 2", async () => {
  const clock = new HandClock();
  const sender = new ScriptedSender(clock, [status(200)]);
  await using app = await startApp({ circumstances: { clock, sender, random: () => 0 } });
  const counts: number[] = [];
  let made = 0;
  for (const total of [2, 20]) {
    for (; made < total; made++)
      await makeWebhook(app, {
        url: URL_OK,
        headers: [{ name: "x-a", value: "1", isSecret: true }],
      });
    await publishSample(app);
    await eventually(async () => {
      clock.pass(1000);
      const read = await rows(app);
      return (
        read.length === total &&
        read.every(
          ({ health, lastDelivery }) =>
            health.state === "HEALTHY" && lastDelivery?.status === "SUCCEEDED",
        )
      );
    });
    using statements = watchStatements();
    expect(await rows(app)).toHaveLength(total);
    const { seen } = statements;
    expect(seen.filter((sql) => /^\s*select/i.test(sql)).length).toBeGreaterThan(3);
    counts.push(seen.length);
  }
  expect(counts[1]).toBe(counts[0]);
});
