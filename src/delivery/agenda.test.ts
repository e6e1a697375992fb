import { expect, test } from "vitest";
import { at, lane } from "../../test/lanes.ts";
import { HandClock } from "../../test/world.ts";
import { Agenda } from "./agenda.ts";
import { Held } from "./held.ts";
import type { Lane } from "./lane.ts";

/** An agenda on a clock that the test turns, and the lanes that it woke. */
function createWorld() {
  const clock = new HandClock();
  const woken: string[] = [];
  const now = () => ({ wallMs: clock.now().getTime(), leaseMs: clock.leaseMs() });
  const agenda = new Agenda(clock, (due) => {
    for (const one of due) {
      woken.push(one.route.webhookId);
      agenda.place(one, now());
    }
  });
  const sleep = (one: Lane, ms: number) => {
    one.dueAtMs = now().wallMs + ms;
    agenda.place(one, now());
  };
  const pass = async (ms: number) => {
    clock.pass(ms);
    await new Promise<void>((resolve) => setImmediate(resolve));
  };
  return { clock, agenda, woken, now, sleep, pass };
}

test("a lane with a rate is woken for its next attempt, also while the table has more for it", async () => {
  const { agenda, woken, now, pass } = createWorld();
  const paced = lane("paced", 2, { rateLimitPerSecond: 1 });
  paced.begin(now());
  agenda.place(paced, now());
  expect(paced.canClaim(now())).toBe(true);
  await pass(999);
  expect(woken).toEqual([]);
  await pass(1);
  expect(woken).toEqual(["paced"]);
});

test("only lanes whose time has come are woken, each once; the others later", async () => {
  const { woken, sleep, pass } = createWorld();
  for (const [id, ms] of [
    ["a", 100],
    ["b", 300],
    ["c", 200],
  ] as const)
    sleep(lane(id, 0), ms);
  await pass(100);
  expect(woken).toEqual(["a"]);
  await pass(100);
  expect(woken).toEqual(["a", "c"]);
  await pass(100);
  expect(woken).toEqual(["a", "c", "b"]);
});

test("all are woken within a minute when the wall clock was put", async () => {
  const { clock, woken, sleep, pass } = createWorld();
  sleep(lane("a", 0), 3_600_000);
  clock.step(3_600_000);
  await pass(60_000);
  expect(woken).toEqual(["a"]);
});

test("lanes that may take nothing now don't keep others from being looked at", () => {
  const { agenda } = createWorld();
  const held = new Held(1000);
  const hungry = (id: string, origin: string) => {
    const one = lane(id, 0, { origin, maxInFlight: 1 });
    agenda.place(one, at(0));
    return one;
  };
  const origin = "https://full.example";
  held.take(lane("holder", 0, { origin }), 2000);
  for (let number = 0; number < 600; number++) hungry(`full ${number}`, origin);
  hungry("other", "https://other.example");
  const asked = [1, 2, 3].flatMap(() => agenda.ask(held, 0).map(({ webhookId }) => webhookId));
  expect(asked).toEqual(["other"]);
});
