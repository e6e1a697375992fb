import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigProblem, readConfig } from "../src/config.ts";
import {
  failedStart,
  makeFolder,
  OPEN,
  Process,
  startProcess,
  type Ended,
  type ProcessOptions,
} from "./process.ts";

/** One line on standard error that says what is wrong, nothing else anywhere, and a code that scripts see. */
function isRefusal({ code, stdout, stderr }: Ended, ...said: RegExp[]): void {
  expect(stderr).toMatch(/^Hookwire can't start\. [^\n]+\n$/);
  for (const pattern of said) expect(stderr).toMatch(pattern);
  expect(stderr).not.toMatch(/\n\s+at |node_modules|\.ts:\d/);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
}

async function refusedStart(options: ProcessOptions): Promise<Ended> {
  using folder = makeFolder();
  const ended = await failedStart(folder.path, options);
  expect(existsSync(folder.database)).toBe(false);
  return ended;
}

const UNREADABLE = [
  ["PORT", "80x", /whole number from 0 to 65535/],
  ["PORT", "65536", /whole number from 0 to 65535/],
  ["PORT", "", /whole number from 0 to 65535/],
  ["HOST", "", /address/],
  ["PUBLIC_URL", "ftp://hooks.example.com", /http or https address/],
  ["PUBLIC_URL", "https://example.com/hooks", /without a path/],
  ["DATABASE_URL", "mysql://localhost/hooks", /sqlite:<file>, sqlite::memory: or postgres:/],
  ["DATABASE_URL", "sqlite:", /sqlite:<file>, sqlite::memory: or postgres:/],
  ["HOOKWIRE_ADMIN_KEY", "too-short", /16 or more visible ASCII characters/],
  ["HOOKWIRE_SECRET_KEY", "bm90IDMyIGJ5dGVz", /32 bytes in base64/],
  ["HOOKWIRE_ALLOW_TARGETS", "127.0.0.0/33", /CIDRs such as 127\.0\.0\.0\/8/],
  ["HOOKWIRE_DENY_TARGETS", "10.0.0.0/8,example.com", /CIDRs such as .*"example\.com"/],
  ["HOOKWIRE_DNS_SERVERS", "10.0.0.2,dns.example.com", /addresses such as/],
  ["HOOKWIRE_PROXY", "10.0.0.4:3128", /http or https address without a path, such as http:/],
  ["HOOKWIRE_PROXY", "socks5://10.0.0.4:1080", /http or https address/],
  ["HOOKWIRE_PROXY", "http://10.0.0.4:3128/all", /without a path/],
  ["HOOKWIRE_PROXY", "http://me:100%@10.0.0.4", /% written as %25/],
  ["HOOKWIRE_RETENTION", "PT23H", /ISO 8601 duration such as P30D \(one day at least\)/],
  ["HOOKWIRE_AUDIT_RETENTION", "PT23H", /ISO 8601 duration such as P365D \(one day at least\)/],
  ["HOOKWIRE_RETRY_DELAYS", "PT5S,5m", /list of ISO 8601 durations such as PT5S,PT5M/],
  ["HOOKWIRE_RETRY_DELAYS", "P100000000D", /durations/],
  ["HOOKWIRE_TIMEOUT", "PT31S", /from 1 to 30 seconds/],
  ["HOOKWIRE_CONCURRENCY", "0", /whole number from 1 to 10000/],
  ["HOOKWIRE_SENDERS", "17", /whole number from 0 to 16/],
  ["HOOKWIRE_DRAIN", "20", /ISO 8601 duration such as PT20S/],
  ["HOOKWIRE_ALLOWED_ORIGINS", "*", /origins without a path, such as https:/],
  ["HOOKWIRE_ALLOWED_ORIGINS", "https://a.example,https://b.example/x", /without a path/],
  ["HOOKWIRE_DOCUMENTS", "no-such-file.json", /JSON file of GraphQL documents by their hash/],
  ["HOOKWIRE_DOCUMENTS", "README.md", /JSON file of GraphQL documents/],
  ["HOOKWIRE_DOCUMENTS", "package.json", /JSON file of GraphQL documents/],
  ["HOOKWIRE_LIMIT_CONNECTIONS", "0", /whole number from 1/],
  ["HOOKWIRE_LIMIT_REQUEST", "PT0.5S", /ISO 8601 duration such as PT1M, from PT1S to PT1H/],
  ["HOOKWIRE_LIMIT_DEPTH", "0", /whole number from 1 to 100/],
  ["HOOKWIRE_LIMIT_PAGE", "101", /whole number from 1 to 100/],
  ["HOOKWIRE_LIMIT_SOCKET_HELLO", "3", /ISO 8601 duration such as PT3S/],
  ["HOOKWIRE_LIMIT_RATE", "-1", /whole number from 0/],
  ["HOOKWIRE_LOG", "loud", /one of fatal, error, warn, info, debug, trace, silent/],
  ["HOOKWIRE_CONCURENCY", "9", /no such setting/],
] as const;

test.each(UNREADABLE)(
  "%s=%s is refused with its name and what it should look like",
  (name, value, shape) => {
    const read = () => readConfig({ [name]: value });
    expect(read).toThrow(ConfigProblem);
    expect(read).toThrow(shape);
    expect(read).toThrow(new RegExp(String.raw`\b${name}\b`));
    expect(read).toThrow(/^[^\n]+$/);
    if (name.endsWith("_KEY"))
      expect(read).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(value) }),
      );
  },
);

