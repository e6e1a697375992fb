import { defineConfig } from "vitest/config";

export default defineConfig({
  // Modules as Node.js itself picks them: with Vite's own conditions there would be two copies of graphql.
  ssr: { resolve: { conditions: ["node", "module-sync", "default"] } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // No more than two: tests start real servers and receivers, and some measure what they do.
    maxWorkers: 2,
    // Tests wait for facts, never for a fixed time: these only end a test that hangs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 5_000,
  },
});
