import { expect, test } from "vitest";
import { eventually, startApp } from "./app.ts";
import { ShapedDeliveries, ShapedWebhook } from "./catalog-documents.ts";
import { ORDER, orderWith, register, registered } from "./catalog-steps.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";

const SELECT = [{ eventType: "order_created", fields: "total customer { email }" }];

test("a webhook that is made while its selection breaks is never active with it, and sends nothing half-filled", async () => {
  await using app = await startApp();
  const { url } = await makeInbox(app);
  for (let round = 0; round < 5; round++) {
    await registered(app, [ORDER], { allowBreaking: true });
    const [, made] = await Promise.allSettled([
      registered(app, [orderWith({ total: undefined })], { allowBreaking: true }),
      makeWebhook(app, { url, eventTypes: ["order_created"], select: SELECT, format: "FLAT" }),
    ]);
    const { eventId } = await publishSample(app, { type: "order_created" });
    expect(eventId).toBeTruthy();
    // Refused, since the field was gone already, or made before and paused by the change.
    if (made.status === "rejected") continue;
    const { id } = made.value;
    const { webhook } = await app.run(ShapedWebhook, { id });
    expect(webhook?.state).toBe("AUTO_PAUSED");
    const { deliveries } = await app.run(ShapedDeliveries, { webhook: id });
    expect(deliveries?.nodes.every(({ status }) => status === "HELD")).toBe(true);
  }
  const whole = await makeWebhook(app, { url, eventTypes: ["order_created"] });
  await publishSample(app, { type: "order_created" });
  await eventually(async () => {
    const page = await app.run(ShapedDeliveries, { webhook: whole.id, statuses: ["SUCCEEDED"] });
    return page.deliveries!.nodes.length === 1;
  });
});

test("of two registrations at once with names that clash in GraphQL one is refused", async () => {
  await using app = await startApp();
  const answers = await Promise.all([
    register(app, [{ ...ORDER, name: "a_1" }]),
    register(app, [{ ...ORDER, name: "a1" }]),
  ]);
  expect(answers.map(({ __typename }) => __typename).toSorted()).toEqual([
    "InvalidInputError",
    "RegisterEventTypesPayload",
  ]);
  const typed = await fetch(`${app.url}/graphql/typed`, {
    method: "POST",
    headers: { authorization: `Bearer ${app.key}`, "content-type": "application/json" },
    body: JSON.stringify({ query: "{ __typename }" }),
  });
  expect(await typed.json()).toEqual({ data: { __typename: "Query" } });
});

test("many registrations at once are all kept", async () => {
  await using app = await startApp();
  const names = Array.from({ length: 8 }, (_, index) => `thing_${"abcdefgh"[index]}`);
  await Promise.all(names.map((name) => registered(app, [{ ...ORDER, name }])));
  const { eventTypes } = await registered(
    app,
    names.map((name) => ({ ...ORDER, name })),
  );
  expect(eventTypes?.map(({ name, version }) => `${name} ${version}`)).toEqual(
    names.map((name) => `${name} 1`),
  );
});
