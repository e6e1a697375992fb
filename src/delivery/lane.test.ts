import { expect, test } from "vitest";
import { at, claim, lane, route } from "../../test/lanes.ts";
import type { Outcome } from "../domain/outcome.ts";
import { Lane } from "./lane.ts";

function outcome(status?: number, retryAfterMs?: number): Outcome {
  const isSuccess = status !== undefined && status < 300;
  return {
    kind: isSuccess ? "SUCCEEDED" : status === undefined ? "TIMEOUT" : "HTTP_STATUS",
    message: "",
    startedAt: new Date(0),
    tookMs: 1,
    timings: {},
    requestHeaders: [],
    ...(status !== undefined && {
      response: { status, headers: [], body: new Uint8Array(), truncated: false },
    }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

test("a limit is halved by no answer, 429 and 5xx, left alone by other answers, and doubled by a success", () => {
  const one = lane("a");
  const limits = [undefined, 429, 404, 503, 500, 200, 400, 204, 200, 200].map((status) => {
    one.learn(outcome(status), at(0));
    return one.limit;
  });
  expect(limits).toEqual([5, 2, 2, 1, 1, 2, 2, 4, 8, 10]);
});

test("Retry-After on 429 and 503 keeps the lane quiet, five minutes at most; on 500 it does not", () => {
  const quiet = (status: number, afterMs: number) => {
    const one = lane("a");
    one.learn(outcome(status, afterMs), at(1000));
    return one.quietUntilMs - 1000;
  };
  expect(quiet(429, 5000)).toBe(5000);
  expect(quiet(503, 3_600_000)).toBe(300_000);
  expect(quiet(500, 5000)).toBe(-1000);
});

test("a quiet lane begins and claims nothing until its time", () => {
  const one = lane("a", 1, { maxInFlight: 1 });
  one.learn(outcome(429, 5000), at(0));
  expect([one.canBegin(at(4999)), one.canClaim(at(4999))]).toEqual([false, false]);
  expect([one.canBegin(at(5000)), one.canClaim(at(5000))]).toEqual([true, false]);
});

test("a lane that is resumed forgets its quiet and looks into the table", () => {
  const one = lane("a", 0, { state: "PAUSED" });
  Object.assign(one, { dueAtMs: Infinity, quietUntilMs: 9000 });
  expect(one.canClaim(at(10_000))).toBe(false);
  one.follow(route("a", { activeSinceMs: 1 }));
  expect(one.canClaim(at(0))).toBe(true);
});

test("a lane begins at one attempt in flight, and a success doubles it", () => {
  const one = new Lane(route("a"));
  one.queue.push(claim, claim);
  one.inFlight = 1;
  expect([one.limit, one.canBegin(at(0))]).toEqual([1, false]);
  one.learn(outcome(200), at(0));
  expect([one.limit, one.canBegin(at(0))]).toEqual([2, true]);
});

test("a rate spaces attempts evenly, and the lane wakes for the next one", () => {
  const one = lane("a", 9, { rateLimitPerSecond: 4 });
  one.dueAtMs = Infinity;
  one.begin(at(1000));
  expect([one.canBegin(at(1249)), one.wakesInMs(at(1249))]).toEqual([false, 1]);
  expect(one.canBegin(at(1250))).toBe(true);
  expect(one.wakesInMs(at(1250))).toBe(Infinity);
});

test("a lane with a rate holds no more leases than it begins in five seconds", () => {
  const one = lane("a", 0, { rateLimitPerSecond: 1 });
  expect(one.room).toBe(5);
  expect(lane("b", 0).room).toBe(20);
});

test("at one in flight each further failure makes the lane rest for longer, a second at most; a success ends that", () => {
  const one = new Lane(route("a"));
  const rests = [503, 503, 503, 503, 503, 503, 503, 200, 503].map((status) => {
    const now = at(one.quietUntilMs);
    one.learn(outcome(status), now);
    return one.quietUntilMs - now.leaseMs;
  });
  expect(rests).toEqual([50, 100, 200, 400, 800, 1000, 1000, 0, 50]);
});

test("failures with more in flight make a lane slower and not rest, and so does an answer that says no", () => {
  const one = lane("a");
  one.learn(outcome(503), at(0));
  expect([one.limit, one.quietUntilMs]).toEqual([5, 0]);
  const careful = new Lane(route("b"));
  careful.learn(outcome(404), at(0));
  expect(careful.quietUntilMs).toBe(0);
});
