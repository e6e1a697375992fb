import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { AuditLog } from "./audit-documents.ts";
import { EventWithType, OneType } from "./catalog-documents.ts";
import { ORDER, orderWith, register, registered } from "./catalog-steps.ts";
import { PublishEvent } from "./documents.ts";
import { makeTenant, withKey } from "./keys-steps.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { watchStatements } from "./webhooks-steps.ts";

test("declared types are listed, published and checked like built-in ones, also after a restart", async () => {
  await using app = await startApp();
  const { eventTypes, changes } = await registered(app, [{ ...ORDER, aliases: ["sale"] }]);
  expect(eventTypes).toEqual([
    {
      id: "typ_default:order_created",
      name: "order_created",
      version: 1,
      builtIn: false,
      retiredAt: null,
    },
  ]);
  expect(changes).toMatchObject([{ eventType: "order_created", action: "ADDED", kind: null }]);
  await app.stop();
  await app.start();
  const { eventId } = await publishSample(app, { type: "sale" });
  const { publishedEvent } = await app.run(EventWithType, { id: eventId });
  expect(publishedEvent).toEqual({
    typeName: "order_created",
    typeVersion: 1,
    type: { name: "order_created", version: 1, retiredAt: null },
  });
  const payload = { id: 7, total: -1, customer: {} };
  const { publishEvent } = await app.run(PublishEvent, {
    input: { type: "order_created", payload },
  });
  const pointers = (publishEvent as { issues: { pointer: string }[] }).issues.map(
    ({ pointer }) => pointer,
  );
  expect(pointers.toSorted()).toEqual(["/customer/email", "/id", "/total"]);
});

test("the same declaration again changes nothing, in whatever order its keys come", async () => {
  await using app = await startApp();
  await registered(app);
  const { properties, ...rest } = ORDER.schema as { properties: object };
  const reversed = Object.fromEntries(Object.entries(properties).toReversed());
  const { eventTypes, changes } = await registered(app, [
    { ...ORDER, schema: { properties: reversed, ...rest } },
  ]);
  expect(changes).toMatchObject([{ action: "UNCHANGED", kind: null }]);
  expect(eventTypes).toMatchObject([{ version: 1 }]);
});

test("other words change the entry and not its version; another schema makes a version, and the old one can be read", async () => {
  await using app = await startApp();
  await registered(app);
  const words = await registered(app, [{ ...ORDER, title: "Order placed" }]);
  expect(words.changes).toMatchObject([{ action: "CHANGED", kind: "SAFE" }]);
  expect(words.eventTypes).toMatchObject([{ version: 1 }]);
  const { eventId } = await publishSample(app, { type: "order_created" });
  const more = orderWith({ note: { type: "string" } });
  const schema = await registered(app, [more]);
  expect(schema.changes).toMatchObject([{ action: "CHANGED", kind: "SAFE", pointer: "/note" }]);
  expect(schema.eventTypes).toMatchObject([{ version: 2 }]);
  const now = await app.run(OneType, { name: "order_created" });
  const before = await app.run(OneType, { name: "order_created", version: 1 });
  expect(now.eventType).toMatchObject({ version: 2, schema: more.schema });
  expect(before.eventType).toMatchObject({ version: 1, schema: ORDER.schema });
  expect(before.eventType?.id).not.toBe(now.eventType?.id);
  expect((await app.run(OneType, { name: "order_created", version: 3 })).eventType).toBeNull();
  const { publishedEvent } = await app.run(EventWithType, { id: eventId });
  expect(publishedEvent).toMatchObject({ typeVersion: 1, type: { version: 2 } });
});

test("a breaking change is refused with what breaks and whom; a dry run tells the same and changes nothing", async () => {
  await using app = await startApp();
  await registered(app);
  const { id } = await makeWebhook(app, { url: "https://example.com/", eventTypes: ["order_*"] });
  await makeWebhook(app, { url: "https://example.com/", eventTypes: ["payment_received"] });
  const without = orderWith({ total: undefined });
  const breaking = {
    eventType: "order_created",
    action: "CHANGED",
    kind: "BREAKING",
    pointer: "/total",
    affectedWebhooks: { nodes: [{ id }] },
    brokenSelections: [],
    brokenFilters: [],
  };
  expect(await register(app, [without])).toMatchObject({
    __typename: "BreakingChangeError",
    code: "BREAKING_CHANGE",
    path: ["input", "types"],
    changes: [breaking],
  });
  const dry = await registered(app, [without], { dryRun: true });
  expect(dry).toMatchObject({ eventTypes: null, changes: [breaking] });
  expect((await app.run(OneType, { name: "order_created" })).eventType?.version).toBe(1);
  const allowed = await registered(app, [without], { allowBreaking: true });
  expect(allowed.eventTypes).toMatchObject([{ version: 2 }]);
});