test("a setting that can't be read stops the start before anything is made", async () => {
  const plain = await refusedStart({ env: { PORT: "80x" } });
  isRefusal(plain, /PORT can't be read: "80x" should be a whole number from 0 to 65535$/m);
  const secret = await refusedStart({ env: { HOOKWIRE_SECRET_KEY: "bm90IDMyIGJ5dGVz" } });
  isRefusal(secret, /HOOKWIRE_SECRET_KEY can't be read/);
  expect(secret.stderr).not.toContain("bm90IDMyIGJ5dGVz");
  isRefusal(
    await refusedStart({ env: { HOOKWIRE_DRIAN: "PT1S" } }),
    /HOOKWIRE_DRIAN: there is no such/,
  );
});

test.each([
  ["DATABASE_URL", "mysql://me:open-sesame@db/hooks"],
  ["HOOKWIRE_PROXY", "socks5://me:open-sesame@10.0.0.4:1080"],
  ["HOOKWIRE_PROXY", "http://me:open-sesame%@10.0.0.4:3128"],
])("the password in a %s that can't be read is not shown", (name, value) => {
  const read = () => readConfig({ [name]: value });
  expect(read).toThrow(new RegExp(`^${name} can't be read(?!.*open-sesame)`));
});

describe("what stands in the way of a start is said in one line", () => {
  test("a port in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    const port = await new Promise<number>((resolve) =>
      server.once("listening", () => resolve((server.address() as { port: number }).port)),
    );
    const ended = await refusedStart({ env: { PORT: String(port) } });
    server.close();
    isRefusal(ended, new RegExp(`Port ${port} on 127.0.0.1 is in use`), /set PORT to another/);
  });

  test("a HOST that is not of this machine", async () => {
    isRefusal(await refusedStart({ env: { HOST: "192.0.2.1" } }), /192\.0\.2\.1/, /set HOST/);
  });

  test("a HOST that is no address at all", async () => {
    isRefusal(await refusedStart({ env: { HOST: "nowhere.invalid" } }), /nowhere/, /set HOST/);
  });

  test("a folder that may not be written", async () => {
    using folder = makeFolder();
    chmodSync(folder.path, 0o555);
    isRefusal(await failedStart(folder.path, { isHeld: true }), /data can't be made/);
    chmodSync(folder.path, 0o755);
    mkdirSync(join(folder.path, "data"), { mode: 0o555 });
    isRefusal(await failedStart(folder.path, { isHeld: true }), /hookwire\.db can't be opened/);
  });

  test("a database file that may not be written", async () => {
    using folder = makeFolder();
    await (await startProcess(folder.path)).kill("SIGTERM");
    chmodSync(folder.database, 0o444);
    isRefusal(await failedStart(folder.path, { isHeld: true, env: OPEN }), /hookwire\.db/);
  });

  test("a file that is no database", async () => {
    using folder = makeFolder();
    writeFileSync(join(folder.path, "notes.txt"), "Not a database, but a text. ".repeat(100));
    const ended = await failedStart(folder.path, { env: { DATABASE_URL: "sqlite:notes.txt" } });
    isRefusal(ended, /notes\.txt/);
  });

  test("a folder in the place of the database", async () => {
    using folder = makeFolder();
    mkdirSync(join(folder.path, "here"));
    const ended = await failedStart(folder.path, { env: { DATABASE_URL: "sqlite:here" } });
    isRefusal(ended, /\bhere\b/);
  });

  test("a file in the place of the database's folder", async () => {
    using folder = makeFolder();
    writeFileSync(join(folder.path, "data"), "");
    isRefusal(await failedStart(folder.path), /data can't be made/);
  });

  test("a HOOKWIRE_SECRET_KEY that does not open what is stored", async () => {
    using folder = makeFolder();
    await (await startProcess(folder.path)).kill("SIGTERM");
    const other = randomBytes(32).toString("base64");
    const ended = await failedStart(folder.path, { env: { HOOKWIRE_SECRET_KEY: other } });
    isRefusal(ended, /HOOKWIRE_SECRET_KEY/);
    expect(ended.stderr).not.toContain(other);
    // Nothing was harmed: with its own key it starts.
    await (await startProcess(folder.path)).kill("SIGTERM");
  });

  test("a key file that is gone is asked for, and no other is made in its place", async () => {
    using folder = makeFolder();
    await (await startProcess(folder.path)).kill("SIGTERM");
    rmSync(`${folder.database}.key`);
    isRefusal(await failedStart(folder.path), /hookwire\.db\.key/);
    expect(existsSync(`${folder.database}.key`)).toBe(false);
  });

  test("a key file that holds something else", async () => {
    using folder = makeFolder();
    await (await startProcess(folder.path)).kill("SIGTERM");
    writeFileSync(`${folder.database}.key`, "not a key\n");
    isRefusal(await failedStart(folder.path), /hookwire\.db\.key/, /32 bytes in base64/);
  });
});

test("a second process is refused also when it knows the database by another name", async () => {
  using folder = makeFolder();
  const env = { ...OPEN, HOOKWIRE_SECRET_KEY: randomBytes(32).toString("base64") };
  await using _first = await startProcess(folder.path, env);
  symlinkSync(folder.database, join(folder.path, "link.db"));
  const second = new Process(folder.path, { env: { ...env, DATABASE_URL: "sqlite:link.db" } });
  await using _ = second;
  const ended = await Promise.race([second.ended, second.ready()]);
  if (ended instanceof Process) throw new Error("Two services run on one database");
  isRefusal(ended, /Another Hookwire is running/);
});

test("of two processes that start at once on a fresh folder one runs and one is refused", async () => {
  using folder = makeFolder();
  const both = [1, 2].map(() => new Process(folder.path, { env: OPEN }));
  const refused = await Promise.race(both.map(({ ended }) => ended));
  isRefusal(refused, /Another Hookwire is running/);
  const started = await Promise.any(both.map((one) => one.ready()));
  expect((await fetch(`${started.url}/readyz`)).status).toBe(200);
  await Promise.all(both.map((one) => one.kill("SIGKILL")));
});
