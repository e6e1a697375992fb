import { buildSchema, lexicographicSortSchema, parse, print, printType } from "graphql";
import { expect, test } from "vitest";
import { BUILT_IN_CATALOG } from "../src/domain/catalog/catalog.ts";
import { dataTypeName } from "../src/domain/catalog/graphql-names.ts";
import { INTERFACES, interfaceName } from "../src/domain/catalog/interfaces.ts";
import { sdlOf, sdlOfInterface } from "../src/domain/catalog/sdl.ts";
import { schema } from "../src/schema/index.ts";
import { startApp } from "./app.ts";
import { makeKey, makeTenant } from "./keys-steps.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import {
  answerTo,
  ask,
  dataOf,
  MAIN,
  publish,
  register,
  TYPED,
  watchSocket,
  watchSse,
} from "./typed-steps.ts";

const ORDER = {
  number: { type: "integer", minimum: 0, maximum: 2147483647 },
  total: { type: "integer" },
  customer: { type: "object", properties: { name: { type: "string" } } },
  lines: {
    type: "array",
    items: { type: "object", properties: { sku: { type: "string" }, price: { type: "number" } } },
  },
  notes: { type: "array", items: { type: "string" } },
  extra: { type: "object", additionalProperties: { type: "string" } },
};
const ORDERED = {
  number: 7,
  total: 3e9,
  customer: { name: "Jane" },
  lines: [
    { sku: "a", price: 1.5 },
    { sku: "b", price: 2 },
  ],
  notes: ["soon"],
  extra: { x: "1" },
};
const ORDER_DATA = `__typename ... on OrderPlacedData {
  number total customer { name } lines { sku price } notes extra
}`;

const NOWHERE = { url: "http://127.0.0.1:2/", paused: true };

test.each([MAIN, TYPED])(
  "on %s data is the object of a built-in type, and has its groups",
  async (path) => {
    await using app = await startApp();
    const { eventId } = await publishSample(app);
    const selection = `__typename
    ... on PaymentReceivedData { payment_id customer_user_email wu_version }
    ... on PaymentFields { payment_total payment_total_raw }
    ... on DomainFields { domain_id }`;
    expect(await dataOf(app, eventId, selection, { path })).toEqual({
      __typename: "PaymentReceivedData",
      payment_id: 1,
      customer_user_email: "jane@example.com",
      wu_version: "2.6.1",
      payment_total: "$29.99",
      payment_total_raw: 29.99,
    });
  },
);

test("a type of the tenant's own is CustomEventData on /graphql, and typed on /graphql/typed at once", async () => {
  await using app = await startApp();
  const before = await answerTo(app, `{ __type(name: "OrderPlacedData") { name } }`);
  expect(before).toEqual({ data: { __type: null } });
  await register(app, "order_placed", ORDER, { sample: ORDERED });
  const id = await publish(app, "order_placed", ORDERED);
  expect(await dataOf(app, id, ORDER_DATA)).toEqual({ __typename: "OrderPlacedData", ...ORDERED });
  const custom = "__typename ... on CustomEventData { typeName payload }";
  expect(await dataOf(app, id, custom, { path: MAIN })).toEqual({
    __typename: "CustomEventData",
    typeName: "order_placed",
    payload: ORDERED,
  });
  const { errors } = await answerTo(
    app,
    `{ publishedEvents { nodes { data { ${ORDER_DATA} } } } }`,
    {
      path: MAIN,
    },
  );
  expect(errors?.[0]?.message).toMatch(/Unknown type "OrderPlacedData"/);
});

