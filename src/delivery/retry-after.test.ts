import { expect, test, vi } from "vitest";
import { parseRetryAfter } from "./retry-after.ts";

// A date without a zone means GMT, wherever the process runs.
vi.stubEnv("TZ", "America/New_York");

const NOW = new Date("2026-03-01T12:00:00Z");
const DAY_MS = 86_400_000;

test.each([
  ["0", 0],
  ["5", 5_000],
  [" 120 ", 120_000],
  ["86400", DAY_MS],
  ["86401", DAY_MS],
  ["9".repeat(400), DAY_MS],
  ["Sun, 01 Mar 2026 12:00:30 GMT", 30_000],
  ["Sunday, 01-Mar-26 12:00:30 GMT", 30_000],
  ["Sun Mar  1 12:00:30 2026", 30_000],
  ["Sun, 01 Mar 2026 12:00:00 GMT", 0],
  ["Tue, 31 Dec 2030 00:00:00 GMT", DAY_MS],
])("%j is a wait of %i ms", (value, ms) => {
  expect(parseRetryAfter(value, NOW)).toBe(ms);
});

test.each([
  "",
  " ",
  "-5",
  "+5",
  "1.5",
  "120.5",
  "0x10",
  "1e9",
  "Infinity",
  "NaN",
  "5 seconds",
  "soon",
  "2026-03-01T12:00:30Z",
  "Sun, 01 Mar 2026 11:59:59 GMT",
  "Sun, 41 Mar 2026 12:00:30 GMT",
  "Sun, 01 Mar 2026 12:00:30 PST",
])("%j is ignored", (value) => {
  expect(parseRetryAfter(value, NOW)).toBeUndefined();
});
