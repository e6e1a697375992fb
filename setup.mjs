// Installs what is missing, so that `npm start` and `npm test` work on a fresh clone. It runs before
// anything is there, on whatever Node.js the machine has: plain JavaScript for Node.js 20, no imports
// but Node's own. Silent and quick when nothing is missing.
//
//   node setup.mjs               everything must be there
//   node setup.mjs --production  the runtime dependencies are enough
//
// package.json calls it from scripts of their own (prestart, pretest, …): a shell remembers where it
// found `node`, so after `node setup.mjs && node …` the second would still be the machine's.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, delimiter, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const production = process.argv.includes("--production");
let libcFound; // asked once: a report costs some milliseconds

if (!packagesAreThere()) {
  console.log("Installing the dependencies. This happens once, and again when they change.");
  // Without scripts: an older npm would ask for Python to compile better-sqlite3, which brings its
  // binary along. The one script that matters is run below. Without warnings: that the machine's
  // Node.js is too old means nothing to a project that brings its own.
  npm(
    "ci",
    "--ignore-scripts",
    "--loglevel=error",
    ...(production ? [] : ["--include=dev", "--include=optional"]),
  );
}
if (!nodeIsThere()) npm("rebuild", "node", "--ignore-scripts=false", "--loglevel=error");

/** Whether all that package-lock.json asks for is in node_modules, in the same versions. */
function packagesAreThere() {
  const wanted = packagesIn("package-lock.json");
  const installed = packagesIn(join("node_modules", ".package-lock.json")); // npm writes it when it is done
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "" || (production && entry.dev)) return true;
    const found = installed[path];
    if (!found) return !isNeeded(entry);
    return found.version === entry.version && existsSync(join(root, path, "package.json"));
  });
}

/** The "node" package has an install script that fetches the binary; under Windows it is called node.exe. */
function nodeIsThere() {
  const binary = process.platform === "win32" ? "node.exe" : "node";
  return existsSync(join(root, "node_modules", "node", "bin", binary));
}

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), "utf8")).packages ?? {};
  } catch (error) {
    if (file === "package-lock.json") fail(`${file} cannot be read (${error.message}).`);
    return {}; // nothing is installed yet, or an install was cut short
  }
}

/** Optional packages are binaries for one platform each, and what only those need: npm skips the others. */
function isNeeded({ optional, devOptional, os, cpu, libc: libraries }) {
  if (!optional && !devOptional) return true;
  if (!os && !cpu) return false;
  return (
    fits(os, process.platform) && fits(cpu, process.arch) && (!libraries || fits(libraries, libc()))
  );
}

function fits(list, value) {
  if (!list) return true;
  const refused = list.filter((entry) => entry.startsWith("!"));
  if (refused.length > 0) return !refused.includes(`!${value}`);
  return list.includes(value);
}

function libc() {
  process.report.excludeNetwork = true; // else it looks names up
  libcFound ??= process.report.getReport().header.glibcVersionRuntime ? "glibc" : "musl";
  return libcFound;
}

function npm(...args) {
  const { status, signal, error } = runNpm(args);
  if (status === 0) return;
  const reason =
    error?.code === "ENOENT"
      ? "npm was not found"
      : (error?.message ?? signal ?? `exit code ${status}`);
  fail(`"npm ${args.slice(0, 2).join(" ")}" failed (${reason}).`);
}

function runNpm(args) {
  const options = { cwd: root, stdio: "inherit" };
  const cli = process.env.npm_execpath ?? "";
  // npm's own file, when npm started us: no shell is needed then, which matters under Windows. Another
  // package manager sets the same variable to its own file.
  if (/^npm-cli\.[cm]?js$/.test(basename(cli)))
    return spawnSync(outerNode(), [cli, ...args], options);
  return spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
}

/** A Node.js outside node_modules, if there is one: `npm ci` begins by removing that folder. */
function outerNode() {
  const name = process.platform === "win32" ? "node.exe" : "node";
  const onPath = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
  const found = [process.env.npm_node_execpath, process.execPath, ...onPath].find(
    (path) => path && existsSync(path) && !realpathSync(path).includes(`${sep}node_modules${sep}`),
  );
  return found ?? process.execPath;
}

function fail(message) {
  console.error(`Setup: ${message} Once that is put right, run the same command again.`);
  process.exit(1);
}
