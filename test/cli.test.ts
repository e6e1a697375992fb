import { execFileSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { hookwire, ROOT, start } from "./cli.ts";
import { makeFolder } from "./process.ts";

const USAGE =
  /^Usage: hookwire <command>\n\n(?: {2}\w+ {2,}\S.*\n)*? {2}rekey {2,}\S.*\n(?:.+\n)*\n.*--help/;

test.each([
  ["--help", 0, USAGE, /^$/],
  ["-h", 0, USAGE, /^$/],
  ["", 2, /^$/, USAGE],
  ["nonsense", 2, /^$/, /^There is no command nonsense\.\n\nUsage: hookwire <command>\n/],
  ["constructor", 2, /^$/, /^There is no command constructor\./],
  ["--version", 2, /^$/, /^There is no command --version\./],
  ["rekey --help", 0, /^Usage: hookwire rekey\n/, /^$/],
  ["rekey --new-key", 2, /^$/, /^Unknown option '--new-key'.*\n\nUsage: hookwire rekey\n/s],
  ["rekey twice", 2, /^$/, /^Unexpected argument 'twice'.*\n\nUsage: hookwire rekey\n/s],
])("hookwire %s exits with %i and says what there is", async (args, code, stdout, stderr) => {
  using folder = makeFolder();
  const ended = await hookwire(folder.path, args).ended;
  expect(ended).toMatchObject({ code, stdout: expect.stringMatching(stdout) });
  expect(ended.stderr).toMatch(stderr);
});

/** Any but the one that the project brings. */
function nodesOfTheMachine(): string[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders
    .filter((folder) => !folder.includes("node_modules"))
    .map((folder) => join(folder, "node"))
    .filter((node) => /^v(2\d|\d{3,})\./.test(versionOf(node)));
}

function versionOf(node: string): string {
  try {
    return execFileSync(node, ["--version"], { encoding: "utf8" });
  } catch {
    return ""; // Not there, or not one that runs.
  }
}

test("hookwire.mjs runs in any folder, begun by whatever Node.js the machine has", async () => {
  using folder = makeFolder();
  for (const node of [process.execPath, ...nodesOfTheMachine()]) {
    const launch = (...args: string[]) =>
      start(folder.path, [node, `${ROOT}hookwire.mjs`, ...args], {}).ended;
    expect(await launch("--help")).toMatchObject({ code: 0, stdout: expect.stringMatching(USAGE) });
    expect(await launch("nonsense")).toMatchObject({ code: 2, stdout: "" });
    const { code, stderr } = await launch("rekey");
    expect(stderr).toMatch(
      /^hookwire rekey: There is no database .*hookwire\.db; set DATABASE_URL/,
    );
    expect(code).toBe(1);
  }
});
