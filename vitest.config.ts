import { defineConfig } from "vitest/config";

/** About the files of SQLite, looking into them, or about nothing that is stored. */
const WITHOUT_SERVER = [
  "architecture",
  "clear",
  "cli",
  "core-*",
  "crash*",
  "insides",
  "isolation*",
  "lint",
  "locked-database",
  "log-output",
  "readme*",
  "rekey*",
  "retention",
  "sender-thread",
  "settings",
  "start-stop",
  "storage-faults",
  "tenants",
  "types-cli",
  "zoo",
].map((name) => `test/${name}.test.ts`);

export default defineConfig({
  // Modules as Node.js itself picks them: with Vite's own conditions there would be two copies of graphql.
  ssr: { resolve: { conditions: ["node", "module-sync", "default"] } },
  test: {
    // No more than two: tests start real servers and receivers, and some measure what they do.
    maxWorkers: 2,
    // Tests wait for facts, never for a fixed time: these only end a test that hangs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 5_000,
    projects: [
      {
        extends: true,
        test: { name: "sqlite", include: ["src/**/*.test.ts", "test/**/*.test.ts"] },
      },
      {
        extends: true,
        test: {
          name: "postgres",
          include: ["test/**/*.test.ts"],
          exclude: WITHOUT_SERVER,
          globalSetup: "test/postgres-server.ts",
          // A server of its own beside all else: what takes long on two cores is looked at again.
          retry: 2,
        },
      },
    ],
  },
});
