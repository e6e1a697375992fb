import { expect, test } from "vitest";
import { eventually, startApp } from "./app.ts";
import { graphql } from "./generated/gql.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { readWebhook } from "./webhooks-steps.ts";

const One = graphql(`
  query WebhooksNode($id: ID!) {
    node(id: $id) {
      __typename
      id
    }
  }
`);

const Many = graphql(`
  query WebhooksNodes($ids: [ID!]!) {
    nodes(ids: $ids) {
      __typename
      id
    }
  }
`);

const Ids = graphql(`
  query WebhooksNodeIds {
    deliveries {
      nodes {
        id
        lastAttempt {
          id
        }
      }
    }
    inboxes {
      nodes {
        requests {
          nodes {
            id
          }
        }
      }
    }
  }
`);

test("node and nodes find everything by its id, in the order asked for, with null for what is not there", async () => {
  await using app = await startApp();
  const inbox = await makeInbox(app);
  const webhook = await makeWebhook(app, { url: inbox.url });
  const { eventId } = await publishSample(app);
  const { delivery, attempt, request } = await eventually(async () => {
    const { deliveries, inboxes } = await app.run(Ids, {});
    const [its] = deliveries?.nodes ?? [];
    const [arrived] = inboxes?.nodes[0]?.requests?.nodes ?? [];
    return its?.lastAttempt && arrived
      ? { delivery: its.id, attempt: its.lastAttempt.id, request: arrived.id }
      : null;
  });
  const known: [string, string][] = [
    ["Webhook", webhook.id],
    ["Event", eventId],
    ["Delivery", delivery],
    ["DeliveryAttempt", attempt],
    ["Inbox", inbox.id],
    ["InboxRequest", request],
    ["EventType", "typ_payment_received"],
  ];
  for (const [__typename, id] of known)
    expect((await app.run(One, { id })).node).toEqual({ __typename, id });

  const ids = known.map(([, id]) => id);
  const asked = [...ids.toReversed(), "wh_01h455vb4pex5vsknk084sn02q", ...ids, ids[0] ?? ""];
  const { nodes } = await app.run(Many, { ids: asked });
  expect(nodes.map((node) => node?.id ?? null)).toEqual(
    asked.map((id) => (ids.includes(id) ? id : null)),
  );
});

test("ids that name nothing are null: unknown, of another kind, and no ids at all", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, { url: "http://127.0.0.1:2/hook" });
  const [secret] = (await readWebhook(app, { id })).secrets;
  const bare = id.slice(3);
  const none = [
    "",
    "wh_",
    "wh",
    bare,
    `dlv_${bare}`,
    `evt_${bare}`,
    `${id} `,
    id.toUpperCase(),
    "typ_",
    "typ_nope",
    "__proto__",
    "constructor_x",
    secret?.id ?? "",
  ];
  expect(none).toHaveLength(13);
  for (const each of none) expect((await app.run(One, { id: each })).node, each).toBeNull();
  expect((await app.run(Many, { ids: none })).nodes).toEqual(none.map(() => null));
  expect((await app.run(Many, { ids: [] })).nodes).toEqual([]);
});

test("an event type has one id: its alias is none", async () => {
  await using app = await startApp();
  expect((await app.run(One, { id: "typ_payment_successful" })).node).toBeNull();
});

test("more than 100 ids at once are refused", async () => {
  await using app = await startApp();
  const ids = Array<string>(101).fill("typ_payment_received");
  expect((await app.run(Many, { ids: ids.slice(1) })).nodes).toHaveLength(100);
  const { errors } = await app.ask(Many, { ids });
  expect(errors?.[0]).toMatchObject({ extensions: { code: "INVALID_INPUT" }, path: ["nodes"] });
  expect(errors?.[0]?.message).toMatch(/at most 100/);
});
