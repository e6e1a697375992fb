import { expect, test } from "vitest";
import { eventually } from "./app.ts";
import { ok, startTurned, type Turned } from "./core.ts";
import { DeliverDelete } from "./deliver-documents.ts";
import { askTest, runTest } from "./deliver-receiver.ts";
import { graphql } from "./generated/gql.ts";
import { makeWebhook } from "./steps.ts";

const CoreTestsDeliveries = graphql(`
  query CoreTestsDeliveries {
    deliveries(first: 100) {
      nodes {
        id
        isTest
        status
      }
    }
  }
`);

const CoreTestsWaiting = graphql(`
  query CoreTestsWaiting($id: ID!) {
    webhook(by: { id: $id }) {
      waiting {
        pending {
          value
        }
        nextAttemptAt
      }
    }
  }
`);

const URL = "http://127.0.0.1:2/";

async function statuses({ app }: Turned): Promise<string[]> {
  const { deliveries } = await app.run(CoreTestsDeliveries);
  return (deliveries?.nodes ?? []).map(({ status }) => status);
}

test.each([
  ["a quarter of the places", 8, 2],
  ["one at least", 1, 1],
])(
  "tests that come together never pass the limit, %s: the rest is answered with LimitError",
  async (_limit, concurrency, limit) => {
    await using turned = await startTurned({ HOOKWIRE_CONCURRENCY: String(concurrency) });
    const { app, sender } = turned;
    const { id } = await makeWebhook(app, { url: URL });
    const answers: unknown[] = [];
    // None is sent before all have been asked for.
    const free = turned.lock();
    const asked = Array.from({ length: 20 }, async () =>
      answers.push(await askTest(app, id).catch(String)),
    );
    await eventually(async () => answers.length >= 20 - limit);
    expect(answers).toHaveLength(20 - limit);
    for (const answer of answers)
      expect(answer).toMatchObject({ __typename: "LimitError", code: "LIMIT_REACHED", limit });
    free();
    await eventually(async () => sender.open.length === limit);
    sender.answerAll(ok);
    await Promise.all(asked);
    for (const answer of answers.slice(20 - limit))
      expect(answer).toMatchObject({ succeeded: true });
    expect(sender.all).toHaveLength(limit);
    // Places that were used are free again, also after a refusal.
    for (let count = 0; count < 3; count++)
      expect(await runTest(app, id)).toMatchObject({ succeeded: true });
  },
);

test("tests that are refused for another reason take no place", async () => {
  await using turned = await startTurned({ HOOKWIRE_CONCURRENCY: "1" });
  const { app, sender } = turned;
  sender.answerAll(ok);
  const { id } = await makeWebhook(app, { url: URL });
  for (const event of [{ eventId: "evt_01kt17j000fxxbfmvbqkpqxy7n" }, { sample: { type: "nope" } }])
    expect(await askTest(app, id, event)).not.toMatchObject({ code: "LIMIT_REACHED" });
  expect(await askTest(app, id, undefined, "PT61S")).toMatchObject({ code: "INVALID_INPUT" });
  expect(await runTest(app, id)).toMatchObject({ succeeded: true });
});

test.each(["before", "after"])(
  "a test that is asked for just %s its webhook is deleted leaves nothing that waits for ever",
  async (when) => {
    await using turned = await startTurned({ HOOKWIRE_CONCURRENCY: "1" });
    const { app, sender } = turned;
    sender.answerAll(ok);
    const { id } = await makeWebhook(app, { url: URL });
    const other = await makeWebhook(app, { url: URL });
    const asks = [() => app.run(DeliverDelete, { id }), () => askTest(app, id)];
    if (when === "before") asks.reverse();
    const free = turned.lock();
    const asked: Promise<unknown>[] = [];
    for (const ask of asks) {
      asked.push(ask());
      // Answers behind it: it waits for the database by now.
      for (let count = 0; count < 5; count++) await statuses(turned);
    }
    free();
    await Promise.all(asked);
    expect((await statuses(turned)).filter((status) => status === "PENDING")).toEqual([]);
    expect(turned.leased).toBe(0);
    // Nor does it keep the one place for tests.
    expect(await runTest(app, other.id)).toMatchObject({ succeeded: true });
  },
);

test("a test in flight is not what waits for a webhook next", async () => {
  await using turned = await startTurned();
  const { app, sender } = turned;
  const { id } = await makeWebhook(app, { url: URL });
  const testing = runTest(app, id);
  const sent = await sender.attempt(1);
  const { webhook } = await app.run(CoreTestsWaiting, { id });
  expect(webhook?.waiting).toEqual({ pending: { value: 0 }, nextAttemptAt: null });
  sent.answer(ok);
  expect(await testing).toMatchObject({ succeeded: true });
});