test("introspection of /graphql/typed shows the tenant's own types, as their SDL says, and no other tenant's", async () => {
  await using app = await startApp();
  const { secret } = await makeTenant(app, "second");
  await register(app, "order_placed", ORDER, { sample: ORDERED });
  const query = `{
    __type(name: "OrderPlacedData") { description fields { name type { name ofType { name } } } }
    union: __type(name: "EventData") { possibleTypes { name } }
    eventType(name: "order_placed") { sdl }
  }`;
  const own = (await ask(app, query)) as never as {
    __type: { description: string; fields: { name: string; type: { name: string | null } }[] };
    union: { possibleTypes: { name: string }[] };
    eventType: { sdl: string };
  };
  expect(own.__type.description).toBe("Raised by order_placed.");
  expect(
    Object.fromEntries(
      own.__type.fields.map(({ name, type }) => [
        name,
        type.name ?? (type as never as { ofType: { name: string } }).ofType.name,
      ]),
    ),
  ).toEqual({
    number: "Int",
    total: "Float",
    customer: "OrderPlacedData_Customer",
    lines: "OrderPlacedData_Lines",
    notes: "String",
    extra: "JSON",
  });
  expect(own.union.possibleTypes.map(({ name }) => name)).toContain("OrderPlacedData");
  expect(own.eventType.sdl).toContain("type OrderPlacedData {");
  const asked = { __type: null, eventType: null };
  expect(await ask(app, query, { key: secret })).toMatchObject(asked);
  expect(await ask(app, query, { path: MAIN })).toMatchObject({ __type: null });
});

test("a value that does not fit the type as it is now is null, without an error", async () => {
  await using app = await startApp();
  const anything = Object.fromEntries(
    ["number", "total", "customer", "lines", "notes", "flag", "toString"].map((key) => [key, {}]),
  );
  await register(app, "order_placed", anything);
  const odd = {
    number: 3e9,
    total: "much",
    customer: ["Jane"],
    lines: [{ sku: 1, price: 2 }, "b", null],
    notes: ["soon", 5],
    flag: "true",
  };
  const id = await publish(app, "order_placed", odd);
  const whole = await publish(app, "order_placed", {
    ...odd,
    number: 2147483648,
    lines: { sku: "a" },
  });
  const { extra: _extra, ...fields } = ORDER;
  const typed = { ...fields, flag: { type: "boolean" }, toString: { type: "string" } };
  await register(app, "order_placed", typed, { allowBreaking: true });
  const selection = `... on OrderPlacedData {
    number total customer { name } lines { sku price } notes flag toString
  }`;
  const none = { number: null, total: null, customer: null, flag: null, toString: null };
  expect(await dataOf(app, id, selection)).toEqual({
    ...none,
    lines: [{ sku: null, price: 2 }, null, null],
    notes: ["soon", null],
  });
  expect(await dataOf(app, whole, selection)).toMatchObject({ ...none, lines: null });
});

test("a retired type still explains its events", async () => {
  await using app = await startApp();
  await register(app, "order_placed", ORDER, { sample: ORDERED });
  const id = await publish(app, "order_placed", ORDERED);
  const { registerEventTypes } = await ask(
    app,
    `mutation { registerEventTypes(input: { types: [], prune: true, allowBreaking: true }) { __typename } }`,
  );
  expect(registerEventTypes).toEqual({ __typename: "RegisterEventTypesPayload" });
  expect(await dataOf(app, id, ORDER_DATA)).toMatchObject({ __typename: "OrderPlacedData" });
});

test("types of the same name of two tenants are apart, though both ask with the same text", async () => {
  await using app = await startApp();
  const { secret: key } = await makeTenant(app, "second");
  await register(app, "order_placed", { a: { type: "string" } });
  await register(app, "order_placed", { b: { type: "string" } }, { key });
  const ours = await publish(app, "order_placed", { a: "ours", b: "ours" });
  const theirs = await publish(app, "order_placed", { a: "theirs", b: "theirs" }, key);
  const [a, b] = ["... on OrderPlacedData { a }", "... on OrderPlacedData { b }"];
  for (let time = 0; time < 2; time++) {
    expect(await dataOf(app, ours, a)).toEqual({ a: "ours" });
    expect(await dataOf(app, theirs, b, { key })).toEqual({ b: "theirs" });
    await expect(dataOf(app, ours, b)).rejects.toThrow(/Cannot query field/);
    await expect(dataOf(app, theirs, a, { key })).rejects.toThrow(/Cannot query field/);
  }
  // What was valid before the change is not after it.
  await register(app, "order_placed", { c: { type: "string" } }, { allowBreaking: true });
  await expect(dataOf(app, ours, a)).rejects.toThrow(/Cannot query field/);
});

