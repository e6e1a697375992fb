import { expect, test } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import { graphql } from "./generated/gql.ts";
import type { WebhookOrder } from "./generated/graphql.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { WebhooksDelete, WebhooksList, WebhooksUpdates } from "./webhooks-documents.ts";
import { present } from "./webhooks-steps.ts";
import { HandClock, ScriptedSender, status } from "./world.ts";

const OtherCursors = graphql(`
  query WebhooksPagingOtherCursors {
    deliveries {
      pageInfo {
        endCursor
      }
      streamCursor
    }
  }
`);

const URL_OK = "http://127.0.0.1:2/hook";
const ORDERS = ["CREATED_AT", "NAME", "LAST_FAILED_AT"] as const;

async function page(app: App, orderBy: WebhookOrder, first: number, after?: string | null) {
  return present((await app.run(WebhooksList, { orderBy, first, after })).webhooks);
}

/** All pages, one after the other; what each says of itself is checked on the way. */
async function pagedThrough(
  app: App,
  orderBy: WebhookOrder,
  first: number,
  total: number,
): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null | undefined; ;) {
    const { nodes, edges, pageInfo, totalCount } = await page(app, orderBy, first, after);
    expect(edges.map(({ node }) => node.id)).toEqual(nodes.map(({ id }) => id));
    expect(totalCount).toEqual({ value: total, exact: true });
    expect(pageInfo).toMatchObject({
      hasPreviousPage: after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    });
    ids.push(...nodes.map(({ id }) => id));
    if (!pageInfo.hasNextPage) return ids;
    expect(nodes).toHaveLength(first);
    after = pageInfo.endCursor;
  }
}

/** Webhooks with equal names, two that failed in the same instant, one that failed later, and some that never did. */
async function makeMixed(): Promise<App> {
  const clock = new HandClock();
  const sender = new ScriptedSender(clock, [status(503)]);
  const app = await startApp({ circumstances: { clock, sender, random: () => 0 } });
  const names = ["b", "a", "b", "c", "a", "b", "ä", "b"];
  const types = ["site_published", "domain_created", "domain_created", "customer_created"];
  for (const [index, name] of names.entries())
    await makeWebhook(app, {
      name,
      url: URL_OK,
      eventTypes: [types[index] ?? "payment_failed"],
      retryDelays: [],
    });
  await publishSample(app, { type: "domain_created" });
  await eventually(async () => sender.sent === 2);
  clock.pass(5000);
  await publishSample(app, { type: "customer_created" });
  await eventually(async () => {
    clock.pass(1000);
    return (
      (await page(app, "NAME", 100)).nodes.filter(({ lastFailedAt }) => lastFailedAt !== null)
        .length === 3
    );
  });
  return app;
}

test("webhooks come newest first, by name, or the one that failed last first", async () => {
  await using app = await makeMixed();
  const created = (await page(app, "CREATED_AT", 100)).nodes.map(({ id }) => id);
  expect(created).toEqual(created.toSorted().toReversed());
  const named = (await page(app, "NAME", 100)).nodes;
  expect(named.map(({ name }) => name)).toEqual(["a", "a", "b", "b", "b", "b", "c", "ä"]);
  const failed = (await page(app, "LAST_FAILED_AT", 100)).nodes.map(
    ({ lastFailedAt }) => lastFailedAt ?? "",
  );
  expect(failed).toEqual(failed.toSorted().toReversed());
  expect(failed.filter((at) => at !== "")).toHaveLength(3);
});

test("by name, upper and lower case stand together", async () => {
  await using app = await startApp();
  for (const name of ["Zebra", "apple", "Mango", "banana"])
    await makeWebhook(app, { name, url: URL_OK });
  expect((await page(app, "NAME", 100)).nodes.map(({ name }) => name)).toEqual([
    "apple",
    "banana",
    "Mango",
    "Zebra",
  ]);
});

test("paging through each order shows everything once, with pages of any size", async () => {
  await using app = await makeMixed();
  for (const orderBy of ORDERS) {
    const whole = (await page(app, orderBy, 100)).nodes.map(({ id }) => id);
    expect(new Set(whole).size).toBe(8);
    for (const first of [1, 2, 3, 8])
      expect(await pagedThrough(app, orderBy, first, 8), `${orderBy}, ${first}`).toEqual(whole);
  }
});

test("the page after a row that was deleted meanwhile goes on where it was", async () => {
  await using app = await makeMixed();
  for (const orderBy of ORDERS) {
    const before = (await page(app, orderBy, 100)).nodes;
    const { pageInfo, nodes } = await page(app, orderBy, 3);
    await app.run(WebhooksDelete, { input: { webhook: { id: present(nodes[2]).id } } });
    const rest = await page(app, orderBy, 100, pageInfo.endCursor);
    expect(rest.nodes, orderBy).toEqual(before.slice(3));
  }
});

