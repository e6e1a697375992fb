import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as holdFor } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "./app.ts";
import { CreateWebhook, PublishEvent } from "./documents.ts";
import {
  failedStart,
  makeFolder,
  OPEN,
  startProcess,
  startReceiver,
  type Process,
} from "./process.ts";
import { allSucceeded, isUnavailable, StorageFaultsState } from "./storage.ts";

describe.concurrent("while another process holds the database", () => {
  test("for a second, publishes wait and succeed", async () => {
    using folder = makeFolder();
    await using service = await startProcess(folder.path);
    const input = await service.event();
    const free = lock(folder.database);
    const startMs = performance.now();
    const publishing = Promise.all([1, 2, 3].map(() => service.publish(input)));
    await holdFor(1000);
    free();
    const published = await publishing;
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(1000);
    expect(published.map(({ isNew }) => isNew)).toEqual([true, true, true]);
  });

  test("for long, a publish is refused as UNAVAILABLE with nothing written, the service answers all the time, and the rest goes on afterwards", async () => {
    using folder = makeFolder();
    await using receiver = await startReceiver();
    receiver.isHolding = true;
    await using service = await startProcess(folder.path);
    await service.makeWebhook({ url: `${receiver.url}/a` });
    const input = await service.event();
    const { eventId } = await service.publish(input);
    await eventually(async () => receiver.held === 1);

    const health = watchHealth(service);
    const free = lock(folder.database);
    const repeatable = { ...input, idempotencyKey: "held" };
    isUnavailable(await service.ask(PublishEvent, { input: repeatable }), /another process holds/);
    // It was received while nothing could be recorded.
    receiver.letGo();
    await holdFor(1000);
    // A lock that is waited for inside SQLite stops everything for the 5 seconds that a publish waits.
    expect(await health.slowestMs()).toBeLessThan(2500);
    free();

    const repeated = await service.publish(repeatable);
    expect(repeated.isNew).toBe(true);
    await eventually(() => allSucceeded(service));
    const { publishedEvents, deliveries } = await service.run(StorageFaultsState);
    expect(publishedEvents?.nodes.map(({ id }) => id)).toEqual([repeated.eventId, eventId]);
    for (const { attempts } of deliveries?.nodes ?? [])
      expect(attempts?.nodes).toEqual([{ number: 1, outcome: "SUCCEEDED" }]);
    expect(receiver.received).toBe(2);
  });

  test("publishes that came together are refused together, not one after the other", async () => {
    using folder = makeFolder();
    await using service = await startProcess(folder.path);
    const input = await service.event();
    const free = lock(folder.database);
    const startMs = performance.now();
    const together = Array.from({ length: 8 }, () => service.ask(PublishEvent, { input }));
    const answers = await Promise.all(together);
    free();
    for (const answer of answers) isUnavailable(answer, /another process holds/);
    // Each waits for 5 seconds: one after the other would be 40.
    expect(performance.now() - startMs).toBeLessThan(20_000);
  }, 60_000);

  test("a change of a webhook waits or is refused like a publish", async () => {
    using folder = makeFolder();
    await using service = await startProcess(folder.path);
    const input = { name: "Held", url: "https://example.com/", eventTypes: ["*"] };
    const free = lock(folder.database);
    isUnavailable(await service.ask(CreateWebhook, { input }), /another process holds/);
    const created = service.makeWebhook(input);
    await holdFor(500);
    free();
    expect(await created).toMatchObject({ version: 1 });
  });

  test("a start waits for it", async () => {
    using folder = makeFolder();
    await (await startProcess(folder.path)).kill("SIGTERM");
    const free = lock(folder.database);
    const starting = startProcess(folder.path);
    const isReady = starting.then(() => "ready");
    expect(await Promise.race([isReady, holdFor(3000, "waits")])).toBe("waits");
    free();
    await using service = await starting;
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  });

  test.each(["a first start", "a later start"])(
    "%s that waits in vain says so in one line",
    async (which) => {
      using folder = makeFolder();
      if (which === "a later start") await (await startProcess(folder.path)).kill("SIGTERM");
      else mkdirSync(join(folder.path, "data"));
      const free = lock(folder.database);
      const { code, stderr } = await failedStart(folder.path, { env: OPEN });
      free();
      expect(stderr).toMatch(/^Hookwire can't start\. [^\n]*another process[^\n]*\n$/i);
      expect(code).toBe(1);
    },
  );

  test("a stop does not wait for it", async () => {
    using folder = makeFolder();
    await using receiver = await startReceiver();
    receiver.isHolding = true;
    await using service = await startProcess(folder.path, { HOOKWIRE_DRAIN: "PT0.5S" });
    await service.makeWebhook({ url: `${receiver.url}/a` });
    await service.publish();
    await eventually(async () => receiver.held === 1);
    const free = lock(folder.database);
    // The lock is held until the service has stopped: if that waited for it, it would never end.
    expect((await service.kill("SIGTERM")).code).toBe(0);
    free();
    receiver.letGo();
    await using again = await startProcess(folder.path);
    await eventually(() => allSucceeded(again));
  });
});

/** Another process's write lock on the database; call to free it. */
function lock(file: string): () => void {
  // The service may be writing just now: then its turn ends first.
  const db = new DatabaseSync(file, { timeout: 10_000 });
  db.exec("begin immediate");
  return () => {
    db.exec("rollback");
    db.close();
  };
}

/** Asks for /healthz again and again, until the slowest answer is asked for. */
function watchHealth({ url }: Process): { slowestMs(): Promise<number> } {
  let isOver = false;
  const watching = (async () => {
    let slowestMs = 0;
    while (!isOver) {
      const startMs = performance.now();
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      await holdFor(10);
    }
    return slowestMs;
  })();
  return {
    slowestMs() {
      isOver = true;
      return watching;
    },
  };
}
