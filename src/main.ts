import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

/** Keeps compiled modules from one start to the next, which then takes half of the time. */
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/hookwire", import.meta.url)));
const { run } = await import("./program.ts");
await run();
