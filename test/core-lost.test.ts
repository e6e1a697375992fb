import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./app.ts";
import { graphql } from "./generated/gql.ts";
import {
  makeFolder,
  startProcess,
  startReceiver,
  type CountingReceiver,
  type Process,
} from "./process.ts";

const CoreLostDeliveries = graphql(`
  query CoreLostDeliveries {
    deliveries(first: 100) {
      nodes {
        id
        webhookId
        status
        isTest
        attempts(first: 10) {
          nodes {
            number
            outcome
            message
            url
          }
        }
      }
    }
  }
`);

const CoreLostTest = graphql(`
  mutation CoreLostTest($id: ID!) {
    testWebhook(input: { webhook: { id: $id } }) {
      __typename
    }
  }
`);

const CoreLostCancel = graphql(`
  mutation CoreLostCancel($id: ID!) {
    cancelDelivery(input: { deliveryId: $id }) {
      __typename
    }
  }
`);

const CoreLostRedeliver = graphql(`
  mutation CoreLostRedeliver($id: ID!) {
    redeliverDelivery(input: { deliveryId: $id }) {
      __typename
      ... on UserError {
        message
      }
    }
  }
`);

const CoreLostDelete = graphql(`
  mutation CoreLostDelete($id: ID!) {
    deleteWebhook(input: { webhook: { id: $id } }) {
      __typename
    }
  }
`);

/** Killed with three attempts in flight: a test, one that was cancelled, and one of a deleted webhook. Runs again. */
interface Killed extends AsyncDisposable {
  readonly service: Process;
  readonly receiver: CountingReceiver;
  readonly webhooks: {
    readonly tested: string;
    readonly cancelled: string;
    readonly deleted: string;
  };
}
let killed: Killed;
beforeAll(async () => (killed = await kill()));
afterAll(() => killed[Symbol.asyncDispose]());

async function kill(): Promise<Killed> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(makeFolder());
  const receiver = stack.use(await startReceiver());
  receiver.isHolding = true;
  const before = stack.use(await startProcess(folder.path));
  const make = async (name: string, eventTypes: string[]) =>
    (await before.makeWebhook({ name, url: `${receiver.url}/${name}`, eventTypes })).id;
  const webhooks = {
    tested: await make("tested", ["domain_created"]),
    cancelled: await make("cancelled", ["payment_received"]),
    deleted: await make("deleted", ["payment_received"]),
  };
  const testing = before.ask(CoreLostTest, { id: webhooks.tested }).catch(() => "cut");
  await before.publish();
  await eventually(async () => receiver.held === 3);
  const { id } = await deliveryTo(before, webhooks.cancelled);
  await before.run(CoreLostCancel, { id });
  await before.run(CoreLostDelete, { id: webhooks.deleted });
  await before.kill("SIGKILL");
  await testing;
  receiver.letGo();
  const service = stack.use(await startProcess(folder.path));
  const moved = stack.move();
  return { service, receiver, webhooks, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

async function deliveryTo(service: Process, webhookId: string) {
  const { deliveries } = await service.run(CoreLostDeliveries);
  const delivery = deliveries?.nodes.find((node) => node.webhookId === webhookId);
  if (!delivery) throw new Error(`Nothing goes to ${webhookId}`);
  return { ...delivery, attempts: delivery.attempts?.nodes ?? [] };
}

test("a test that was lost says that it may have arrived, and does not promise to be sent again", async () => {
  const { status: state, attempts } = await deliveryTo(killed.service, killed.webhooks.tested);
  expect(state).toBe("FAILED");
  expect(attempts).toMatchObject([
    { outcome: "INTERNAL", message: expect.stringContaining("may have arrived") },
  ]);
  expect(attempts[0]?.message).not.toMatch(/\bagain\b/);
});

test("a lost attempt of a webhook that is deleted names the URL that it went to", async () => {
  const { service, receiver, webhooks } = killed;
  const delivery = await eventually(async () => {
    const found = await deliveryTo(service, webhooks.deleted);
    return found.attempts.length > 0 && found;
  });
  expect(delivery.status).toBe("CANCELLED");
  expect(delivery.attempts).toMatchObject([
    { outcome: "INTERNAL", number: 1, url: `${receiver.url}/deleted` },
  ]);
});

test("a delivery that was cancelled in flight when the process was killed has its lost attempt, and can be redelivered", async () => {
  const { service, webhooks } = killed;
  const before = await deliveryTo(service, webhooks.cancelled);
  expect(before.status).toBe("CANCELLED");
  expect(before.attempts).toMatchObject([{ number: 1, outcome: "INTERNAL" }]);
  const { redeliverDelivery } = await service.run(CoreLostRedeliver, { id: before.id });
  expect(redeliverDelivery).toEqual({ __typename: "RedeliverDeliveryPayload" });
  const after = await eventually(async () => {
    const found = await deliveryTo(service, webhooks.cancelled);
    return found.status === "SUCCEEDED" && found;
  });
  const outcomes = after.attempts.map(({ outcome }) => outcome);
  expect(outcomes).toEqual(["INTERNAL", "SUCCEEDED"]);
});
