/**
 * The import table: which folder may import which. The domain is plain TypeScript without I/O, and
 * everything points towards it. Imports of types count like any other.
 */
import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { type ESTree, parseSync, Visitor } from "vite";
import { describe, expect, test } from "vitest";

type SourceFile = { readonly path: string; readonly text: string };
type Import = { readonly from: string; readonly typeOnly: boolean };
/** `folders` are those of src, besides one's own. Without `packages`, every package may be imported. */
type Rule = {
  readonly folders: readonly string[] | "all";
  readonly packages?: readonly string[];
  /** Single files of other folders, of which only the types may be imported. */
  readonly typesOf?: RegExp;
};

/** A folder or file of src without a row here is refused: a new one is a decision. */
const TABLE: Readonly<Record<string, Rule>> = {
  domain: {
    folders: [],
    // Nothing here touches a file or the network: node:net is there for its sets of addresses.
    packages: [
      "node:crypto",
      "node:net",
      "node:util",
      "ajv",
      // Selections on payloads are written in its language.
      "graphql",
      "re2js",
      "safe-stable-stringify",
      "typeid-js",
      "zod",
    ],
  },
  live: { folders: ["domain"] },
  persistence: { folders: ["domain"] },
  delivery: { folders: ["domain"] },
  "log.ts": { folders: ["domain"] },
  "metrics.ts": { folders: ["domain"] },
  "config.ts": { folders: ["domain", "config-parsers.ts"] },
  "config-parsers.ts": { folders: ["domain"] },
  // Resolvers get the read functions through their context, and may name their types.
  schema: { folders: ["domain"], typesOf: /^src\/persistence\/(read(-[a-z-]+)?|page)\.ts$/ },
  server: { folders: ["domain", "schema"] },
  "clock.ts": { folders: ["domain"] },
  // The service as main.ts and the tests start it.
  "service.ts": { folders: "all" },
  "program.ts": { folders: "all" },
  "main.ts": { folders: "all" },
  cli: { folders: "all" },
};

const MIGRATIONS = "src/persistence/migrations/";

/** One line for each violation: the file, and what it must not do. */
function violations(files: readonly SourceFile[]): string[] {
  const found: string[] = [];
  const graph = new Map<string, Set<string>>();
  for (const { path, text } of files) {
    const refuse = (why: string): number => found.push(`${path}: ${why}`);
    const { program, errors } = parseSync(path, text);
    if (errors.length > 0) refuse("cannot be parsed");
    if (!path.startsWith(MIGRATIONS) && text.trimEnd().split("\n").length > 300) {
      refuse("is longer than 300 lines");
    }
    if (isBarrel(path, program)) refuse("is a barrel file");
    const own = unitOf(path);
    const rule = TABLE[own];
    if (path.startsWith("src/") && !rule) refuse(`${own} has no row in the import table`);
    for (const { from, typeOnly } of importsOf(program, refuse)) {
      if (!from.startsWith(".")) {
        if (rule?.packages && !rule.packages.includes(packageOf(from))) refuse(`imports ${from}`);
        continue;
      }
      const target = posix.join(posix.dirname(path), from);
      if (target === "package.json") continue; // the version, for all who must say it
      const other = unitOf(target);
      if (other === own) continue;
      if (target.startsWith("src/")) {
        graph.set(own, (graph.get(own) ?? new Set()).add(other));
        if (rule?.folders === "all" || rule?.folders.includes(other)) continue;
        if (typeOnly && rule?.typesOf?.test(target)) continue;
      }
      refuse(`imports ${target}`);
    }
  }
  return [...found, ...cyclesIn(graph)];
}

/** The row of the table that a file belongs to: `domain`, `main.ts`, and for a file outside src its top folder. */
function unitOf(path: string): string {
  const [top = "", next = ""] = path.split("/");
  return top === "src" ? next : `/${top}`;
}