test("pruning retires what is not declared: it is published no more, and explains its events; declaring brings it back", async () => {
  await using app = await startApp();
  await registered(app, [ORDER, { ...ORDER, name: "order_shipped" }]);
  const { eventId } = await publishSample(app, { type: "order_shipped" });
  const { changes } = await registered(app, [ORDER], { prune: true });
  expect(changes).toMatchObject([
    { eventType: "order_created", action: "UNCHANGED" },
    { eventType: "order_shipped", action: "RETIRED", kind: "DANGEROUS" },
  ]);
  const input = { type: "order_shipped", payload: ORDER.samplePayload };
  const { publishEvent } = await app.run(PublishEvent, { input });
  expect(publishEvent).toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringMatching(/retired/),
  });
  const { publishedEvent } = await app.run(EventWithType, { id: eventId });
  expect(publishedEvent?.type).toMatchObject({
    name: "order_shipped",
    retiredAt: expect.any(String),
  });
  const back = await registered(app, [{ ...ORDER, name: "order_shipped" }]);
  expect(back.eventTypes).toMatchObject([{ retiredAt: null, version: 1 }]);
  await publishSample(app, { type: "order_shipped" });
});

test("all that is wrong is told at once, by type, path and pointer, and nothing is kept", async () => {
  await using app = await startApp();
  const sample = { ...(ORDER.samplePayload as object), total: "much" };
  const answer = await register(app, [
    ORDER,
    { ...ORDER, name: "Order Paid", title: " ", samplePayload: sample },
    { ...ORDER, name: "clashing", schema: schemaOf({ "a-b": {}, a_b: {} }), samplePayload: {} },
  ]);
  expect(answer).toMatchObject({ __typename: "InvalidInputError" });
  const issues = (answer as { issues: { path: string[]; pointer: string | null }[] }).issues;
  expect(issues.map(({ path, pointer }) => `${path.join(".")} ${pointer ?? ""}`)).toEqual([
    "input.types.1.name ",
    "input.types.1.title ",
    "input.types.1.samplePayload /total",
    "input.types.2.schema /a_b",
  ]);
  expect((await app.run(OneType, { name: "order_created" })).eventType).toBeNull();
});

const schemaOf = (properties: object) => ({ type: "object", properties });

test.each([
  ["a built-in name", { name: "payment_received" }, ["name"]],
  ["a built-in alias as a name", { name: "payment_successful" }, ["name"]],
  ["a built-in alias", { aliases: ["payment_successful"] }, ["aliases", "0"]],
  ["the name of GraphQL's own type", { name: "custom_event" }, ["name"]],
  ["a name that is another's in GraphQL", { name: "payment_1", aliases: [] }, null],
])("%s can't be taken", async (_what, changes, path) => {
  await using app = await startApp();
  const types = [{ ...ORDER, ...changes }];
  if (path === null) types.push({ ...ORDER, name: "payment1" });
  const answer = await register(app, types);
  expect(answer).toMatchObject({
    __typename: "InvalidInputError",
    path: ["input", "types", path ? "0" : "1", ...(path ?? ["name"])],
  });
});

test("a type belongs to its tenant", async () => {
  await using app = await startApp();
  await registered(app);
  const { secret } = await makeTenant(app, "other");
  await withKey(app, secret, async () => {
    expect((await app.run(OneType, { name: "order_created" })).eventType).toBeNull();
    const other = {
      ...ORDER,
      schema: schemaOf({ n: { type: "integer" } }),
      samplePayload: { n: 1 },
    };
    await registered(app, [other]);
    await publishSample(app, { type: "order_created" });
  });
  expect((await app.run(OneType, { name: "order_created" })).eventType).toMatchObject({
    id: "typ_default:order_created",
    schema: ORDER.schema,
  });
});

