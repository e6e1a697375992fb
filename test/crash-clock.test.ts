import { expect, test } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import { HandSender, ok, startTurned, type Turned } from "./core.ts";
import { graphql } from "./generated/gql.ts";
import { makeFolder, startProcess, startReceiver } from "./process.ts";
import { refusedUrl } from "./receiver.ts";
import { makeWebhook } from "./steps.ts";
import { publishMany } from "./watch-steps.ts";
import { HandClock, status } from "./world.ts";

const CrashClockDeliveries = graphql(`
  query CrashClockDeliveries {
    deliveries(first: 100) {
      nodes {
        id
        webhookName
        status
        attemptCount
        nextAttemptAt
        attempts(first: 10) {
          nodes {
            number
            outcome
          }
        }
      }
    }
  }
`);

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LEASE_MS = 45_000;
const URL = "http://127.0.0.1:2/";
const STEPS = [
  ["forwards", HOUR_MS],
  ["back", -HOUR_MS],
] as const;

async function deliveries(app: Pick<App, "run">) {
  const { deliveries: found } = await app.run(CrashClockDeliveries);
  return (found?.nodes ?? []).map((delivery) => ({
    ...delivery,
    outcomes: delivery.attempts?.nodes.map(({ outcome }) => outcome).join(" "),
  }));
}

/** Publishes and waits until each has been refused once, and the engine sleeps. The ids of the deliveries. */
async function refuseOnce({ app, sender }: Turned, count: number, retryAfterMs?: number) {
  sender.answerAll(status(retryAfterMs === undefined ? 404 : 429, retryAfterMs));
  await publishMany(app, count);
  const recorded = () => app.log.filter(({ message }) => message === "attempt.recorded").length;
  await eventually(async () => recorded() === count);
  await lookAround(app);
  return new Set((await deliveries(app)).map(({ id }) => id));
}

/** Answers of the API behind whatever the engine is about: had it sent something, it would be here. */
async function lookAround(app: App): Promise<void> {
  for (let answers = 0; answers < 5; answers++) await deliveries(app);
}

/** Something new has gone out since, so the engine has looked at what is due. */
async function looksAgain({ app, sender }: Turned): Promise<void> {
  const { eventIds } = await publishMany(app, 1);
  await eventually(async () => sender.all.some(({ claim }) => claim.eventId === eventIds[0]));
}

function sentOf({ sender }: Turned, ids: ReadonlySet<string>): number {
  return sender.all.filter(({ claim }) => ids.has(claim.deliveryId)).length;
}

/** Minutes pass, one by one, until it is so: no more than these. */
async function passAtMost(clock: HandClock, mostMs: number, isSo: () => Promise<boolean>) {
  for (let passedMs = 0; passedMs < mostMs && !(await isSo()); passedMs += MINUTE_MS)
    clock.pass(MINUTE_MS);
  await eventually(isSo);
}

test.each([
  ["forwards", HOUR_MS, 0],
  ["back", -HOUR_MS, 4 * MINUTE_MS + HOUR_MS],
])(
  "the clock is put %s by an hour while sixty retries wait: each is made once, when it is due, and then keeps to its schedule",
  async (_, stepMs, waitMs) => {
    await using turned = await startTurned({ HOOKWIRE_RETRY_DELAYS: "PT5M,PT30M,PT1H" });
    const { app, clock } = turned;
    await makeWebhook(app, { url: URL, maxInFlight: 4 });
    const ids = await refuseOnce(turned, 60);
    // By then the engine has looked at what was leased, too, and sleeps until the retries.
    clock.pass(MINUTE_MS);
    await lookAround(app);
    clock.step(stepMs);
    if (waitMs > 0) {
      clock.pass(waitMs - 1);
      await looksAgain(turned);
      expect(sentOf(turned, ids)).toBe(60);
    }
    clock.pass(MINUTE_MS);
    await eventually(async () => sentOf(turned, ids) === 120);
    await eventually(async () => (await deliveries(app)).every(isRetryingIn(clock, 30)));
    clock.pass(30 * MINUTE_MS - 1);
    await looksAgain(turned);
    expect(sentOf(turned, ids)).toBe(120);
    clock.pass(MINUTE_MS);
    await eventually(async () => sentOf(turned, ids) === 180);
  },
);

/** What was refused twice waits for its third attempt; what came later is not meant. */
function isRetryingIn(clock: HandClock, minutes: number) {
  const dueAt = new Date(clock.now().getTime() + minutes * MINUTE_MS).toISOString();
  return (delivery: Awaited<ReturnType<typeof deliveries>>[number]) =>
    delivery.attemptCount === 1
      ? delivery.outcomes === "HTTP_STATUS"
      : delivery.attemptCount === 2 && delivery.nextAttemptAt === dueAt;
}

