import { execFile } from "node:child_process";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TSC = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));

const CONFIG = {
  compilerOptions: {
    target: "es2024",
    module: "nodenext",
    types: [],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noUnusedLocals: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    isolatedDeclarations: true,
    declaration: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  },
};

/** What the project's own compiler says about these files at its strictest: one line for each error. */
export async function compile(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "hookwire-types-"));
  const all = {
    ...files,
    "tsconfig.json": JSON.stringify(CONFIG),
    "package.json": JSON.stringify({ type: "module" }),
  };
  for (const [name, text] of Object.entries(all)) await writeFile(join(folder.path, name), text);
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
  execFile(
    process.execPath,
    [TSC, "--pretty", "false", "-p", folder.path],
    { cwd: folder.path, maxBuffer: 2 ** 26 },
    (error, stdout) => {
      const errors = stdout.split("\n").filter((line) => /error TS\d+/.test(line));
      if (error && errors.length === 0) reject(error);
      else resolve(errors);
    },
  );
  // Not before it has ended: the folder goes then.
  return await promise;
}