test("each type that is declared, changed or retired leaves who did it; a declaration that changes nothing does not", async () => {
  await using app = await startApp();
  const actions = async () => {
    const { auditLog } = await app.run(AuditLog, {
      filter: { subject: "typ_default:order_created" },
    });
    return auditLog!.nodes.map(({ action, actor }) => `${action} by ${actor}`);
  };
  await registered(app);
  await registered(app);
  await registered(app, [{ ...ORDER, title: "Order placed" }]);
  const sample = { ...(ORDER.samplePayload as object), total: 1 };
  await registered(app, [{ ...ORDER, title: "Order placed", samplePayload: sample }]);
  await registered(app, [], { prune: true });
  expect(await actions()).toEqual([
    "eventType.retired by operator",
    "eventType.updated by operator",
    "eventType.updated by operator",
    "eventType.created by operator",
  ]);
});

test("the name of a retired type stays its own, and its aliases are free", async () => {
  await using app = await startApp();
  await registered(app, [{ ...ORDER, aliases: ["sale"] }]);
  await registered(app, [], { prune: true });
  const other = { ...ORDER, name: "other_type" };
  expect(await register(app, [{ ...other, aliases: ["order_created"] }])).toMatchObject({
    __typename: "InvalidInputError",
    path: ["input", "types", "0", "aliases", "0"],
  });
  await registered(app, [{ ...other, aliases: ["sale"] }]);
});

test("a schema and a sample that are nested without end are refused, also of a type that is known", async () => {
  await using app = await startApp();
  let deep: object = { type: "object" };
  for (let level = 0; level < 2000; level++) deep = { type: "object", properties: { a: deep } };
  for (const changes of [{}, { schema: deep }, { samplePayload: { a: deep } }]) {
    const answer = await register(app, [{ ...ORDER, ...changes }]);
    expect(answer.__typename).toBe(
      Object.keys(changes).length > 0 ? "InvalidInputError" : "RegisterEventTypesPayload",
    );
  }
});

test("the webhooks that changes are about are read once for a call, however many types and changes it has", async () => {
  await using app = await startApp();
  const wide = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`f${index}`, { type: "string" }]),
    );
  const names = ["order_created", "order_sent", "order_paid"];
  await registered(
    app,
    names.map((name) => ({ ...ORDER, name })),
  );
  const { id } = await makeWebhook(app, { url: "https://example.com/", eventTypes: ["*"] });
  await makeWebhook(app, { url: "https://example.com/", eventTypes: ["payment_received"] });
  const counts: number[] = [];
  for (const types of [names.slice(0, 1), names]) {
    using statements = watchStatements();
    const changed = types.map((name) => orderWith(wide(40), { name }));
    const { changes } = await registered(app, changed, { dryRun: true });
    expect(changes).toHaveLength(40 * types.length);
    for (const { affectedWebhooks } of changes) expect(affectedWebhooks?.nodes).toEqual([{ id }]);
    counts.push(statements.seen.length);
  }
  expect(counts[1]).toBe(counts[0]);
});

test("the webhooks that a change is about come page by page, with the count of all of them", async () => {
  await using app = await startApp();
  await registered(app);
  const ids: string[] = [];
  for (const eventTypes of [["order_*"], ["payment_received"], ["*"], ["order_created"]]) {
    const { id } = await makeWebhook(app, { url: "https://example.com/", eventTypes });
    if (eventTypes[0] !== "payment_received") ids.unshift(id);
  }
  const page = async (args: string) => {
    const text = `mutation ($types: [EventTypeInput!]!) {
      registerEventTypes(input: { types: $types, dryRun: true }) { ... on RegisterEventTypesPayload { changes {
        affectedWebhooks(${args}) { nodes { id } totalCount { value exact } pageInfo { hasNextPage hasPreviousPage endCursor } }
      } } } }`;
    const types = [orderWith({ note: { type: "string" } })];
    const response = await app.post({ query: text, variables: { types } });
    const { data } = (await response.json()) as { data: { registerEventTypes: never } };
    return (data.registerEventTypes as { changes: { affectedWebhooks: unknown }[] }).changes[0]!
      .affectedWebhooks as { pageInfo: { endCursor: string } } | null;
  };
  const first = await page("first: 2");
  const totalCount = { value: 3, exact: true };
  expect(first).toMatchObject({
    nodes: ids.slice(0, 2).map((id) => ({ id })),
    pageInfo: { hasNextPage: true, hasPreviousPage: false },
    totalCount,
  });
  expect(await page(`first: 2, after: "${first!.pageInfo.endCursor}"`)).toMatchObject({
    nodes: [{ id: ids[2] }],
    pageInfo: { hasNextPage: false, hasPreviousPage: true },
    totalCount,
  });
  expect(await page("first: 0")).toBeNull();
  expect(await page(`after: "nowhere"`)).toBeNull();
});