test("streams on /graphql/typed tell typed data, over a socket and as server-sent events", async () => {
  await using app = await startApp();
  await register(app, "order_placed", ORDER, { sample: ORDERED });
  await makeWebhook(app, NOWHERE);
  await using socket = await watchSocket(app, ORDER_DATA);
  await using events = await watchSse(app, ORDER_DATA);
  await publish(app, "order_placed", ORDERED);
  const expected = { __typename: "OrderPlacedData", ...ORDERED };
  expect(await Promise.all([socket.next(), events.next()])).toEqual([expected, expected]);
});

test("a message is not shared between the two endpoints, nor between what was registered before and after", async () => {
  await using app = await startApp();
  await register(app, "order_placed", ORDER, { sample: ORDERED });
  await makeWebhook(app, NOWHERE);
  await using main = await watchSocket(app, "__typename", { path: MAIN });
  await using early = await watchSocket(app, "__typename");
  await register(app, "order_sent", { sku: { type: "string" } });
  await using late = await watchSocket(app, "__typename");
  await publish(app, "order_sent", { sku: "a" });
  const told = await Promise.all([main.next(), early.next(), late.next()]);
  // A stream goes on as it began.
  expect(told).toEqual(
    ["CustomEventData", "CustomEventData", "OrderSentData"].map((__typename) => ({ __typename })),
  );
});

test("/graphql/typed refuses what /graphql refuses", async () => {
  await using app = await startApp();
  await register(app, "order_placed", ORDER, { sample: ORDERED });
  await makeWebhook(app, NOWHERE);
  const id = await publish(app, "order_placed", ORDERED);
  const stranger = await fetch(app.url + TYPED, { method: "POST", body: "{}" });
  expect(stranger.status).toBe(401);
  const { secret: key } = await makeKey(app, { scopes: ["DELIVERIES_READ", "CATALOG_WRITE"] });
  const asked = `{ publishedEvent(by: { id: "${id}" }) { data { ${ORDER_DATA} } } node(id: "${id}") { __typename } }`;
  const { data, errors } = await answerTo(app, asked, { key });
  expect(data).toEqual({ publishedEvent: null, node: null });
  expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(["FORBIDDEN", "FORBIDDEN"]);
  const around = `{ deliveries { nodes { event { data { ${ORDER_DATA} } } } } }`;
  const refused = await answerTo(app, around, { key });
  expect(JSON.stringify(refused.data ?? null)).not.toContain("Jane");
  expect(refused.errors?.[0]).toMatchObject({ extensions: { code: "FORBIDDEN" } });
  const deep = await answerTo(app, `{ ${"a:__typename ".repeat(2000)} }`);
  expect(deep.errors?.[0]).toMatchObject({ extensions: { code: "LIMIT_REACHED" } });
});

test("the schema has the built-in types and the interfaces as their SDL says", () => {
  const sources = BUILT_IN_CATALOG.types.map((type) => sdlOf(type, type.groups.map(interfaceName)));
  const text = ["scalar JSON", ...INTERFACES.map(sdlOfInterface), ...sources].join("\n");
  const said = lexicographicSortSchema(buildSchema(`type Query { json: JSON }\n${text}`));
  const printed = lexicographicSortSchema(schema);
  const names = [...INTERFACES, ...BUILT_IN_CATALOG.types].map((one) =>
    "typeName" in one ? one.typeName : dataTypeName(one.name),
  );
  const textOf = (of: typeof schema) =>
    names.map((name) => print(parse(printType(of.getType(name)!))));
  expect(textOf(printed)).toEqual(textOf(said));
  expect(names.length).toBeGreaterThan(30);
});

test("a browser finds GraphiQL there, and is sent to sign in first", async () => {
  await using app = await startApp();
  const page = (headers: Record<string, string>) =>
    fetch(app.url + TYPED, { headers: { accept: "text/html", ...headers }, redirect: "manual" });
  expect((await page({})).headers.get("location")).toBe("/login");
  const signedIn = await page({ authorization: `Bearer ${app.key}` });
  expect(signedIn.status).toBe(200);
  expect(await signedIn.text()).toContain("<title>Hookwire</title>");
});
