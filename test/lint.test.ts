/**
 * The linter's guard: each rule we rely on is shown to fire on a planted violation, under the project's
 * own configuration. Linters pass in silence when a plugin, a path or the type information is missing.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempDisposableSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

const LONG = "export {};\n".repeat(301);

/** What is planted in which file, and the rules that must fire there: these, and no others. */
const PLANTED: Readonly<Record<string, { text: string; rules: readonly string[] }>> = {
  "src/domain/floating.ts": {
    text: `async function work(): Promise<void> {} export function start(): void { work(); }`,
    rules: ["typescript(no-floating-promises)"],
  },
  "src/domain/misused.ts": {
    text: `export function all(ids: string[], send: (id: string) => Promise<void>): void { ids.forEach(send); }`,
    rules: ["typescript(no-misused-promises)"],
  },
  "src/domain/missing-case.ts": {
    text: `export function f(k: "A" | "B"): number { switch (k) { case "A": return 1; } return 2; }`,
    rules: ["typescript(switch-exhaustiveness-check)"],
  },
  "src/domain/needless-default.ts": {
    text: `export function f(k: "A"): number { switch (k) { case "A": return 1; default: return 2; } }`,
    rules: ["typescript(switch-exhaustiveness-check)"],
  },
  "src/domain/any.ts": {
    text: `export function f(x: any): unknown { return x; }`,
    rules: ["typescript(no-explicit-any)"],
  },
  "src/domain/cycle-a.ts": {
    text: `import { type B, b } from "./cycle-b.ts"; export type A = B; export const a = b;`,
    rules: ["import(no-cycle)"],
  },
  "src/domain/cycle-b.ts": {
    text: `import type { A } from "./cycle-a.ts"; export type B = number; export const b: A = 1;`,
    rules: ["import(no-cycle)"],
  },
  "src/domain/console.ts": {
    text: `export function f(): void { console.log("published"); }`,
    rules: ["eslint(no-console)"],
  },
  "src/domain/long.ts": { text: LONG, rules: ["eslint(max-lines)"] },
  "src/domain/silent.ts": {
    text: `export function f(work: () => void): void { try { work(); } catch {} }`,
    rules: ["eslint(no-empty)"],
  },
  "src/domain/not-a-promise.ts": {
    text: `export async function f(n: number): Promise<void> { await n; }`,
    rules: ["typescript(await-thenable)"],
  },
  "src/domain/outlived.ts": {
    text: `// oxlint-disable-next-line no-console\nexport {};`,
    rules: ["unused directive"],
  },
  "test/planted.test.ts": {
    text: `async function work(): Promise<void> {} export function start(): void { work(); }`,
    rules: ["typescript(no-floating-promises)"],
  },
  // The exceptions, and a file with nothing wrong.
  "src/program.ts": { text: `console.log("listening");`, rules: [] },
  "src/cli/config.ts": { text: `console.log("PORT=4000");`, rules: [] },
  "bench/run.ts": { text: `console.log("{}");`, rules: [] },
  "src/persistence/migrations/sqlite/first.ts": { text: LONG, rules: [] },
  "test/generated/graphql.ts": { text: `export type Scalar = any;`, rules: [] },
  "src/domain/fine.ts": {
    text: `export async function f(work: () => Promise<void>): Promise<void> { await work(); void work(); }`,
    rules: [],
  },
};

test("the rules of the house fire, and only where they should", () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "hookwire-lint-"));
  // .gitignore too: without it the linter would walk through node_modules.
  for (const file of [".oxlintrc.json", ".gitignore", "tsconfig.json", "package.json"]) {
    copyFileSync(join(root, file), join(folder.path, file));
  }
  // A junction, because Windows lets only administrators make symbolic links.
  symlinkSync(join(root, "node_modules"), join(folder.path, "node_modules"), "junction");
  for (const [file, { text }] of Object.entries(PLANTED)) {
    mkdirSync(dirname(join(folder.path, file)), { recursive: true });
    writeFileSync(join(folder.path, file), text);
  }

  const expected = Object.entries(PLANTED).map(([file, { rules }]) => [file, [...rules]]);
  expect(lint(folder.path)).toEqual(
    Object.fromEntries(expected.filter(([, rules]) => rules?.length)),
  );
});

/** The rules that fired in each file, once each. */
function lint(folder: string): Record<string, string[]> {
  const oxlint = join(root, "node_modules", "oxlint", "bin", "oxlint");
  const run = spawnSync(process.execPath, [oxlint, "--format=json"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(run.stderr).toBe("");
  const report = JSON.parse(run.stdout) as { diagnostics: { filename: string; code?: string }[] };
  const fired: Record<string, string[]> = {};
  for (const { filename, code = "unused directive" } of report.diagnostics) {
    const rules = (fired[filename.replaceAll("\\", "/")] ??= []);
    if (!rules.includes(code)) rules.push(code);
  }
  return fired;
}