test.each([
  ["forwards", HOUR_MS, 5 * MINUTE_MS],
  ["back", -HOUR_MS, 10 * MINUTE_MS + HOUR_MS],
])(
  "the clock is put %s by an hour while a Retry-After is waited for: the delivery goes out once, and no longer after than its step",
  async (_, stepMs, waitMs) => {
    await using turned = await startTurned();
    const { app, clock, sender } = turned;
    await makeWebhook(app, { url: URL });
    const ids = await refuseOnce(turned, 1, 10 * MINUTE_MS);
    sender.answerAll(ok);
    clock.step(stepMs);
    clock.pass(waitMs - 1);
    await lookAround(app);
    expect(sentOf(turned, ids)).toBe(1);
    clock.pass(MINUTE_MS);
    await eventually(async () => (await deliveries(app))[0]?.outcomes === "HTTP_STATUS SUCCEEDED");
    clock.pass(2 * HOUR_MS);
    await looksAgain(turned);
    expect(sentOf(turned, ids)).toBe(2);
  },
);

test.each(STEPS)(
  "the clock is put %s by an hour while attempts are in flight, others leased and others waiting: each is sent once",
  async (_, stepMs) => {
    await using turned = await startTurned();
    const { app, clock, sender } = turned;
    await makeWebhook(app, { url: URL, maxInFlight: 2 });
    await turned.warmUp();
    await publishMany(app, 6);
    await sender.attempt(2);
    await eventually(async () => turned.leased === 4);
    clock.step(stepMs);
    await publishMany(app, 1);
    await lookAround(app);
    expect(sender.all).toHaveLength(2);
    sender.answerAll(ok);
    await passAtMost(clock, MINUTE_MS + Math.max(0, -stepMs), async () => {
      // What is under way is answered at once: time that passes before it is recorded would end its lease.
      await eventually(async () => turned.leased === 0);
      return (await deliveries(app)).every((delivery) => delivery.status === "SUCCEEDED");
    });
    expect(sender.all).toHaveLength(7);
    for (const { outcomes } of await deliveries(app)) expect(outcomes).toBe("SUCCEEDED");
  },
);

test.each(STEPS)(
  "the clock is put %s by an hour while an attempt hangs: its lease ends by the time that passes, and it is made again once",
  async (_, stepMs) => {
    await using turned = await startTurned();
    const { app, clock, sender } = turned;
    await makeWebhook(app, { url: URL });
    await turned.warmUp();
    await publishMany(app, 1);
    const hanging = await sender.attempt(1);
    hanging.isOpen = false; // not answered with the others
    sender.answerAll(ok);
    clock.step(stepMs);
    clock.pass(LEASE_MS - 1);
    await looksAgain(turned);
    await lookAround(app);
    expect(sender.all).toHaveLength(2);
    await passAtMost(clock, MINUTE_MS + Math.max(0, -stepMs), async () =>
      (await deliveries(app)).some((one) => one.outcomes === "INTERNAL SUCCEEDED"),
    );
    expect(sender.all[2]?.claim.deliveryId).toBe(hanging.claim.deliveryId);
    clock.pass(2 * HOUR_MS);
    await looksAgain(turned);
    expect(sender.all).toHaveLength(4);
    hanging.answer(ok); // a stop waits for it
  },
);

test.each(STEPS)(
  "killed, and the clock put %s by an hour before the next start: what was in flight and what waited for a retry is made once more, no later than the step",
  async (_, stepMs) => {
    using folder = makeFolder();
    await using receiver = await startReceiver();
    receiver.isHolding = true;
    const env = { HOOKWIRE_RETRY_DELAYS: "PT30M,PT10H" };
    await using before = await startProcess(folder.path, env);
    await before.makeWebhook({ name: "held", url: `${receiver.url}/a` });
    await before.makeWebhook({ name: "down", url: await refusedUrl() });
    await before.publish();
    await eventually(async () => receiver.held === 1);
    await eventually(async () =>
      (await deliveries(before)).some((one) => one.status === "RETRYING"),
    );
    await before.kill("SIGKILL");
    receiver.letGo();

    const clock = new HandClock();
    clock.pass(Date.now() + stepMs - clock.now().getTime());
    const sender = new HandSender();
    sender.answerAll(ok);
    await using app = await startApp({
      env: { ...env, DATABASE_URL: `sqlite:${folder.database}` },
      circumstances: { clock, sender },
    });
    const outcomes = async () =>
      (await deliveries(app)).map((one) => `${one.webhookName}: ${one.outcomes}`).toSorted();
    const wanted = ["down: CONNECT SUCCEEDED", "held: INTERNAL SUCCEEDED"];
    await passAtMost(clock, Math.max(MINUTE_MS, -stepMs), async () =>
      (await outcomes()).includes("held: INTERNAL SUCCEEDED"),
    );
    // 30 minutes and a fifth, as the process that was killed may have drawn it.
    await passAtMost(
      clock,
      stepMs > 0 ? MINUTE_MS : 37 * MINUTE_MS,
      async () => String(await outcomes()) === String(wanted),
    );
    clock.pass(2 * HOUR_MS);
    await publishMany(app, 1);
    await eventually(async () => sender.all.length === 4);
    expect((await outcomes()).filter((one) => wanted.includes(one))).toEqual(wanted);
  },
);
