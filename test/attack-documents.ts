/** What an attacker with a key may send, and the limit that it is to be refused by. */
export interface Attack {
  readonly name: string;
  readonly body: {
    readonly query: string;
    readonly variables?: object;
    readonly operationName?: string;
  };
  /** The setting; without one the document is refused as invalid. */
  readonly setting?: string;
}

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(" ");
const nested = (depth: number, open: string, heart: string, close: string) =>
  `${open.repeat(depth)}${heart}${close.repeat(depth)}`;
/** Each uses the next one twice: written out there would be 2^count fields. */
const doubling = (count: number, field: string) =>
  `{ ...F0 } ${times(count, (n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`)} fragment F${count} on Query { ${field} }`;

/** A field that may stand any number of times, if each is compared with all the others. */
const EQUAL = "tenant { id } ";
const beside = (count: number) => times(count, (n) => `fragment F${n} on Viewer { ${EQUAL}}`);
const chain = (count: number) =>
  `{ viewer { ...F0 } } ${times(count, (n) => `fragment F${n} on Viewer { ${EQUAL} ...F${n + 1} }`)} fragment F${count} on Viewer { keyName }`;

const ROUND = "deliveries(first: 100) { nodes { webhook { ";
const DELIVERIES = "{ id status eventType webhookName attemptCount }";

export const ATTACKS: readonly Attack[] = [
  {
    name: "60 aliases of nested lists",
    body: {
      query: `{ viewer { tenant { ${times(60, (n) => `a${n}: id`)} } } deliveries { nodes { ${times(60, (n) => `b${n}: webhook { deliveries { nodes { id } } }`)} } } }`,
    },
    setting: "HOOKWIRE_LIMIT_ALIASES",
  },
  {
    name: "deliveries of webhooks of deliveries of webhooks",
    body: { query: `{ ${nested(4, ROUND, "id", " } } }")} }` },
    setting: "HOOKWIRE_LIMIT_COST",
  },
  {
    name: "the same through a variable",
    body: {
      query: `query ($n: Int!) { ${nested(4, ROUND.replace("100", "$n"), "id", " } } }")} }`,
      variables: { n: 100 },
    },
    setting: "HOOKWIRE_LIMIT_COST",
  },
  {
    name: "many ids, each with full pages",
    body: {
      query: `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Webhook { deliveries(first: 100) { nodes ${DELIVERIES} } } } }`,
      variables: { ids: Array(100).fill("wh_x") },
    },
    setting: "HOOKWIRE_LIMIT_COST",
  },
  {
    name: "a batch that asks for all deliveries of each event",
    body: {
      query: `mutation ($e: [PublishEventInput!]!) { publishEvents(input: { events: $e }) { ... on PublishEventsPayload { results { ... on PublishEventPayload { event { deliveries { nodes ${DELIVERIES} } } } } } } }`,
      variables: { e: Array(1000).fill({ type: "payment_received", payload: {} }) },
    },
    setting: "HOOKWIRE_LIMIT_COST",
  },
  {
    name: "fields nested 200 deep",
    body: { query: `{ ${nested(200, "deliveries { nodes { webhook { ", "id", " } } }")} }` },
    setting: "HOOKWIRE_LIMIT_DEPTH",
  },
  {
    name: "a depth of 20 in fragments of 2",
    body: {
      query: `{ ...F0 } ${times(10, (n) => `fragment F${n} on Query { viewer { tenant { ...F${n + 1} } } }`)} fragment F10 on Query { __typename }`,
    },
    setting: "HOOKWIRE_LIMIT_DEPTH",
  },
  {
    name: "inline fragments nested 1,000 deep around a field that does not exist",
    body: { query: nested(1000, "{ ... ", "{ nope }", "}") },
  },
  {
    name: "brackets without end",
    body: { query: `{ webhook(by: ${"[".repeat(90_000)}` },
    setting: "HOOKWIRE_LIMIT_DEPTH",
  },
  {
    name: "a payload of 1,000 brackets",
    body: {
      query: `mutation { publishEvent(input: { type: "x", payload: ${nested(1000, "[", "", "]")} }) { __typename } }`,
    },
    setting: "HOOKWIRE_LIMIT_DEPTH",
  },
  {
    name: "10,000 aliases of __typename",
    body: { query: `{ ${times(10_000, (n) => `a${n}: __typename`)} }` },
    setting: "HOOKWIRE_LIMIT_DOCUMENT",
  },
  {
    name: "1,300 aliases of __typename",
    body: { query: `{ ${times(1300, (n) => `a${n}: __typename`)} }` },
    setting: "HOOKWIRE_LIMIT_ROOT_FIELDS",
  },
  {
    name: "mutations under 21 aliases",
    body: { query: `mutation { ${times(21, (n) => `a${n}: createInbox { __typename }`)} }` },
    setting: "HOOKWIRE_LIMIT_ROOT_FIELDS",
  },
  {
    name: "fragments that go round",
    body: {
      query:
        "{ ...A } fragment A on Query { ...B } fragment B on Query { viewer { keyName } ...A }",
    },
  },
  {
    name: "fragments that double 200 times at the top",
    body: { query: doubling(200, "viewer { keyName }") },
    setting: "HOOKWIRE_LIMIT_ROOT_FIELDS",
  },
  {
    name: "fragments that double aliases 200 times",
    body: {
      query: doubling(200, "a: __typename")
        .replace("{ ...F0 }", "{ viewer { tenant { ...F0 } } }")
        .replaceAll("on Query", "on Tenant"),
    },
    setting: "HOOKWIRE_LIMIT_ALIASES",
  },
  {
    name: "fragments that double fields 200 times",
    body: {
      query: doubling(200, "id")
        .replace("{ ...F0 }", "{ viewer { tenant { ...F0 } } }")
        .replaceAll("on Query", "on Tenant"),
    },
    setting: "HOOKWIRE_LIMIT_VALIDATION",
  },
  {
    name: "400 fragments in a chain, the last with 30 fields at the top",
    body: {
      query: `{ ...F0 } ${times(400, (n) => `fragment F${n} on Query { ...F${n + 1} }`)} fragment F400 on Query { ${times(30, () => "__typename")} }`,
    },
    setting: "HOOKWIRE_LIMIT_ROOT_FIELDS",
  },
  {
    name: "400 directives on one field",
    body: { query: `{ __typename ${"@include(if: true) ".repeat(400)} }` },
    setting: "HOOKWIRE_LIMIT_DIRECTIVES",
  },
  {
    name: "1,000 directives that are none",
    body: { query: `{ __typename ${"@aa".repeat(1000)} }` },
    setting: "HOOKWIRE_LIMIT_DIRECTIVES",
  },
  {
    name: "6,000 fields",
    body: { query: `{ viewer { ${"tenant { id } ".repeat(6000)} } }` },
    setting: "HOOKWIRE_LIMIT_TOKENS",
  },
  {
    name: "as many equal fields as the tokens allow",
    body: { query: `{ viewer { ${EQUAL.repeat(990)} } }` },
    setting: "HOOKWIRE_LIMIT_VALIDATION",
  },
  {
    name: "a field of another type in the last of 430 inline fragments",
    body: {
      query: `{ viewer { ${"... on Viewer { tenant { id } } ".repeat(430)} tenant { nope } } }`,
    },
    setting: "HOOKWIRE_LIMIT_VALIDATION",
  },
  {
    name: "fields that do not exist",
    body: { query: `{ viewer { ${times(3900, (n) => `keyNam${n}`)} } }` },
  },
  {
    name: "equal fields of lists, as many as the tokens allow",
    body: { query: `{ webhooks { nodes { ${"deliveries { nodes { id } } ".repeat(560)} } } }` },
    setting: "HOOKWIRE_LIMIT_VALIDATION",
  },
  {
    name: "equal fields in a fragment that nothing uses",
    body: { query: `{ __typename } fragment F on Viewer { ${EQUAL.repeat(980)} }` },
    setting: "HOOKWIRE_LIMIT_VALIDATION",
  },
  {
    name: "equal fields in the second of two fragments of one name",
    body: {
      query: `{ viewer { ...F } } fragment F on Viewer { keyName } fragment F on Viewer { ${EQUAL.repeat(970)} }`,
    },
    setting: "HOOKWIRE_LIMIT_VALIDATION",
  },
  {
    name: "280 fragments with an equal field",
    body: { query: `{ viewer { ${times(280, (n) => `...F${n}`)} } } ${beside(280)}` },
    setting: "HOOKWIRE_LIMIT_VALIDATION",
  },
  {
    name: "280 fragments in a chain, each with an equal field",
    body: { query: chain(280) },
    setting: "HOOKWIRE_LIMIT_VALIDATION",
  },
  {
    name: "an object of 1,300 fields that do not exist",
    body: { query: `{ webhooks(filter: {${times(1300, (n) => `a${n}: 1`)}}) { nodes { id } } }` },
  },
  {
    name: "a variable of 20,000 fields that do not exist",
    body: {
      query: "query ($f: WebhookFilter) { webhooks(filter: $f) { nodes { id } } }",
      variables: { f: Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`a${n}`, n])) },
    },
  },
  {
    name: "100 operations in one document",
    body: { query: times(100, (n) => `query Q${n} { __typename }`), operationName: "Q1" },
    setting: "HOOKWIRE_LIMIT_OPERATIONS",
  },
  {
    name: "a document of spaces",
    body: { query: `{ __typename ${" ".repeat(900_000)} }` },
    setting: "HOOKWIRE_LIMIT_DOCUMENT",
  },
  {
    name: "2,000 ids in a variable",
    body: {
      query: "query ($ids: [ID!]!) { deliveries(filter: { ids: $ids }) { nodes { id } } }",
      variables: { ids: Array(2000).fill("dlv_x") },
    },
    setting: "HOOKWIRE_LIMIT_LIST",
  },
  {
    name: "1,100 ids inside a variable's object",
    body: {
      query: "query ($f: DeliveryFilter) { deliveries(filter: $f) { nodes { id } } }",
      variables: { f: { webhooks: Array(1100).fill({ id: "wh_x" }) } },
    },
    setting: "HOOKWIRE_LIMIT_LIST",
  },
  {
    name: "1,100 ids in the document",
    body: { query: `{ nodes(ids: [${'"x" '.repeat(1100)}]) { id } }` },
    setting: "HOOKWIRE_LIMIT_LIST",
  },
  {
    name: "a page of a million",
    body: { query: "{ deliveries(first: 1000000) { nodes { id } } }" },
    setting: "HOOKWIRE_LIMIT_PAGE",
  },
  {
    name: "types of fields of types",
    body: {
      query: `{ __schema { types { ${nested(4, "fields { type { ", "name", " } }")} } } }`,
    },
  },
];

/** Valid, and the costliest to validate of all that the limits let through. */
export const HEAVY: readonly Omit<Attack, "setting">[] = [
  { name: "140 equal fields", body: { query: `{ viewer { ${EQUAL.repeat(140)} } }` } },
  {
    name: "198 equal fields without any below",
    body: { query: `{ viewer { ${"keyName ".repeat(198)} } }` },
  },
  {
    name: "114 equal fields of lists",
    body: {
      query: `{ webhooks(first: 1) { nodes { ${"deliveries(first: 1) { nodes { id } } ".repeat(114)} } } }`,
    },
  },
  {
    name: "114 fragments with an equal field",
    body: { query: `{ viewer { ${times(114, (n) => `...F${n}`)} } } ${beside(114)}` },
  },
  { name: "114 fragments in a chain, each with an equal field", body: { query: chain(114) } },
  {
    name: "one fragment used 1,900 times",
    body: { query: `{ viewer { ${"...F ".repeat(1900)} } } fragment F on Viewer { ${EQUAL} }` },
  },
];