/** `ajv` of `ajv/dist/2020.js`, `@pothos/core` of `@pothos/core/x`, and `node:fs` of `fs/promises`. */
function packageOf(specifier: string): string {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  return process.getBuiltinModule(name) && !name.startsWith("node:") ? `node:${name}` : name;
}

function importsOf(program: ESTree.Program, refuse: (why: string) => void): Import[] {
  const imports: Import[] = [];
  const add = (from: string, typeOnly: boolean): number => imports.push({ from, typeOnly });
  new Visitor({
    // Not `import { type A }`: Node.js still loads that file, for nothing.
    ImportDeclaration: ({ source, importKind }) => {
      add(source.value, importKind === "type");
    },
    ExportNamedDeclaration: ({ source, exportKind }) => {
      if (source) add(source.value, exportKind === "type");
    },
    ExportAllDeclaration: ({ source, exportKind }) => {
      add(source.value, exportKind === "type");
    },
    TSImportType: ({ source }) => {
      add(source.value, true);
    },
    ImportExpression: ({ source }) => {
      if (isText(source)) add(source.value, false);
      else refuse("imports a computed path, which nothing can check");
    },
    // `new Worker(new URL("./sender.ts", import.meta.url))` loads a file as surely as an import does.
    NewExpression: ({ callee, arguments: [path, base] }) => {
      if (callee.type !== "Identifier" || callee.name !== "URL" || !base) return;
      if (path && isText(path) && path.value.endsWith(".ts")) add(path.value, false);
    },
  }).visit(program);
  return imports;
}

function isText(node: ESTree.Node): node is ESTree.StringLiteral {
  return node.type === "Literal" && typeof node.value === "string";
}

/** A file that only passes on what others export. The schema's index is the one list of its parts. */
function isBarrel(path: string, { body }: ESTree.Program): boolean {
  if (path === "src/schema/index.ts") return false;
  if (posix.basename(path) === "index.ts") return true;
  return (
    body.length > 0 &&
    body.every(
      (each) =>
        each.type === "ExportAllDeclaration" ||
        (each.type === "ExportNamedDeclaration" && each.source !== null),
    )
  );
}

function cyclesIn(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (folder: string, trail: readonly string[]): void => {
    const start = trail.indexOf(folder);
    if (start >= 0) cycles.push(`cycle: ${[...trail.slice(start), folder].join(" -> ")}`);
    if (start >= 0 || done.has(folder)) return;
    for (const next of graph.get(folder) ?? []) walk(next, [...trail, folder]);
    done.add(folder);
  };
  for (const folder of graph.keys()) walk(folder, []);
  return cycles;
}

describe("the import table", () => {
  const root = join(import.meta.dirname, "..");
  const paths = globSync(["src/**/*.ts", "console/**/*.{ts,tsx}"], {
    cwd: root,
    exclude: ["**/*.test.ts", "**/node_modules"],
  });
  const files = paths.map((path) => ({
    path: path.replaceAll("\\", "/"),
    text: readFileSync(join(root, path), "utf8"),
  }));

  test("holds for every file", () => {
    expect(violations(files)).toEqual([]);
  });

  test("was checked against the real sources and their imports", () => {
    const imports = files.flatMap(({ path, text }) =>
      importsOf(parseSync(path, text).program, () => {}),
    );
    expect(files.length).toBeGreaterThan(20);
    expect(imports.length).toBeGreaterThan(files.length);
  });
});

