/**
 * What a rekey leaves when it is cut short: the states are put together by hand from the files of before and after one
 * that went well, and made by kills at random moments.
 */
import { copyFileSync, cpSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as turn, setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hookwire } from "./cli.ts";
import { mountDisk } from "./crash-disk.ts";
import { makeFolder, startProcess, failedStart, OPEN, type Folder } from "./process.ts";
import {
  addSecrets,
  keyOf,
  keyPath,
  newPath,
  openedIn,
  rekey,
  rekeyed,
  vaultOf,
} from "./rekey-steps.ts";

const SECRETS = 300;
const before = makeFolder();
const after = makeFolder();
const disk = mountDisk(24);
afterAll(() => {
  for (const each of [before, after, disk]) each?.[Symbol.dispose]();
});

beforeAll(async () => {
  await sealed(before);
  copy(before, after);
  await rekeyed(after);
});

async function sealed(folder: Folder, env: Record<string, string> = {}): Promise<void> {
  const service = await startProcess(folder.path, env);
  const headers = [{ name: "x-token", value: "sesame", isSecret: true }];
  await service.makeWebhook({ url: "https://example.com/", headers });
  await service.kill("SIGTERM");
  addSecrets(folder, keyOf(folder), SECRETS);
}

function copy(from: Folder, to: Folder): void {
  rmSync(join(to.path, "data"), { recursive: true, force: true });
  cpSync(join(from.path, "data"), join(to.path, "data"), { recursive: true });
}

/** It starts, all secrets open with the key of its key file, and nothing is left of the rekey. Returns that key. */
async function isWhole(folder: Folder): Promise<string> {
  await (await startProcess(folder.path)).kill("SIGTERM");
  expect(existsSync(newPath(folder))).toBe(false);
  expect(openedIn(folder.database, keyOf(folder))).toEqual(
    openedIn(before.database, keyOf(before)),
  );
  return keyOf(folder);
}

const HALF = "q83vEjRWeJCrze8SNFZ4kKvN7xI0";

describe("a rekey that was cut short", () => {
  test.each([
    ["before the commit", before, before, after, before],
    ["before the commit, while it wrote the new key", before, before, HALF, before],
    ["before the commit, when it had made the new key's file", before, before, "", before],
    ["after the commit", after, before, after, after],
    ["after the commit, while it wrote the key file", after, HALF, after, after],
    ["after the commit, when it had emptied the key file", after, "", after, after],
    ["after the commit, and the old key file is gone", after, null, after, after],
    ["when only the second file had to go", after, after, after, after],
  ] as const)("%s", async (_when, database, key, next, expected) => {
    using folder = makeFolder();
    copy(database, folder);
    for (const [path, content] of [
      [keyPath(folder), key],
      [newPath(folder), next],
    ] as const)
      if (content === null) rmSync(path);
      else if (typeof content === "string") writeFileSync(path, content, { mode: 0o600 });
      else copyFileSync(keyPath(content), path);
    expect(await isWhole(folder)).toBe(keyOf(expected));
    // And so does the next one.
    await rekeyed(folder);
    await isWhole(folder);
  });

  test("before the commit, and neither key opens the database", async () => {
    using folder = makeFolder();
    copy(after, folder);
    copyFileSync(keyPath(before), keyPath(folder));
    copyFileSync(keyPath(before), newPath(folder));
    const { stderr, code } = await failedStart(folder.path, { env: OPEN });
    expect(stderr).toMatch(
      /^Hookwire can't start\. The key in .*hookwire\.db\.key is \w{8}, but [^\n]+\n$/,
    );
    expect(code).toBe(1);
    expect(existsSync(newPath(folder))).toBe(true);
  });

  test("by kills at random moments", async () => {
    using folder = makeFolder();
    copy(before, folder);
    const keys = new Set([keyOf(folder)]);
    const cut = { before: 0, between: 0, after: 0 };
    for (let round = 0; round < 12; round++) {
      const { child, ended } = hookwire(folder.path, "rekey");
      // From here on it works; before, it only loads its own files.
      while (!existsSync(`${folder.database}-wal`) && child.exitCode === null) await setTimeout(1);
      // Every other time from where it has the new key on the disk, which is milliseconds before the commit.
      while (round % 2 && !existsSync(newPath(folder)) && child.exitCode === null) await turn();
      await setTimeout(round % 2 ? Math.random() * 8 : Math.random() * 400);
      child.kill("SIGKILL");
      await ended;
      const isBetween = existsSync(newPath(folder));
      const former = keys.size;
      keys.add(await isWhole(folder));
      cut[isBetween ? "between" : keys.size > former ? "after" : "before"]++;
    }
    process.stdout.write(
      `rekey: killed ${cut.before} times before its commit, ${cut.between} about it, ${cut.after} after it\n`,
    );
  }, 180_000);
});

test("the key in the environment, cut short after the commit: the start names the key that it needs", async () => {
  const env = (folder: Folder) => ({ ...OPEN, HOOKWIRE_SECRET_KEY: keyOf(folder) });
  using folder = makeFolder();
  copy(after, folder);
  const { stderr } = await failedStart(folder.path, { env: env(before) });
  const ids = [before, after].map((each) => vaultOf(keyOf(each)).keyId);
  expect(stderr).toContain(`HOOKWIRE_SECRET_KEY is ${ids[0]}, but`);
  expect(stderr).toContain(`sealed with ${ids[1]} `);
  await (await startProcess(folder.path, env(after))).kill("SIGTERM");
});

describe.skipIf(!disk)("on a full disk", () => {
  test("a rekey changes nothing, or says that the file has yet to be rewritten", async () => {
    const { path, fill } = disk!;
    const folder: Folder = { ...before, path, database: join(path, "data", "hookwire.db") };
    copy(before, folder);
    {
      using db = new DatabaseSync(folder.database);
      db.exec("create table filler as select randomblob(6000000) as bytes");
    }
    const old = keyOf(folder);
    // Room for the lock and the beginning of a transaction.
    const room = join(path, "room");
    writeFileSync(room, Buffer.alloc(80_000));
    const free = fill();
    rmSync(room);
    const none = await rekey(folder);
    expect(none).toMatchObject({ code: 1, stdout: "" });
    expect(none.stderr).toBe("hookwire rekey: the disk is full. Nothing was changed\n");
    expect(openedIn(folder.database, old)).toHaveLength(SECRETS + 3);
    free();

    writeFileSync(join(path, "other"), Buffer.alloc(13_000_000));
    const half = await rekey(folder);
    expect(half.stdout).toMatch(/^Resealed 301 signing secrets/);
    expect(half.stderr).toMatch(
      /^hookwire rekey: The key is changed, but \S+ may still hold texts .* \(the disk is full\); run this again/,
    );
    expect(half.code).toBe(1);
    rmSync(join(path, "other"));
    await isWhole(folder);
    await rekeyed(folder);
    expect(await isWhole(folder)).not.toBe(old);
  });
});
