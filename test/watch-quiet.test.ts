import { expect, test, vi } from "vitest";
import { LogReader } from "../src/persistence/read-log.ts";
import { startApp } from "./app.ts";
import { DeliveryUpdates } from "./documents.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { next } from "./watch-steps.ts";
import { HandClock } from "./world.ts";

test("a filtered stream at the end of the log reads nothing when only time passes, even after a restart", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  await makeWebhook(app, { url: "http://127.0.0.1:2/", paused: true });
  await publishSample(app);
  await app.stop(); // a restart has none of it in memory
  await app.start();
  const reads = (["passing", "first", "after", "before"] as const).map((name) =>
    vi.spyOn(LogReader.prototype, name),
  );
  const updates = app.subscribe(DeliveryUpdates, { filter: { isTest: false } });
  const told = [(await next(updates)).deliveryUpdates.__typename];
  for (let turn = 0; turn < 3; turn++) {
    clock.pass(30_000);
    told.push((await next(updates)).deliveryUpdates.__typename);
  }
  const calls = reads.map((read) => read.mock.calls.length);
  vi.restoreAllMocks();
  expect(told).toEqual(["StreamCaughtUp", ...Array(3).fill("StreamProgress")]);
  expect(calls).toEqual([0, 0, 0, 0]);
});
