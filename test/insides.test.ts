import { print } from "graphql";
import { expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import { ATTACKS } from "./attack-documents.ts";
import { BareSocket } from "./bare-socket.ts";
import * as documents from "./generated/graphql.ts";
import { openDatabase } from "./second-tenant.ts";

/** What no answer may show: frames of a stack, places in the sources, SQL and the database's own words. */
const INSIDES = [
  /\bat (async )?[\w.<>]+ \(/,
  /\bat \S+:\d+:\d+/,
  /node:internal|node_modules|file:\/\//,
  /\/(src|tmp|home|work|usr)\//,
  /\.(ts|js|mjs):\d/,
  /sqlite|SQLITE|mikro|better-/i,
  /\b(select|insert into|update|delete from)\b[^.]*\b(from|values|set|where)\b/i,
  /no such (table|column)|constraint failed|syntax error near/i,
  /\bstack\b/i,
];

function expectNoInsides(text: string, what: string): void {
  // The place alone: whole answers are long.
  for (const inside of INSIDES) expect(inside.exec(text)?.[0], what).toBeUndefined();
}

const all = Object.entries(documents)
  .filter(([name]) => name.endsWith("Document"))
  .map(([name, document]) => [name, print(document as never)] as const);

/** Each document with variables that fit none of them well, over HTTP and over a socket. */
async function provoke(app: App): Promise<number> {
  const rubbish = [
    {},
    { id: "dlv_'; drop table event; --" },
    { input: null },
    { input: { id: 5 } },
  ];
  using line = new BareSocket(app);
  await line.greet();
  let errors = 0;
  for (const [name, query] of all)
    for (const variables of rubbish) {
      const text = query.startsWith("subscription")
        ? JSON.stringify(await line.ask({ query, variables }))
        : await (await app.post({ query, variables })).text();
      expectNoInsides(text, name);
      if (text.includes('"errors"') || text.includes('"error"')) errors++;
    }
  return errors;
}

test("no answer shows a stack, SQL or a path: rubbish in every document", async () => {
  await using app = await startApp();
  expect(await provoke(app)).toBeGreaterThan(100);
});

test("nor do refused attacks, and what is no GraphQL at all", async () => {
  await using app = await startApp();
  for (const { name, body } of ATTACKS) expectNoInsides(await (await app.post(body)).text(), name);
  for (const body of ["", "{", "[]", "null", "\u0000", '{"query":{}}', '{"query":"{"}'])
    expectNoInsides(await (await app.post(body)).text(), body);
  for (const path of [
    "/nope",
    "/graphql?query={",
    "/login?token=%ZZ",
    "/in/%",
    "/..%2f..%2fetc/passwd",
  ])
    expectNoInsides(await (await fetch(`${app.url}${path}`)).text(), path);
});

test("nor does a service whose database has lost its tables", async () => {
  await using app = await startApp();
  const database = openDatabase(app);
  const tables = database
    .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite%'")
    .all() as { name: string }[];
  database.pragma("foreign_keys = off");
  for (const { name } of tables) database.exec(`alter table "${name}" rename to "gone_${name}"`);
  try {
    expect(await provoke(app)).toBeGreaterThan(100);
    expect(app.log.some(({ level }) => level === "error")).toBe(true);
  } finally {
    for (const { name } of tables) database.exec(`alter table "gone_${name}" rename to "${name}"`);
    database.close();
  }
});
