import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { eventually } from "./app.ts";
import { DeadFile } from "./crash-file.ts";
import { CrashDriver, DRAIN_MS } from "./crash.ts";
import { makeFolder, OPEN, Process, startProcess, startReceiver } from "./process.ts";

const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? 10);
const STOPS = Math.min(50, Math.ceil(ROUNDS / 2));
const SEED = Number(process.env["CRASH_SEED"] ?? randomInt(2 ** 31));

test(
  `kill -9 while publishing and delivering, ${ROUNDS} times: every accepted event arrives and every attempt is known`,
  async () => {
    say(`kill -9: CRASH_ROUNDS=${ROUNDS} CRASH_SEED=${SEED}`);
    await using driver = new CrashDriver("SIGKILL", SEED);
    await driver.run(ROUNDS);
    const { tookMs: _, ...report } = driver.report();
    say(`kill -9: ${inWords(report)}`);
    expect(report).toMatchObject({ lost: 0, stuck: 0 });
    for (const [index, count] of report.duplicates.entries())
      expect(count).toBeLessThanOrEqual(report.leased[index] ?? 0);
    expect(report.interrupted).toBeLessThanOrEqual(sum(report.leased));
    // Or nothing was shown: something was in flight, something failed, and answers were lost.
    expect(sum(report.duplicates)).toBeGreaterThan(0);
    expect(report.refused).toBeGreaterThan(0);
    expect(report.repeated).toBeGreaterThan(0);
  },
  60_000 + 15_000 * ROUNDS,
);

test(
  `SIGTERM while publishing and delivering, ${STOPS} times: every accepted event arrives, and once`,
  async () => {
    say(`SIGTERM: CRASH_ROUNDS=${ROUNDS} CRASH_SEED=${SEED}`);
    await using driver = new CrashDriver("SIGTERM", SEED);
    await driver.run(STOPS);
    const report = driver.report();
    say(`SIGTERM: ${inWords(report)}`);
    expect(report).toMatchObject({ lost: 0, stuck: 0, interrupted: 0 });
    expect(sum(report.duplicates)).toBe(0);
    expect(sum(report.leased)).toBe(0);
    expect(Math.max(...report.tookMs)).toBeLessThan(DRAIN_MS + 1000);
    expect(report.refused).toBeGreaterThan(0);
  },
  60_000 + 15_000 * STOPS,
);

test("SIGTERM while a receiver holds its answers for longer than the drain time: exit within a second more, each cut attempt is a TIMEOUT, and only these are made again", async () => {
  using folder = makeFolder();
  await using receiver = await startReceiver();
  const env = { HOOKWIRE_DRAIN: "PT1S", HOOKWIRE_RETRY_DELAYS: "PT0.1S" };
  const idleMs = await stop(await startProcess(folder.path, env));
  await using before = await startProcess(folder.path, env);
  await before.makeWebhook({ url: `${receiver.url}/a`, maxInFlight: 5, timeout: "PT30S" });
  const event = await before.event();
  const publish = () => before.publish(event);
  const published = await Promise.all(Array.from({ length: 10 }, publish));
  await eventually(async () => receiver.received === 10);
  receiver.isHolding = true;
  published.push(...(await Promise.all(Array.from({ length: 20 }, publish))));
  await eventually(async () => receiver.held >= 5);
  const tookMs = await stop(before);
  say(`SIGTERM, answers held for longer than a drain time of 1 s: exit after ${tookMs} ms`);
  expect(tookMs).toBeGreaterThanOrEqual(1000);
  // On a machine that is busy with other tests a stop of nothing takes its time, too.
  expect(tookMs).toBeLessThan(2000 + 3 * idleMs);
  const cut = receiver.received - 10;
  const outcomes = () => {
    using file = new DeadFile(folder.database);
    file.isSound(published.map(({ eventId }) => eventId));
    expect(file.leased).toBe(0);
    const made = file.deliveries.map((row) => row.made.map(({ outcome }) => outcome).join(" "));
    return Object.fromEntries(
      Map.groupBy(made, (row) => row)
        .entries()
        .map(([row, all]) => [row, all.length]),
    );
  };
  expect(outcomes()).toEqual({ SUCCEEDED: 10, TIMEOUT: cut, "": 20 - cut });

  receiver.letGo();
  await using after = await startProcess(folder.path, env);
  await eventually(async () => receiver.received === 30 + cut);
  await stop(after);
  expect(outcomes()).toEqual({
    SUCCEEDED: 30 - cut,
    "TIMEOUT SUCCEEDED": cut,
  });
  expect(receiver.counts.size).toBe(30);
});

test("a process that is killed in the middle of a start leaves nothing that the next one stumbles over", async () => {
  using folder = makeFolder();
  for (const made of ["", ".key"]) {
    await using killed = new Process(folder.path, { env: OPEN });
    await eventually(async () => existsSync(folder.database + made));
    await killed.kill("SIGKILL");
  }
  await using service = await startProcess(folder.path);
  await service.makeWebhook({ url: "http://127.0.0.1:2/a", paused: true });
  const { eventId } = await service.publish();
  await service.kill("SIGTERM");
  using file = new DeadFile(folder.database);
  file.isSound([eventId]);
  expect(file.leased).toBe(0);
});

/** A clean stop, and how many milliseconds it took. */
async function stop(service: Process): Promise<number> {
  const beganMs = performance.now();
  expect(await service.kill("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
  return Math.round(performance.now() - beganMs);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((before, number) => before + number, 0);
}

/** Lists as least, median, most and sum; duplicates for each kill. */
function inWords(report: Readonly<Record<string, number | readonly number[]>>): string {
  return Object.entries(report)
    .map(([name, value]) => {
      if (typeof value === "number") return `${name} ${value}`;
      const sorted = value.toSorted((a, b) => a - b);
      const [least, median, most] = [0, sorted.length >> 1, -1].map((index) => sorted.at(index));
      const each = name === "duplicates" ? ` (${value.join(" ")})` : "";
      return `${name} ${least}/${median}/${most}, sum ${sum(value)}${each}`;
    })
    .join("; ");
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
