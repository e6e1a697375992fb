import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createIds } from "../src/domain/id.ts";
import { eventually, startApp, type App, testOnFile } from "./app.ts";
import { entries } from "./audit-steps.ts";
import { openDatabase } from "./second-tenant.ts";
import { makeInbox } from "./steps.ts";
import { HandClock } from "./world.ts";

const DAY = 86_400_000;
const MINUTE = 60_000;

// Ids hold the time of their making, which is the machine's: it goes along with the hand clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

async function startAging(env: Record<string, string> = {}) {
  const clock = new HandClock();
  vi.setSystemTime(clock.now());
  const app = await startApp({ env, circumstances: { clock } });
  const pass = (ms: number) => {
    clock.pass(ms);
    vi.setSystemTime(clock.now());
  };
  return { app, clock, pass };
}

const namesOf = async (app: App) =>
  (await entries(app)).map(({ after }) => (after as { name: string }).name);

const removals = (app: App) => app.log.filter(({ message }) => message === "retention.removed");

test("entries older than the period go, however short events are kept, and younger ones stay", async () => {
  const { app, pass } = await startAging({
    HOOKWIRE_RETENTION: "P1D",
    HOOKWIRE_AUDIT_RETENTION: "P10D",
  });
  await using _ = app;
  await makeInbox(app, { name: "first" });
  pass(5 * DAY);
  await makeInbox(app, { name: "second" });
  pass(5 * DAY - MINUTE);
  expect(await namesOf(app)).toEqual(["first", "second"]);
  pass(MINUTE + 1);
  await eventually(async () => {
    pass(MINUTE);
    return (await namesOf(app)).length < 2;
  });
  expect(await namesOf(app)).toEqual(["second"]);
  expect(removals(app)).toMatchObject([{ audit_entries: 1, deliveries: 0 }]);
});

test("without a setting they are kept for a year", async () => {
  const { app, pass } = await startAging({ HOOKWIRE_RETENTION: "P1D" });
  await using _ = app;
  await makeInbox(app, { name: "first" });
  pass(364 * DAY);
  await makeInbox(app, { name: "second" });
  // Whatever is old is looked for once a minute: what stands now was looked at.
  for (let turn = 0; turn < 3; turn++) {
    pass(MINUTE);
    await makeInbox(app, { name: `later ${turn}` });
  }
  expect((await namesOf(app))[0]).toBe("first");
  pass(DAY);
  await eventually(async () => {
    pass(MINUTE);
    return (await namesOf(app))[0] === "second";
  });
});

testOnFile("many old entries go in steps of at most 300, the oldest first", async () => {
  const { app, clock, pass } = await startAging({ HOOKWIRE_AUDIT_RETENTION: "P1D" });
  await using _ = app;
  const db = openDatabase(app);
  const newId = createIds(() => clock.now());
  const add = db.prepare(
    `insert into audit_entry select ?, id, ?, 'operator', null, 'made.up', 'x', null, null from tenant`,
  );
  db.transaction(() => {
    for (let count = 0; count < 700; count++) add.run(newId("aud"), clock.now().getTime());
  })();
  pass(DAY + 1);
  const left: number[] = [];
  const count = db.prepare("select count(*) from audit_entry").pluck();
  await eventually(async () => {
    pass(MINUTE);
    left.push(Number(count.get()));
    return left.at(-1) === 0;
  });
  db.close();
  expect(removals(app).map((line) => line["audit_entries"])).toEqual([300, 300, 100]);
});
