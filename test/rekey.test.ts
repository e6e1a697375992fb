import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { eventually } from "./app.ts";
import { HOOKWIRE, start } from "./cli.ts";
import { DeliverDelete } from "./deliver-documents.ts";
import {
  failedStart,
  HELD,
  makeFolder,
  OPEN,
  startProcess,
  type Folder,
  type Process,
} from "./process.ts";
import {
  addSecrets,
  isRefused,
  keyOf,
  keyPath,
  newPath,
  openedIn,
  rekey,
  rekeyed,
  sealedIn,
  vaultOf,
} from "./rekey-steps.ts";
import { accepts, keyPair } from "./signing-steps.ts";
import { CreateToken } from "./tokens-documents.ts";
import { collector, type Received } from "./webhooks-steps.ts";

const newKey = (): string => randomBytes(32).toString("base64");

/** A service that was started once and has stopped, with one webhook. */
async function stopped(folder: Folder, env: Record<string, string> = {}): Promise<void> {
  const service = await startProcess(folder.path, env);
  const headers = [{ name: "x-token", value: "sesame", isSecret: true }];
  await service.makeWebhook({ url: "https://example.com/", headers });
  await service.kill("SIGTERM");
}

/** What one publish brings to the three webhooks, by the header that names them. */
async function delivered(
  service: Process,
  { got }: { readonly got: readonly Received[] },
): Promise<ReadonlyMap<string, Received>> {
  const { eventId } = await service.publish();
  return eventually(async () => {
    const mine = got.filter(({ headers }) => headers["webhook-id"] === eventId);
    return mine.length === 3 && new Map(mine.map((one) => [one.headers["x-name"] ?? "", one]));
  });
}

const named = (name: string) => [{ name: "x-name", value: name, isSecret: false }];

