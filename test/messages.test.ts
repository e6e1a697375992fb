import { afterEach, beforeEach, expect, test, vi, type MockInstance } from "vitest";
import { Delivery } from "../src/domain/delivery.ts";
import { Reader } from "../src/persistence/read.ts";
import { ADMIN_KEY, startApp, type App, testOnFile } from "./app.ts";
import { makeKey } from "./keys-steps.ts";
import { addSecondTenant } from "./second-tenant.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { next } from "./watch-steps.ts";

/** Subscribers who ask for the same. */
const SAME = 20;

/** What is asked of `delivery` takes a read for each execution. Plain text, so that one document can differ from another by little. */
const updatesWith = (fields: string) => `
  subscription ($count: Boolean!, $filter: DeliveryUpdateFilter, $start: StreamStart) {
    deliveryUpdates(filter: $filter, start: $start) {
      __typename
      ... on DeliveryUpdate { deliveryId delivery { ${fields} attemptCount @include(if: $count) } }
    }
  }`;

interface Update {
  readonly __typename: string;
  readonly deliveryId?: string;
  readonly delivery?: object;
}

/** The updates of deliveries, over a socket of its own; the first message that is live is awaited first. */
async function watch(app: App, query: string, variables: object, authorization?: string) {
  const messages = app
    .client(authorization)
    .iterate<{ deliveryUpdates: Update }>({ query, variables: { ...variables } });
  const read = async (): Promise<Update> => {
    const { data, errors } = await next(messages);
    if (errors || !data) throw new Error(JSON.stringify(errors));
    return data.deliveryUpdates;
  };
  const history: Update[] = [];
  for (let update = await read(); update.__typename !== "StreamCaughtUp"; update = await read())
    history.push(update);
  return { history, read };
}

const watchMany = (app: App, query: string, variables: object) =>
  Promise.all(Array.from({ length: SAME }, () => watch(app, query, variables)));

/** Publishes one event, and answers with what each of them is told of it. */
async function tellAll(app: App, watchers: readonly { read: () => Promise<Update> }[]) {
  const told = Promise.all(watchers.map(({ read }) => read()));
  await publishSample(app);
  return told;
}

let byIds: MockInstance<Reader["byIds"]>;

/** Deliveries that messages have read since the last time this was asked. */
function deliveriesRead(): number {
  const ids = byIds.mock.calls.flatMap(([entity, , some]) => (entity === Delivery ? some : []));
  byIds.mockClear();
  return ids.length;
}

beforeEach(() => {
  byIds = vi.spyOn(Reader.prototype, "byIds");
});
afterEach(() => vi.restoreAllMocks());

/** Its webhook is paused: an event is one update, and nothing else happens that would make the update stale. */
async function appWithPausedWebhook(): Promise<App> {
  const app = await startApp({ env: { HOOKWIRE_LIMIT_SOCKETS_PER_KEY: "1000" } });
  await makeWebhook(app, { url: "http://127.0.0.1:2/", paused: true });
  return app;
}

test("a message is executed once for all subscribers with the same document and variables", async () => {
  await using app = await appWithPausedWebhook();
  const watchers = await watchMany(app, updatesWith("status"), { count: true });
  deliveriesRead();
  for (let event = 0; event < 3; event++) {
    const told = await tellAll(app, watchers);
    expect(told[0]?.delivery).toEqual({ status: "HELD", attemptCount: 0 });
    expect(new Set(told.map((update) => JSON.stringify(update))).size).toBe(1);
    expect(deliveriesRead()).toBe(1);
  }
});

test("which messages a subscriber wants does not keep it from sharing them", async () => {
  await using app = await appWithPausedWebhook();
  await publishSample(app);
  const wants = [{}, { filter: { isTest: false } }, { start: { last: 1 } }];
  const watchers = [];
  for (const want of wants)
    watchers.push(await watch(app, updatesWith("status"), { count: true, ...want }));
  expect(watchers.map(({ history }) => history.length)).toEqual([0, 0, 1]);
  deliveriesRead();
  await tellAll(app, watchers);
  expect(deliveriesRead()).toBe(1);
});

test("a message is executed anew for other variables and for another document", async () => {
  await using app = await appWithPausedWebhook();
  const counting = await watchMany(app, updatesWith("status"), { count: true });
  const others = await watchMany(app, updatesWith("status"), { count: false });
  const naming = await watchMany(app, updatesWith("webhookName"), { count: false });
  deliveriesRead();
  const told = await tellAll(app, [...counting, ...others, ...naming]);
  const shown = (from: number) => told.slice(from, from + SAME).map(({ delivery }) => delivery);
  expect(shown(0)).toEqual(Array(SAME).fill({ status: "HELD", attemptCount: 0 }));
  expect(shown(SAME)).toEqual(Array(SAME).fill({ status: "HELD" }));
  expect(shown(2 * SAME)).toEqual(Array(SAME).fill({ webhookName: "Test" }));
  expect(deliveriesRead()).toBe(3);
});

testOnFile(
  "a message is never shared with another tenant, even at the same position of its log",
  async () => {
    await using app = await appWithPausedWebhook();
    for (let event = 0; event < 3; event++) await publishSample(app);
    await app.stop();
    const second = addSecondTenant(app);
    await app.start();
    const start = { start: { last: 500 }, count: true };
    const key = await makeKey(app, { tenantId: second.tenantId, scopes: ["DELIVERIES_READ"] });
    const theirs = await watch(app, updatesWith("id"), start, `Bearer ${key.secret}`);
    const ours = await watch(app, updatesWith("id"), start, `Bearer ${ADMIN_KEY}`);
    const twinsOfOurs = ours.history.map(({ deliveryId }) => second.twin(deliveryId!));
    expect(ours.history).toHaveLength(3);
    expect(theirs.history.map(({ deliveryId }) => deliveryId)).toEqual(twinsOfOurs);
    expect(theirs.history.map(({ delivery }) => delivery)).toMatchObject(
      twinsOfOurs.map((id) => ({ id })),
    );
    for (const { deliveryId, delivery } of ours.history)
      expect(delivery).toMatchObject({ id: deliveryId });
  },
);
