import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { ORDER, orderWith, registered } from "./catalog-steps.ts";
import { PublishEvent } from "./documents.ts";

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
