import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { MIGRATIONS } from "../src/persistence/migrations/list.ts";
import { eventually } from "./app.ts";
import { CreateInbox } from "./documents.ts";
import { graphql } from "./generated/gql.ts";
import { makeFolder, OPEN, Process, startProcess, startReceiver } from "./process.ts";

const LogOutputStatuses = graphql(`
  query LogOutputStatuses {
    deliveries(first: 100) {
      nodes {
        status
      }
    }
  }
`);

const LogOutputTest = graphql(`
  mutation LogOutputTest($id: ID!) {
    testWebhook(input: { webhook: { id: $id } }) {
      __typename
    }
  }
`);

/** What a stop tells people, whatever is logged. */
const STOP_LINES = [
  "Hookwire is stopping; attempts in flight may end (HOOKWIRE_DRAIN)",
  "Hookwire has stopped",
];

const SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

test("the log is one JSON object a line, and no line holds a key, a secret or a body", async () => {
  using folder = makeFolder();
  await using receiver = await startReceiver();
  const env = { HOOKWIRE_LOG: "trace", HOOKWIRE_ALLOW_TARGETS: "127.0.0.0/8" };
  await using first = await new Process(folder.path, { env }).ready();
  const [, key = ""] = await first.printed(/^API key \(shown only now\): (\S+)$/m);
  await first.kill("SIGTERM");

  await using service = await startProcess(folder.path, env);
  const webhook = await service.makeWebhook({
    url: `${receiver.url}/a`,
    secret: SIGNING_SECRET,
    headers: [{ name: "x-token", value: "value-of-the-header", isSecret: true }],
  });
  const { createInbox } = await service.run(CreateInbox, { input: {} });
  if (createInbox?.__typename !== "CreateInboxPayload" || !createInbox.inbox)
    throw new Error(JSON.stringify(createInbox));
  await fetch(createInbox.inbox.url, { method: "POST", body: "body-of-the-visit" });
  const { payload } = await service.event();
  await service.publish({ payload: { ...(payload as object), note: "note-in-the-payload" } });
  await service.run(LogOutputTest, { id: webhook.id });
  await service.ask(LogOutputTest, undefined, "key-of-a-stranger");
  await eventually(async () => receiver.received === 2);
  await service.kill("SIGTERM");

  const lines = service.stdout.split("\n").filter(Boolean);
  expect(lines.filter((line) => !line.startsWith("{"))).toEqual([
    `Hookwire is ready on ${service.url}/graphql`,
    ...STOP_LINES,
  ]);
  expect(service.log.map(({ message }) => message)).toEqual(
    expect.arrayContaining([
      "webhook.created",
      "event.published",
      "attempt.recorded",
      "inbox.received",
    ]),
  );
  for (const line of service.log)
    expect(line).toMatchObject({ level: expect.any(String), time: expect.stringMatching(/Z$/) });
  const printed =
    first.stdout.replace(/^(API key|Sign your).*$/gm, "") +
    first.stderr +
    service.stdout +
    service.stderr;
  const secretKey = readFileSync(`${folder.database}.key`, "utf8").trim();
  const never = [
    key,
    OPEN.HOOKWIRE_ADMIN_KEY,
    SIGNING_SECRET,
    SIGNING_SECRET.slice(6),
    secretKey,
    "value-of-the-header",
    "body-of-the-visit",
    "note-in-the-payload",
    "key-of-a-stranger",
  ];
  expect(never.filter((text) => printed.includes(text))).toEqual([]);
});

test.each([
  ["info", true],
  ["warn", false],
  ["silent", false],
] as const)("HOOKWIRE_LOG=%s: facts are logged: %s", async (level, isLogged) => {
  using folder = makeFolder();
  await using service = await startProcess(folder.path, { HOOKWIRE_LOG: level });
  await service.publish();
  await service.kill("SIGTERM");
  expect(service.log.some(({ message }) => message === "event.published")).toBe(isLogged);
  if (!isLogged)
    expect(service.stdout).toBe(
      [`Hookwire is ready on ${service.url}/graphql`, ...STOP_LINES, ""].join("\n"),
    );
});

test("with a database in memory all works, and no file is made", async () => {
  using folder = makeFolder();
  await using receiver = await startReceiver();
  await using service = await startProcess(folder.path, { DATABASE_URL: "sqlite::memory:" });
  await service.makeWebhook({ url: `${receiver.url}/a` });
  const input = await service.event();
  await Promise.all(Array.from({ length: 50 }, () => service.publish(input)));
  await eventually(async () => {
    const { deliveries } = await service.run(LogOutputStatuses);
    return deliveries?.nodes.every(({ status }) => status === "SUCCEEDED");
  });
  expect(receiver.received).toBe(50);
  expect(await service.kill("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a start runs each migration once, and a later start changes nothing of the tables", async () => {
  using folder = makeFolder();
  const schema = async () => {
    await (await startProcess(folder.path)).kill("SIGTERM");
    using db = new DatabaseSync(folder.database, { readOnly: true });
    return {
      version: db.prepare("pragma schema_version").get(),
      objects: db.prepare("select type, name, rootpage, sql from sqlite_master").all(),
      migrations: db.prepare("select * from mikro_orm_migrations order by id").all(),
    };
  };
  const made = await schema();
  expect(made.migrations.map(({ name }) => name)).toEqual(MIGRATIONS.map(({ name }) => name));
  expect(await schema()).toEqual(made);
});
