import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // No more than two: tests start real servers and receivers, and some measure what they do.
    maxWorkers: 2,
    // Tests wait for facts, never for a fixed time: these only end a test that hangs.
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 5_000,
  },
});
