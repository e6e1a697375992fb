import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

test.each([
  ["PT5S", 5000],
  ["PT0.3S", 300],
  ["PT5M", 300_000],
  ["P1DT2H", 93_600_000],
  ["P2W", 1_209_600_000],
  ["PT0S", 0],
])("%s is %d ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each([
  "",
  "P",
  "PT",
  "5s",
  "PT-5S",
  "P1Y",
  "P1M",
  "PT1.5M",
  "pt5s",
  "PT5S ",
  "P1DT",
  "PT0.0001S",
])("%j is no duration", (text) => expect(parseDuration(text)).toBeUndefined());

test("what is written is read back", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 10 * 365 * 86_400_000 }),
      (ms) => parseDuration(formatDuration(ms)) === ms,
    ),
  );
});

test("is written in its shortest form", () => {
  expect([5000, 300_000, 86_400_000, 0, 90_061_500].map(formatDuration)).toEqual([
    "PT5S",
    "PT5M",
    "P1D",
    "PT0S",
    "P1DT1H1M1.5S",
  ]);
});
