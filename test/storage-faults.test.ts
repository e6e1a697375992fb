import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ExecutionResult } from "graphql";
import { afterAll, describe, expect, test } from "vitest";
import { eventually } from "./app.ts";
import { fill } from "./crash-disk.ts";
import { CreateWebhook, PublishEvent } from "./documents.ts";
import { makeFolder, startProcess, startReceiver } from "./process.ts";
import { allSucceeded, isUnavailable, StorageFaultsState } from "./storage.ts";

/** A small file system of its own, which only root can make. */
const DISK = makeFolder();
const hasDisk = (() => {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", DISK.path], {
      stdio: "ignore",
    });
    return true;
  } catch {
    process.stdout.write(
      "No file system can be mounted here: the tests with a full disk are skipped\n",
    );
    return false;
  }
})();
afterAll(() => {
  if (hasDisk) execFileSync("umount", ["-l", DISK.path]);
  DISK[Symbol.dispose]();
});

describe.skipIf(!hasDisk)("on a full disk", () => {
  test("a publish is refused as UNAVAILABLE, and all goes on when there is room again", async () => {
    await using receiver = await startReceiver();
    await using service = await startProcess(DISK.path);
    await service.makeWebhook({ url: `${receiver.url}/a` });
    const input = await service.event();
    receiver.isHolding = true;
    const { eventId } = await service.publish(input);
    await eventually(async () => receiver.held === 1);

    const empty = fill(join(DISK.path, "filler"));
    const accepted = [eventId];
    let refused: ExecutionResult | undefined;
    for (let count = 0; !refused && count < 200; count++) {
      const answer = await service.ask(PublishEvent, {
        input: { ...input, idempotencyKey: `full-${count}` },
      });
      if (answer.errors) refused = answer;
      else accepted.push(eventOf(answer.data));
    }
    if (!refused) throw new Error("The disk is not full");
    isUnavailable(refused, /the disk is full/);
    const webhook = { name: "Full", url: "https://example.com/", eventTypes: ["*"] };
    isUnavailable(await service.ask(CreateWebhook, { input: webhook }), /the disk is full/);
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    // Received while nothing could be recorded.
    const problems = () => service.log.filter(({ message }) => message === "failed").length;
    const before = problems();
    receiver.letGo();
    await eventually(async () => problems() > before);

    empty();
    const again = await service.publish({ ...input, idempotencyKey: "room-again" });
    accepted.push(again.eventId);
    await eventually(() => allSucceeded(service));
    const { publishedEvents, deliveries } = await service.run(StorageFaultsState);
    expect(publishedEvents?.nodes.map(({ id }) => id)).toEqual(accepted.toReversed());
    expect(deliveries?.nodes).toHaveLength(accepted.length);
    for (const { attempts } of deliveries?.nodes ?? [])
      expect(attempts?.nodes).toEqual([{ number: 1, outcome: "SUCCEEDED" }]);
    for (const id of accepted) expect(receiver.count("/a", id)).toBe(1);
    expect(await service.kill("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
    using db = new DatabaseSync(join(DISK.path, "data", "hookwire.db"));
    expect(db.prepare("pragma integrity_check").get()).toEqual({ integrity_check: "ok" });
  });

  test("kill -9 loses nothing that was accepted", async () => {
    await using receiver = await startReceiver();
    const env = { DATABASE_URL: "sqlite:killed/hookwire.db" };
    await using service = await startProcess(DISK.path, env);
    await service.makeWebhook({ url: `${receiver.url}/a` });
    const input = await service.event();
    receiver.isHolding = true;
    const { eventId } = await service.publish(input);
    await eventually(async () => receiver.held === 1);
    const empty = fill(join(DISK.path, "filler"));
    await service.kill("SIGKILL");
    receiver.letGo();
    empty();
    await using again = await startProcess(DISK.path, env);
    await eventually(() => allSucceeded(again));
    expect(receiver.count("/a", eventId)).toBe(2);
  });

  test("a start says so in one line", async () => {
    mkdirSync(join(DISK.path, "new"));
    const empty = fill(join(DISK.path, "filler"));
    const failed = await startProcess(DISK.path, { DATABASE_URL: "sqlite:new/hookwire.db" }).catch(
      String,
    );
    empty();
    expect(failed).toMatch(/Hookwire can't start\. [^\n]*\bfull\b[^\n]*\n$/);
  });
});

function eventOf(data: unknown): string {
  return (data as { publishEvent: { eventId: string } }).publishEvent.eventId;
}
