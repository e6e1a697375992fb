import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { ORDER, orderWith, register, registered } from "./catalog-steps.ts";
import { PublishEvent } from "./documents.ts";
import { makeWebhook } from "./steps.ts";

test("a repeat under its key is answered as before, whatever became of its type", async () => {
  await using app = await startApp();
  await registered(app);
  const input = { type: "order_created", payload: ORDER.samplePayload, idempotencyKey: "once" };
  const first = await app.run(PublishEvent, { input });
  const narrow = orderWith(
    { total: { type: "integer", maximum: 0 } },
    { samplePayload: undefined },
  );
  const samplePayload = { ...(ORDER.samplePayload as object), total: 0 };
  await registered(app, [{ ...narrow, samplePayload }], { allowBreaking: true });
  const again = { ...first.publishEvent, isNew: false };
  expect((await app.run(PublishEvent, { input })).publishEvent).toEqual(again);
  await registered(app, [], { prune: true });
  expect((await app.run(PublishEvent, { input })).publishEvent).toEqual(again);
  const other = { ...input, payload: samplePayload };
  expect((await app.run(PublishEvent, { input: other })).publishEvent).toMatchObject({
    __typename: "NotFoundError",
  });
});

test("a refused payload stays one under a key: however deep, and beside others that are accepted", async () => {
  await using app = await startApp();
  await registered(app);
  const fine = { type: "order_created", payload: ORDER.samplePayload, idempotencyKey: "once" };
  await app.run(PublishEvent, { input: fine });
  let deep: unknown = 1;
  for (let level = 0; level < 5_000; level++) deep = [deep];
  const payload = { ...(ORDER.samplePayload as object), deep };
  for (const idempotencyKey of ["once", "other"]) {
    const { publishEvent } = await app.run(PublishEvent, {
      input: { ...fine, payload, idempotencyKey },
    });
    expect(publishEvent).toMatchObject({ __typename: "InvalidInputError" });
  }
});

test("a filter on a type whose alias goes is told as broken", async () => {
  await using app = await startApp();
  await registered(app, [{ ...ORDER, aliases: ["sale"] }]);
  const filter = { field: { at: "/total", is: { gte: 100 } } };
  const url = "https://example.com/";
  const eventTypes = ["sale", "payment_received"];
  const { id } = await makeWebhook(app, { url, eventTypes, filter });
  const refused = await register(app, [{ ...ORDER, aliases: [] }]);
  expect(refused).toMatchObject({
    __typename: "BreakingChangeError",
    changes: [{ kind: "BREAKING", brokenFilters: [{ id }] }],
  });
});