test("after a rekey all is signed and sent as before, and the files hold nothing that the old key opens", async () => {
  using folder = makeFolder();
  await using receiver = await collector();
  const { secret: privateKey, publicKey } = keyPair();
  await using before = await startProcess(folder.path);
  const headers = [{ name: "x-token", value: "open sesame", isSecret: true }, ...named("shared")];
  const url = receiver.url;
  const shared = await before.makeWebhook({ url, headers });
  await before.makeWebhook({
    url,
    signature: "ED25519",
    secret: privateKey,
    headers: named("key"),
  });
  await before.makeWebhook({ url: url.replace("://", "://me:word@"), headers: named("user") });
  const gone = await before.makeWebhook({ url, headers });
  const all = sealedIn(folder.database);
  await before.run(DeliverDelete, { id: gone.id });
  const { createAccessToken } = await before.run(CreateToken, {
    input: { scopes: ["WEBHOOKS_READ"] },
  });
  const token =
    createAccessToken?.__typename === "CreateAccessTokenPayload" && createAccessToken.token;
  await before.kill("SIGTERM");
  const oldKey = keyOf(folder);
  const opened = openedIn(folder.database, oldKey);
  const oldId = vaultOf(oldKey).keyId;
  expect(textsIn(folder, all, oldId)).not.toEqual([]);

  const said = await rekeyed(folder);
  const key = keyOf(folder);
  expect(said).toMatch(
    new RegExp(
      `^Resealed 3 signing secrets and 2 secret headers; the key is now ${vaultOf(key).keyId} \\(was ${oldId}\\)\\.$`,
      "m",
    ),
  );
  expect(said).not.toContain(key);
  expect(statSync(keyPath(folder)).mode & 0o777).toBe(0o600);
  expect(textsIn(folder, all, oldId)).toEqual([]);
  expect(openedIn(folder.database, key)).toEqual(opened);

  const old = await failedStart(folder.path, { env: { ...OPEN, HOOKWIRE_SECRET_KEY: oldKey } });
  expect(old.stderr).toMatch(
    new RegExp(
      `^Hookwire can't start\\. HOOKWIRE_SECRET_KEY is ${oldId}, but .* ${vaultOf(key).keyId} .*\n$`,
    ),
  );
  await using after = await startProcess(folder.path);
  const got = await delivered(after, receiver);
  expect(accepts(shared.secret, got.get("shared")!)).toBe(true);
  expect(got.get("shared")!.headers).toMatchObject({ "x-token": "open sesame" });
  expect(accepts(publicKey, got.get("key")!)).toBe(true);
  const basic = `Basic ${Buffer.from("me:word").toString("base64")}`;
  expect(got.get("user")!.headers).toMatchObject({ authorization: basic });
  const refused = await after.ask(CreateToken, { input: { scopes: [] } }, String(token));
  expect(refused.errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
});

/** Where the files beside the key still hold one of these texts, or any other that the key has sealed. */
function textsIn(folder: Folder, all: readonly { sealed: string }[], keyId: string): string[] {
  const data = join(folder.path, "data");
  const names = readdirSync(data).filter((name) => !name.endsWith(".key"));
  expect(names).toContain("hookwire.db");
  return names.flatMap((name) => {
    const text = readFileSync(join(data, name)).toString("latin1");
    const parts = [`${keyId}.`, ...all.map(({ sealed }) => sealed.slice(-20))];
    return parts.filter((part) => text.includes(part)).map((part) => `${part} in ${name}`);
  });
}

test("what another program reads meanwhile: its connection is in nobody's way, its transaction is said to be", async () => {
  using folder = makeFolder();
  await stopped(folder);
  const all = sealedIn(folder.database);
  const oldId = vaultOf(keyOf(folder)).keyId;
  using reader = new DatabaseSync(folder.database, { readOnly: true });
  const read = () => reader.prepare("select count(*) from meta").get();
  reader.exec("begin");
  read();
  const half = await rekey(folder);
  expect(half.stderr).toMatch(
    /^hookwire rekey: The key is changed, but .* \(another process reads the database\); run this again/,
  );
  expect(half.code).toBe(1);
  expect(textsIn(folder, all, oldId)).not.toEqual([]);
  reader.exec("commit");
  read();
  await rekeyed(folder);
  expect(textsIn(folder, all, oldId)).toEqual([]);
});

test("a key in the environment: one that is made is printed once, one that is brought is not printed", async () => {
  using folder = makeFolder();
  const [first, third] = [newKey(), newKey()];
  await stopped(folder, { HOOKWIRE_SECRET_KEY: first });
  const opened = openedIn(folder.database, first);
  const said = await rekeyed(folder, { HOOKWIRE_SECRET_KEY: first });
  const [, second = ""] = /^New secret key \(shown only now\): (\S+)$/m.exec(said) ?? [];
  expect(said.split(second)).toHaveLength(2);
  expect(said).toMatch(/^Start the service with HOOKWIRE_SECRET_KEY set to the new key\.$/m);
  expect(openedIn(folder.database, second)).toEqual(opened);

  const env = { HOOKWIRE_SECRET_KEY: second, HOOKWIRE_NEW_SECRET_KEY: third };
  const saidOfThird = await rekeyed(folder, env);
  expect(saidOfThird).not.toContain(third);
  expect(saidOfThird).toMatch(/and without HOOKWIRE_NEW_SECRET_KEY\.$/m);
  expect(openedIn(folder.database, third)).toEqual(opened);
  expect(existsSync(keyPath(folder))).toBe(false);
  await (await startProcess(folder.path, { HOOKWIRE_SECRET_KEY: third })).kill("SIGTERM");
});

test("a key that is brought goes into the key file, which stays the link and its owner's", async () => {
  using folder = makeFolder();
  await stopped(folder);
  const kept = join(folder.path, "kept.key");
  renameSync(keyPath(folder), kept);
  symlinkSync(kept, keyPath(folder));
  const owner = process.getuid?.() === 0 ? 1234 : statSync(kept).uid;
  chownSync(kept, owner, statSync(kept).gid);
  const brought = newKey();
  await rekeyed(folder, { HOOKWIRE_NEW_SECRET_KEY: brought });
  expect(keyOf(folder)).toBe(brought);
  expect(lstatSync(keyPath(folder)).isSymbolicLink()).toBe(true);
  expect(statSync(kept)).toMatchObject({ uid: owner, mode: 0o100600 });
  await (await startProcess(folder.path)).kill("SIGTERM");
});

test("more secrets than are read at one time are all resealed", async () => {
  using folder = makeFolder();
  await stopped(folder);
  addSecrets(folder, keyOf(folder), 1500);
  const opened = openedIn(folder.database, keyOf(folder));
  expect(await rekeyed(folder)).toContain("Resealed 1501 signing secrets and 1 secret header;");
  expect(openedIn(folder.database, keyOf(folder))).toEqual(opened);
});

describe("a rekey is refused, and changes nothing,", () => {
  test("while the service runs", async () => {
    using folder = makeFolder();
    await using service = await startProcess(folder.path);
    await isRefused(folder, /Another Hookwire is running on .*hookwire\.db; stop it first/);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  });

  test("with a key that is wrong, malformed, empty, or the one in use", async () => {
    using folder = makeFolder();
    await stopped(folder);
    const [key, brought] = [keyOf(folder), newKey()];
    await isRefused(folder, /HOOKWIRE_SECRET_KEY is \w{8}, but .* sealed with \w{8}/, {
      HOOKWIRE_SECRET_KEY: brought,
    });
    await isRefused(folder, /HOOKWIRE_SECRET_KEY can't be read/, {
      HOOKWIRE_SECRET_KEY: "c2hvcnQ=",
    });
    for (const malformed of ["c2hvcnQgYnkgZmFy", ""])
      await isRefused(folder, /HOOKWIRE_NEW_SECRET_KEY can't be read.*32 bytes in base64/, {
        HOOKWIRE_NEW_SECRET_KEY: malformed,
      });
    await isRefused(folder, /HOOKWIRE_NEW_SECRETKEY: there is no such setting/, {
      HOOKWIRE_NEW_SECRETKEY: brought,
    });
    await isRefused(folder, /The new key is the one in use/, { HOOKWIRE_NEW_SECRET_KEY: key });
    writeFileSync(keyPath(folder), `${brought}\n`);
    await isRefused(folder, /The key in .*hookwire\.db\.key is \w{8}, but/);
    rmSync(keyPath(folder));
    await isRefused(folder, /hookwire\.db\.key is gone; put it back, or set HOOKWIRE_SECRET_KEY/);
  });

  test("without a database that holds something", async () => {
    using folder = makeFolder();
    await isRefused(folder, /There is no database .*hookwire\.db; set DATABASE_URL/);
    expect(readdirSync(folder.path)).toEqual([]);
    await isRefused(folder, /in memory/, { DATABASE_URL: "sqlite::memory:" });
    writeFileSync(join(folder.path, "empty.db"), "");
    await isRefused(folder, /has no key yet/, { DATABASE_URL: "sqlite:empty.db" });
    writeFileSync(join(folder.path, "notes.txt"), "Not a database, but a text. ".repeat(100));
    await isRefused(folder, /no database/, { DATABASE_URL: "sqlite:notes.txt" });
  });

  test.each([
    ["signing_secret", "sealed", /The signing secret sec_\w+ of webhook wh_\w+ can't be opened/],
    ["webhook", "headers", /A secret header of webhook wh_\w+ can't be opened/],
  ])("when a row of %s can't be opened", async (table, column, why) => {
    using folder = makeFolder();
    await stopped(folder);
    addSecrets(folder, keyOf(folder), 20);
    {
      using db = new DatabaseSync(folder.database);
      // The last one, when all others have been sealed anew.
      db.exec(
        `update ${table} set ${column} = replace(${column}, substr(${column}, instr(${column}, '.') + 30, 4), 'AAAA')
         where id = (select max(id) from ${table})`,
      );
    }
    await isRefused(folder, why);
    await isRefused(
      folder,
      /restore it from a backup, or delete the webhook\. Nothing was changed$/m,
    );
  });

  test("when the new key can be kept nowhere", async () => {
    using folder = makeFolder();
    await stopped(folder);
    const [key, before] = [keyOf(folder), sealedIn(folder.database)];
    chmodSync(keyPath(folder), 0o400);
    const held = await start(folder.path, [...HELD, ...HOOKWIRE, "rekey"], {}).ended;
    expect(held.stderr).toMatch(
      /^hookwire rekey: The new key can't be kept: .*\. Nothing was changed\n$/,
    );
    const unheard = ["sh", "-c", '"$@" > /dev/full', "sh", ...HOOKWIRE, "rekey"];
    const shown = await start(folder.path, unheard, { HOOKWIRE_SECRET_KEY: key }).ended;
    expect(shown.stderr).toMatch(
      /^hookwire rekey: The new key can't be kept: .*\. Nothing was changed\n$/,
    );
    expect([held.code, shown.code]).toEqual([1, 1]);
    expect([keyOf(folder), sealedIn(folder.database)]).toEqual([key, before]);
    expect(existsSync(newPath(folder))).toBe(false);
  });
});
