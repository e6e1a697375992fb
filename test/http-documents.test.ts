import { expect, test } from "vitest";
import { startApp } from "./app.ts";

interface Answer {
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly code?: string };
  }[];
}

test.each([
  ["a document that can't be parsed", { query: "{ delivery(" }],
  ["an empty document", { query: " " }],
  ["a field that does not exist", { query: "{ nope }" }],
  ["an operation that is not there", { query: "query A { __typename }", operationName: "B" }],
  ["two operations and no name", { query: "query A { __typename } query B { __typename }" }],
  [
    "a variable of another type",
    { query: "query ($n: Int!) { deliveries(first: $n) { __typename } }", variables: { n: "x" } },
  ],
  [
    "a variable that is missing",
    { query: "query ($n: Int!) { deliveries(first: $n) { __typename } }" },
  ],
  ["an integer that is too large", { query: "{ deliveries(first: 99999999999) { __typename } }" }],
  [
    "two fields of a oneOf",
    {
      query: "query ($w: WebhookRef!) { webhook(by: $w) { id } }",
      variables: { w: { id: "a", key: "b" } },
    },
  ],
  [
    "no field of a oneOf",
    { query: "query ($w: WebhookRef!) { webhook(by: $w) { id } }", variables: { w: {} } },
  ],
  [
    "an enum value that is none",
    { query: "{ deliveries(filter: { statuses: [LOST] }) { __typename } }" },
  ],
  [
    "a time that is none",
    { query: '{ deliveries(filter: { createdAt: { from: "now" } }) { __typename } }' },
  ],
  ["a list cursor that is none", { query: '{ deliveries(after: "zzz") { __typename } }' }],
  ["a page of 0", { query: "{ deliveries(first: 0) { __typename } }" }],
  ["a page of 101", { query: "{ webhooks(first: 101) { __typename } }" }],
  [
    "101 ids",
    {
      query: "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
      variables: { ids: Array(101).fill("x") },
    },
  ],
  ["more tokens than a document may have", { query: `{ ${"a ".repeat(20_000)} }` }],
  ["a document nested 4,000 deep", { query: `${"{ a ".repeat(4000)}${"}".repeat(4000)}` }],
  [
    "a list value nested 4,000 deep",
    { query: `{ webhook(by: ${"[".repeat(4000)}${"]".repeat(4000)}) { id } }` },
  ],
  [
    "fragments that go round",
    { query: "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }" },
  ],
])("%s is an error with a code that is not our own fault", async (_what, body) => {
  await using app = await startApp();
  const { errors } = (await (await app.post(body)).json()) as Answer;
  const { message, extensions: { code } = {} } = errors?.[0] ?? {};
  expect(code, message).toMatch(/^[A-Z_]+$/);
  expect(code).not.toBe("INTERNAL_SERVER_ERROR");
  expect(app.log.filter(({ level }) => level === "error")).toEqual([]);
});
