import { expect, test } from "vitest";
import { eventually } from "./app.ts";
import { graphql } from "./generated/gql.ts";
import { makeFolder, startProcess, startReceiver, type Process } from "./process.ts";

const LostAttemptsDeliveries = graphql(`
  query LostAttemptsDeliveries {
    deliveries(first: 100) {
      nodes {
        id
        status
        isTest
        attemptCount
        nextAttemptAt
        attempts(first: 10) {
          nodes {
            number
            outcome
            message
          }
        }
      }
    }
  }
`);

const LostAttemptsPause = graphql(`
  mutation LostAttemptsPause($id: ID!) {
    pauseWebhook(input: { webhook: { id: $id } }) {
      __typename
    }
  }
`);

const LostAttemptsResume = graphql(`
  mutation LostAttemptsResume($id: ID!) {
    resumeWebhook(input: { webhook: { id: $id } }) {
      __typename
    }
  }
`);

const LostAttemptsTest = graphql(`
  mutation LostAttemptsTest($id: ID!) {
    testWebhook(input: { webhook: { id: $id } }) {
      __typename
    }
  }
`);

const LostAttemptsRedeliver = graphql(`
  mutation LostAttemptsRedeliver($id: ID!) {
    redeliverDelivery(input: { deliveryId: $id }) {
      __typename
    }
  }
`);

const LostAttemptsCancel = graphql(`
  mutation LostAttemptsCancel($id: ID!) {
    cancelDelivery(input: { deliveryId: $id }) {
      __typename
    }
  }
`);

test("a delivery under which the process died three times waits on its schedule, and is not given up", async () => {
  using folder = makeFolder();
  await using receiver = await startReceiver();
  receiver.isHolding = true;
  let service = await startProcess(folder.path);
  await service.makeWebhook({ url: `${receiver.url}/a`, retryDelays: ["PT1H"] });
  await service.publish();
  for (let kills = 1; kills <= 3; kills++) {
    await eventually(async () => receiver.received === kills);
    await service.kill("SIGKILL");
    service = await startProcess(folder.path);
  }
  await using _last = service;
  const delivery = await eventually(async () => {
    const found = await onlyDelivery(service);
    return found.attemptCount === 3 && found;
  });
  expect(delivery.status).toBe("RETRYING");
  const outcomes = delivery.attempts?.nodes.map(({ number, outcome }) => [number, outcome]);
  expect(outcomes).toEqual([1, 2, 3].map((number) => [number, "INTERNAL"]));
  expect(delivery.attempts?.nodes[0]?.message).toMatch(/may have arrived/);
  const waitMs = Date.parse(delivery.nextAttemptAt ?? "") - Date.now();
  expect(waitMs).toBeGreaterThan(55 * 60_000);
  expect(waitMs).toBeLessThanOrEqual(72 * 60_000);
});

test("a test that was under way when the process died is recorded as lost, and is not made again", async () => {
  using folder = makeFolder();
  await using receiver = await startReceiver();
  receiver.isHolding = true;
  await using before = await startProcess(folder.path);
  const { id } = await before.makeWebhook({ url: `${receiver.url}/a` });
  await before.run(LostAttemptsPause, { id });
  const testing = before.ask(LostAttemptsTest, { id }).catch(() => "cut");
  await eventually(async () => receiver.held === 1);
  await before.kill("SIGKILL");
  expect(await testing).toBe("cut");

  receiver.letGo();
  await using after = await startProcess(folder.path);
  const delivery = await onlyDelivery(after);
  expect(delivery).toMatchObject({ isTest: true, status: "FAILED", attemptCount: 1 });
  expect(delivery.attempts?.nodes.map(({ outcome }) => outcome)).toEqual(["INTERNAL"]);
  await after.run(LostAttemptsResume, { id });
  await after.publish();
  await eventually(async () => receiver.received === 2);
  expect(receiver.counts.size).toBe(2);
});

test("an attempt that was lost is recorded also when its webhook is paused, and resumed later", async () => {
  await using lost = await loseAttemptOfPausedWebhook();
  const { service, webhookId } = lost;
  expect(await onlyDelivery(service)).toMatchObject({ status: "HELD" });
  await service.run(LostAttemptsResume, { id: webhookId });
  await endsAs(service, ["INTERNAL", "SUCCEEDED"]);
});

test("an attempt that was lost is recorded also when the delivery is redelivered by hand", async () => {
  await using lost = await loseAttemptOfPausedWebhook();
  const { service, webhookId } = lost;
  const { id } = await onlyDelivery(service);
  const { redeliverDelivery } = await service.run(LostAttemptsRedeliver, { id });
  expect(redeliverDelivery?.__typename).toBe("RedeliverDeliveryPayload");
  await service.run(LostAttemptsResume, { id: webhookId });
  await endsAs(service, ["INTERNAL", "SUCCEEDED"]);
});

test("an attempt that was lost is recorded also when the delivery is cancelled", async () => {
  await using lost = await loseAttemptOfPausedWebhook();
  const { service } = lost;
  const { id } = await onlyDelivery(service);
  const { cancelDelivery } = await service.run(LostAttemptsCancel, { id });
  expect(cancelDelivery?.__typename).toBe("CancelDeliveryPayload");
  const { status, attempts } = await onlyDelivery(service);
  expect(status).toBe("CANCELLED");
  expect(attempts?.nodes.map(({ outcome }) => outcome)).toEqual(["INTERNAL"]);
});

/** A webhook that was paused while its one attempt was in flight, and a process that died then and runs again. */
async function loseAttemptOfPausedWebhook() {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(makeFolder());
  const receiver = stack.use(await startReceiver());
  receiver.isHolding = true;
  const before = stack.use(await startProcess(folder.path));
  const { id: webhookId } = await before.makeWebhook({ url: `${receiver.url}/a` });
  await before.publish();
  await eventually(async () => receiver.held === 1);
  await before.run(LostAttemptsPause, { id: webhookId });
  await before.kill("SIGKILL");
  receiver.letGo();
  const service = stack.use(await startProcess(folder.path));
  return { service, webhookId, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function onlyDelivery(service: Process) {
  const { deliveries } = await service.run(LostAttemptsDeliveries);
  const [delivery] = deliveries?.nodes ?? [];
  if (!delivery) throw new Error("There is no delivery");
  return delivery;
}

async function endsAs(service: Process, outcomes: string[]): Promise<void> {
  const { attempts } = await eventually(async () => {
    const delivery = await onlyDelivery(service);
    return delivery.status === "SUCCEEDED" && delivery;
  });
  expect(attempts?.nodes.map(({ outcome }) => outcome)).toEqual(outcomes);
  expect(attempts?.nodes.map(({ number }) => number)).toEqual(outcomes.map((_, i) => i + 1));
}