test("an empty list has an empty page", async () => {
  await using app = await startApp();
  expect(await page(app, "NAME", 1)).toMatchObject({
    nodes: [],
    edges: [],
    totalCount: { value: 0, exact: true },
    pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
  });
});

const json = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** What the API says to each of these cursors, by what stands in it. */
async function answers(app: App, cursors: readonly (readonly [WebhookOrder, string])[]) {
  const said: Record<string, string> = {};
  for (const [orderBy, after] of cursors) {
    const { data, errors } = await app.ask(WebhooksList, { first: 2, orderBy, after });
    const what = `${orderBy} after ${Buffer.from(after, "base64url").toString()}`;
    said[what] = data?.webhooks
      ? "a page"
      : `${String(errors?.[0]?.extensions?.["code"])}: ${String(errors?.[0]?.message)}`;
  }
  return said;
}

const REFUSED = expect.stringMatching(
  /^INVALID_INPUT: after is not a cursor of this list/,
) as string;

async function startWithTwo(): Promise<App> {
  const app = await startApp();
  for (const name of ["a", "b"]) await makeWebhook(app, { name, url: URL_OK });
  await publishSample(app);
  return app;
}

test("a cursor of another order or another list is refused, and the text says so", async () => {
  await using app = await startWithTwo();
  const { deliveries } = await app.run(OtherCursors, {});
  const cursors: [WebhookOrder, string][] = [
    ["CREATED_AT", present(deliveries?.pageInfo.endCursor)],
    ["CREATED_AT", present(deliveries?.streamCursor)],
  ];
  for (const from of ORDERS) {
    const cursor = present((await page(app, from, 1)).pageInfo.endCursor);
    for (const to of ORDERS) if (to !== from) cursors.push([to, cursor]);
  }
  const said = await answers(app, cursors);
  expect(said).toEqual(Object.fromEntries(Object.keys(said).map((what) => [what, REFUSED])));
});

test("a text that is no cursor is refused, and one that was forged harms nothing", async () => {
  await using app = await startWithTwo();
  const texts = ["", "nonsense", "%%%", ...[{}, [], [[1]], [true], ["x", "y", "z"]].map(json)];
  const said = await answers(
    app,
    texts.map((after) => ["CREATED_AT", after] as const),
  );
  expect(said).toEqual(Object.fromEntries(Object.keys(said).map((what) => [what, REFUSED])));
  const forged = [
    ["yesterday", "wh_x"],
    [5, 5],
    [1e300, null],
    [null, null],
    ["\0", "'; drop table webhook"],
  ].map(json);
  for (const orderBy of ["NAME", "LAST_FAILED_AT"] as const)
    for (const [what, answer] of Object.entries(
      await answers(
        app,
        forged.map((after) => [orderBy, after] as const),
      ),
    ))
      expect(answer, what).toMatch(/^a page$|^INVALID_INPUT/);
});

test("a page of fewer than 1 or more than 100 rows is refused", async () => {
  await using app = await startApp();
  for (const first of [101, 2_147_483_647]) {
    const { errors } = await app.ask(WebhooksList, { first, orderBy: "NAME" });
    expect(errors?.[0], String(first)).toMatchObject({
      message: expect.stringMatching(/A page may have 100 rows.*HOOKWIRE_LIMIT_PAGE/),
      extensions: { code: "LIMIT_REACHED" },
    });
  }
  for (const first of [0, -1]) {
    const { errors } = await app.ask(WebhooksList, { first, orderBy: "NAME" });
    expect(errors?.[0], String(first)).toMatchObject({
      message: "first must be 1 to 100",
      path: ["webhooks"],
      extensions: { code: "INVALID_INPUT", inputPath: ["first"] },
    });
  }
});

test("what happens after a list was read is told from its streamCursor, and nothing from before", async () => {
  await using app = await startApp();
  await makeWebhook(app, { url: URL_OK });
  const { streamCursor } = await page(app, "NAME", 1);
  const { id } = await makeWebhook(app, { url: URL_OK });
  const updates = app.subscribe(WebhooksUpdates, { start: { after: streamCursor } });
  expect((await updates.next()).value).toMatchObject({
    webhookUpdates: { __typename: "WebhookUpdated", webhookId: id },
  });
  expect((await updates.next()).value).toMatchObject({
    webhookUpdates: { __typename: "StreamCaughtUp" },
  });
});