describe("the import table refuses", () => {
  const planted = (path: string, text: string): string[] => violations([{ path, text }]);

  test.each([
    ["src/domain/a.ts", "imports src/live/b.ts", `import { b } from "../live/b.ts";`],
    ["src/domain/a.ts", "imports src/live/b.ts", `import type { B } from "../live/b.ts";`],
    ["src/domain/catalog/a.ts", "imports src/log.ts", `export * from "../../log.ts"; f();`],
    ["src/domain/a.ts", "imports src/schema/b.ts", `type A = import("../schema/b.ts").A;`],
    ["src/domain/a.ts", "imports src/log.ts", `await import("../log.ts");`],
    ["src/domain/a.ts", "imports a computed path, which nothing can check", `await import(name);`],
    ["src/domain/a.ts", "imports node:fs/promises", `import { open } from "node:fs/promises";`],
    ["src/domain/a.ts", "imports fs/promises", `import { open } from "fs/promises";`],
    ["src/domain/a.ts", "imports undici", `import { request } from "undici";`],
    ["src/domain/a.ts", "imports test/b.ts", `import { world } from "../../test/b.ts";`],
    ["src/live/a.ts", "imports src/cli/b.ts", `new URL("../cli/b.ts", import.meta.url);`],
    ["src/delivery/a.ts", "imports src/persistence/b.ts", `import "../persistence/b.ts";`],
    ["src/persistence/a.ts", "imports src/live/b.ts", `import "../live/b.ts";`],
    ["src/schema/a.ts", "imports src/delivery/b.ts", `import "../delivery/b.ts";`],
    ["src/schema/a.ts", "imports src/persistence/read.ts", `import "../persistence/read.ts";`],
    ["src/schema/a.ts", "imports src/log.ts", `import type { S } from "../log.ts";`],
    ["src/server/a.ts", "imports src/persistence/read.ts", `import "../persistence/read.ts";`],
    ["src/server/a.ts", "imports src/main.ts", `import "../main.ts";`],
    ["src/config.ts", "imports src/log.ts", `import "./log.ts";`],
    ["console/a.tsx", "imports src/domain/b.ts", `import type { D } from "../src/domain/b.ts";`],
    ["src/util/a.ts", "util has no row in the import table", `f();`],
    ["src/server/index.ts", "is a barrel file", `f();`],
    [
      "src/server/all.ts",
      "is a barrel file",
      `export * from "./a.ts"; export { b } from "./b.ts";`,
    ],
    ["src/server/a.ts", "is longer than 300 lines", "f();\n".repeat(301)],
    ["src/server/a.ts", "cannot be parsed", `const = 1;`],
  ])("%s: %s", (path, why, text) => {
    expect(planted(path, text)).toEqual([`${path}: ${why}`]);
  });

  test("a cycle of folders", () => {
    const cycle = violations([
      { path: "src/cli/a.ts", text: `import "../server/b.ts";` },
      { path: "src/server/b.ts", text: `import "../schema/c.ts";` },
      { path: "src/schema/c.ts", text: `import "../server/d.ts";` },
    ]);
    expect(cycle).toEqual([
      "src/schema/c.ts: imports src/server/d.ts",
      "cycle: server -> schema -> server",
    ]);
  });

  test("nothing of what it allows", () => {
    const allowed = violations([
      {
        path: "src/main.ts",
        text: `import "./server/http.ts"; import "./config.ts"; import "undici";`,
      },
      { path: "src/cli/a.ts", text: `import { a } from "../persistence/sqlite/open.ts";` },
      {
        path: "src/domain/a.ts",
        text: `import { z } from "zod"; import "ajv/dist/2020.js"; import "./b.ts";`,
      },
      {
        path: "src/domain/catalog/a.ts",
        text: `import v from "../../../package.json" with { type: "json" };`,
      },
      {
        path: "src/schema/a.ts",
        text: `import type { R } from "../persistence/read.ts"; import "./b.ts";`,
      },
      {
        path: "src/schema/b.ts",
        text: `import type { R } from "../persistence/read-b.ts";`,
      },
      { path: "src/schema/index.ts", text: `export { builder } from "./builder.ts";` },
      { path: "console/app.tsx", text: `import { useState } from "react"; f(<p />);` },
      { path: `${MIGRATIONS}sqlite/m.ts`, text: "f();\n".repeat(400) },
    ]);
    expect(allowed).toEqual([]);
  });
});
