import { expect, test } from "vitest";
import { eventually, startApp } from "./app.ts";
import { startTurned } from "./core.ts";
import { CreateWebhook } from "./documents.ts";
import { graphql } from "./generated/gql.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { publishMany } from "./watch-steps.ts";
import { status } from "./world.ts";

const RateOf = graphql(`
  query RateOf($id: ID!) {
    webhook(by: { id: $id }) {
      rateLimitPerSecond
    }
  }
`);

const SetRate = graphql(`
  mutation SetRate($id: ID!, $rate: Int) {
    updateWebhook(input: { webhook: { id: $id }, rateLimitPerSecond: $rate }) {
      __typename
    }
  }
`);

const URL = "http://127.0.0.1:2/";

test("attempts of a webhook with a rate begin evenly spaced, however many wait", async () => {
  await using turned = await startTurned();
  const { app, clock, sender } = turned;
  const { id } = await makeWebhook(app, { url: URL, eventTypes: ["payment_received"] });
  await turned.warmUp();
  await app.run(SetRate, { id, rate: 4 });
  sender.answerAll(status(200));
  await publishMany(app, 12);
  for (let begun = 1; begun < 12; begun++) {
    await sender.attempt(begun);
    clock.pass(249);
    await publishSample(app, { type: "domain_created" }); // goes nowhere; an answer behind the turn
    expect(sender.all).toHaveLength(begun);
    clock.pass(1);
  }
  await sender.attempt(12);
});

test("retries keep the rate too", async () => {
  await using turned = await startTurned({ HOOKWIRE_RETRY_DELAYS: "PT1S" });
  const { app, clock, sender } = turned;
  await makeWebhook(app, { url: URL, rateLimitPerSecond: 1 });
  await publishMany(app, 2);
  sender.answerAll(status(404));
  const moments: number[] = [];
  for (let begun = 1; begun <= 4; begun++) {
    await eventually(async () => {
      if (sender.all.length >= begun) return true;
      clock.pass(100);
      return false;
    });
    expect(sender.all).toHaveLength(begun);
    moments.push(clock.leaseMs());
  }
  for (const [index, moment] of moments.entries())
    if (index > 0) expect(moment - moments[index - 1]!).toBeGreaterThanOrEqual(1000);
});

test("a rate is 1 to 1,000 a second, can be read, and null ends it", async () => {
  await using app = await startApp();
  for (const rateLimitPerSecond of [0, 1001]) {
    const { createWebhook } = await app.run(CreateWebhook, {
      input: { name: "Test", url: URL, eventTypes: ["*"], rateLimitPerSecond },
    });
    expect(createWebhook).toMatchObject({
      __typename: "InvalidInputError",
      message: expect.stringContaining("must be 1 to 1000"),
    });
  }
  const { id } = await makeWebhook(app, { url: URL, rateLimitPerSecond: 1000 });
  expect(await app.run(RateOf, { id })).toEqual({ webhook: { rateLimitPerSecond: 1000 } });
  await app.run(SetRate, { id, rate: null });
  expect(await app.run(RateOf, { id })).toEqual({ webhook: { rateLimitPerSecond: null } });
});
