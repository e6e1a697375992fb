import { randomBytes } from "node:crypto";
import { expect, inject, onTestFinished, test } from "vitest";
import { eventually, startApp } from "./app.ts";
import { onlyDelivery, settled } from "./deliver-receiver.ts";
import { PublishEvent } from "./documents.ts";
import { freshDatabase } from "./fresh-database.ts";
import { PostgresServer } from "./postgres-server.ts";
import { failedStart, makeFolder, startProcess, startReceiver, type Process } from "./process.ts";
import { makeWebhook, sample } from "./steps.ts";

const onPostgres = test.skipIf(!inject("postgres"));

onPostgres(
  "a server that goes away loses nothing that was accepted, and all goes on when it is back",
  async () => {
    await using server = await new PostgresServer().create();
    await using receiver = await startReceiver();
    await using app = await startApp({ database: server });
    await makeWebhook(app, { url: `${receiver.url}/a` });
    const input = { type: "payment_received", payload: await sample(app, "payment_received") };
    const accepted: string[] = [];
    const refused: unknown[] = [];
    const publishing = new AbortController();
    const loop = async () => {
      while (!publishing.signal.aborted) {
        const { data, errors } = await app.ask(PublishEvent, { input });
        if (data?.publishEvent?.__typename === "PublishEventPayload")
          accepted.push(data.publishEvent.eventId);
        else refused.push(errors?.[0]?.extensions?.["code"] ?? data);
      }
    };
    const loops = Array.from({ length: 4 }, loop);
    for (let round = 1; round <= 2; round++) {
      const before = accepted.length;
      await eventually(async () => accepted.length >= before + 50);
      const refusedBefore = refused.length;
      await server.stop();
      await eventually(async () => refused.length > refusedBefore);
      await server.start();
    }
    const before = accepted.length;
    await eventually(async () => accepted.length >= before + 50);
    publishing.abort();
    await Promise.all(loops);
    expect(new Set(refused)).toEqual(new Set(["UNAVAILABLE"]));
    for (const eventId of accepted)
      await settled(app, await onlyDelivery(app, eventId), "SUCCEEDED");
    for (const eventId of accepted) expect(receiver.count("/a", eventId)).toBeGreaterThan(0);
  },
);

/** Processes on one database, with a receiver. */
async function startProcesses(count: number) {
  const database = await freshDatabase(inject("postgres")!);
  const folder = makeFolder();
  const receiver = await startReceiver();
  const env = {
    DATABASE_URL: database.url,
    HOOKWIRE_SECRET_KEY: randomBytes(32).toString("base64"),
    HOOKWIRE_TIMEOUT: "PT1S",
  };
  const processes = await Promise.all(
    Array.from({ length: count }, () => startProcess(folder.path, env)),
  );
  onTestFinished(async () => {
    await Promise.all(processes.map((process) => process[Symbol.asyncDispose]()));
    await receiver[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });
  return { processes, receiver };
}

onPostgres(
  "what a killed process was sending is sent by another one when its lease has ended",
  async () => {
    const { processes, receiver } = await startProcesses(2);
    const [killed, other] = processes as [Process, Process];
    await other.makeWebhook({ url: `${receiver.url}/a` });
    receiver.isHolding = true;
    const { eventId } = await killed.publish(await killed.event());
    await eventually(async () => receiver.held === 1);
    await killed.kill("SIGKILL");
    receiver.letGo();
    // A second of the timeout and thirty of the margin.
    await eventually(async () => receiver.count("/a", eventId) === 2);
  },
  90_000,
);

onPostgres("a start says in one line what the server has against it", async () => {
  const url = new URL(inject("postgres")!);
  const HOOKWIRE_SECRET_KEY = randomBytes(32).toString("base64");
  using folder = makeFolder();
  const start = async (DATABASE_URL: string, key = HOOKWIRE_SECRET_KEY) => {
    const ended = await failedStart(folder.path, {
      env: { DATABASE_URL, HOOKWIRE_SECRET_KEY: key },
    });
    expect(ended.code).toBe(1);
    return ended.stderr.trim();
  };
  url.pathname = "/nothing";
  expect(await start(url.href)).toMatch(
    /^Hookwire can't start\. The database .* there is no such database$/,
  );
  url.port = "1";
  url.password = "open-sesame";
  const refused = await start(url.href);
  expect(refused).toMatch(/nothing answers at this address$/);
  expect(refused).not.toContain("open-sesame");
  await using database = await freshDatabase(inject("postgres")!);
  expect(await start(database.url, "")).toMatch(/HOOKWIRE_SECRET_KEY must be set with PostgreSQL/);
});
