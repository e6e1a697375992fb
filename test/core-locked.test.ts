import { expect, test } from "vitest";
import { eventually } from "./app.ts";
import { ok, startTurned } from "./core.ts";
import { deliveryOf } from "./deliver-receiver.ts";
import { makeWebhook } from "./steps.ts";
import { publishMany } from "./watch-steps.ts";
import { status } from "./world.ts";

test("claims that are given back while another process holds the database are no lost attempts later", async () => {
  await using turned = await startTurned();
  const { app, clock, sender } = turned;
  await makeWebhook(app, { url: "http://127.0.0.1:2/", maxInFlight: 2 });
  await turned.warmUp();
  await publishMany(app, 4);
  const failing = await sender.attempt(1);
  await sender.attempt(2);
  await eventually(async () => turned.leased === 4);
  const free = turned.lock();
  // Its failure gives back what waits for its turn, which the database does not take now.
  failing.answer(status(503));
  await eventually(async () => app.log.some(({ message }) => message === "failed"));
  free();
  sender.answerAll(ok);
  const ids = await eventually(async () => {
    clock.pass(1000);
    const seen = new Set(sender.all.map(({ claim }) => claim.deliveryId));
    return seen.size === 4 && [...seen];
  });
  for (const id of ids) {
    const { attempts } = await eventually(async () => {
      clock.pass(1000);
      const delivery = await deliveryOf(app, id);
      return delivery.status === "SUCCEEDED" && delivery;
    });
    const outcomes = id === failing.claim.deliveryId ? ["HTTP_STATUS", "SUCCEEDED"] : ["SUCCEEDED"];
    expect(attempts.map(({ outcome }) => outcome)).toEqual(outcomes);
  }
});
