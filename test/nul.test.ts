import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { sample } from "./steps.ts";

const NUL = "a\0b";
const CURSOR = Buffer.from(JSON.stringify(["Event id", NUL])).toString("base64url");

test.each([
  ["webhook(by: { id: $text }) { id }", "ID!"],
  ["webhook(by: { key: $text }) { id }", "String!"],
  ["delivery(id: $text) { id }", "ID!"],
  ["inbox(id: $text) { id }", "ID!"],
  ["node(id: $text) { id }", "ID!"],
  ["eventType(name: $text) { name }", "String!"],
  ["publishedEvent(by: { id: $text }) { id }", "ID!"],
  ["publishedEvent(by: { idempotencyKey: $text }) { id }", "String!"],
])("nothing is found by a text with NUL: %s", async (field, type) => {
  await using app = await startApp();
  const query = `query ($text: ${type}) { found: ${field} }`;
  expect(await (await app.post({ query, variables: { text: NUL } })).json()).toEqual({
    data: { found: null },
  });
});

test.each([
  ["webhooks(filter: { search: $text }) { nodes { id } }", "String!", NUL],
  ["webhooks(filter: { integration: $text }) { nodes { id } }", "String!", NUL],
  ["deliveries(filter: { eventIds: [$text] }) { nodes { id } }", "ID!", NUL],
  ["publishedEvents(filter: { types: [$text] }) { nodes { id } }", "String!", NUL],
  ["publishedEvents(after: $text) { nodes { id } }", "String!", CURSOR],
  ["auditLog(filter: { subject: $text }) { nodes { id } }", "ID!", NUL],
])("a list by a text with NUL is empty: %s", async (field, type, text) => {
  await using app = await startApp();
  const query = `query ($text: ${type}) { found: ${field} }`;
  expect(await (await app.post({ query, variables: { text } })).json()).toEqual({
    data: { found: { nodes: [] } },
  });
});

test.each([
  ["deleteWebhook(input: { webhook: { id: $text } })", "ID!", "NotFoundError"],
  ["deleteInbox(input: { inboxId: $text })", "ID!", "NotFoundError"],
  ["redeliverDelivery(input: { deliveryId: $text })", "ID!", "NotFoundError"],
  ["createInbox(input: { name: $text })", "String!", "InvalidInputError"],
  [
    'pauseWebhook(input: { webhook: { key: "any" }, reason: $text })',
    "String!",
    "InvalidInputError",
  ],
  [
    'disableWebhook(input: { webhook: { key: "any" }, reason: $text })',
    "String!",
    "InvalidInputError",
  ],
  ["createTenant(input: { key: $text, name: $text })", "String!", "InvalidInputError"],
])("a command with NUL in a text is refused: %s", async (field, type, expected) => {
  await using app = await startApp();
  const query = `mutation ($text: ${type}) { told: ${field} { __typename } }`;
  expect(await (await app.post({ query, variables: { text: NUL } })).json()).toEqual({
    data: { told: { __typename: expected } },
  });
});

test("an idempotency key with NUL is refused, and a payload with NUL is published", async () => {
  await using app = await startApp();
  const payload = await sample(app, "payment_received");
  const query = `mutation ($input: PublishEventInput!) { told: publishEvent(input: $input) { __typename } }`;
  const publish = async (input: object) => {
    const variables = { input: { type: "payment_received", payload, ...input } };
    return (await app.post({ query, variables })).json();
  };
  const told = (__typename: string) => ({ data: { told: { __typename } } });
  expect(await publish({ idempotencyKey: NUL })).toEqual(told("InvalidInputError"));
  expect(await publish({ payload: { ...payload, note: NUL } })).toEqual(
    told("PublishEventPayload"),
  );
});
