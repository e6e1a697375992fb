#!/usr/bin/env node
// `npx hookwire …` in this folder, `node …/hookwire.mjs …` in any other. Runs src/cli with the Node.js that the
// project brings, and begins itself with whatever Node.js the machine has: plain JavaScript for Node.js 20, like
// setup.mjs.

import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));

// What it says goes to standard error: standard output is the command's.
const setup = spawnSync(process.execPath, [pathOf("setup.mjs"), "--production"], {
  stdio: ["inherit", 2, 2],
});
if (setup.status !== 0) process.exit(1);

const node = pathOf(`node_modules/node/bin/${process.platform === "win32" ? "node.exe" : "node"}`);
const command = spawn(node, [pathOf("src/cli/main.ts"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
// Ctrl-C reaches both; what is sent to this process alone is passed on. It ends when the command has.
process.on("SIGINT", () => undefined);
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => command.kill(signal));
command.on("exit", (code) => process.exit(code ?? 1));
