import { expect, test } from "vitest";
import { createClock } from "../src/clock.ts";
import { startApp } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import type {
  DeliveryUpdateFilter,
  DeliveryUpdatesSubscription,
  StreamStart,
} from "./generated/graphql.ts";
import { makeWebhook } from "./steps.ts";
import { next, nextUpdates, publishMany, type Update } from "./watch-steps.ts";
import { ScriptedSender, status } from "./world.ts";

/** A receiver that answers 200 at once: the load is the service's own. */
const quick = () => ({
  circumstances: { sender: new ScriptedSender(createClock(), [status(200)]) },
});

/** Position of a cursor in the log; a test may look into what clients may not. */
const position = ({ cursor }: Update) =>
  (JSON.parse(Buffer.from(cursor, "base64url").toString()) as [string, string, number])[2];

test("under load every subscriber gets each of its changes once, in commit order", async () => {
  await using app = await startApp(quick());
  const one = await makeWebhook(app, { url: "http://127.0.0.1:2/one" });
  const two = await makeWebhook(app, {
    url: "http://127.0.0.1:2/two",
    eventTypes: ["payment_failed"],
  });
  const filters: [DeliveryUpdateFilter, number][] = [
    [{}, 1500],
    [{}, 1500],
    [{ webhooks: [{ id: one.id }] }, 1000],
    [{ webhooks: [{ id: two.id }] }, 500],
    [{ changes: ["ATTEMPTED"] }, 750],
    [{ eventTypes: ["payment_failed"], changes: ["CREATED"] }, 500],
  ];
  const streams = filters.map(([filter], index) =>
    index % 2 === 0
      ? app.subscribe(DeliveryUpdates, { filter })
      : app.sse(DeliveryUpdates, { filter }),
  );
  for (const stream of streams) await next(stream);
  const reading = streams.map((stream, index) => nextUpdates(stream, filters[index]?.[1] ?? 0));
  for (let turn = 0; turn < 10; turn++)
    await Promise.all([publishMany(app, 25), publishMany(app, 25, "payment_failed")]);
  const told = await Promise.all(reading);
  const all = told[0] ?? [];
  expect(all.map(position)).toEqual(all.map(position).toSorted((a, b) => a - b));
  expect(new Set(all.map(position)).size).toBe(1500);
  expect(told[1]).toEqual(all);
  expect(told[2]).toEqual(all.filter(({ webhookId }) => webhookId === one.id));
  expect(told[3]).toEqual(all.filter(({ webhookId }) => webhookId === two.id));
  expect(told[4]).toEqual(all.filter(({ change }) => change === "ATTEMPTED"));
  expect(told[5]).toEqual(
    all.filter(({ change, eventType }) => change === "CREATED" && eventType === "payment_failed"),
  );
  for (const delivery of Map.groupBy(all, ({ deliveryId }) => deliveryId).values())
    expect(delivery.map(({ change }) => change)).toEqual(["CREATED", "ATTEMPTED"]);
});

test("a subscriber that is cut at random moments and resumes by cursor misses nothing and sees nothing twice", async () => {
  await using app = await startApp(quick());
  await makeWebhook(app, { url: "http://127.0.0.1:2/" });
  const steady = app.subscribe(DeliveryUpdates);
  const { cursor } = (await next(steady)).deliveryUpdates;
  const whole = nextUpdates(steady, 1200);
  const publishing = (async () => {
    for (let turn = 0; turn < 24; turn++) await publishMany(app, 25);
  })();
  const resumed = async (
    seed: number,
    cut: "complete" | "terminate" | "abort",
  ): Promise<Update[]> => {
    const seen: Update[] = [];
    let start: StreamStart = { after: cursor };
    let state = seed;
    while (seen.length < 1200) {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      const few = Math.min(1 + (state % 97), 1200 - seen.length);
      const aborted = new AbortController();
      const client = app.client();
      const messages: AsyncIterableIterator<DeliveryUpdatesSubscription> =
        cut === "abort"
          ? app.sse(DeliveryUpdates, { start }, aborted.signal)
          : app.subscribe(DeliveryUpdates, { start });
      for (const update of await nextUpdates(messages, few)) {
        seen.push(update);
        start = { after: update.cursor };
      }
      if (cut === "complete") await messages.return?.();
      if (cut === "terminate") client.terminate();
      aborted.abort();
    }
    return seen;
  };
  const [all, ...others] = await Promise.all([
    whole,
    resumed(1, "complete"),
    resumed(2, "abort"),
    resumed(3, "terminate"),
  ]);
  await publishing;
  for (const seen of others) expect(seen).toEqual(all);
});
