import { expect, test } from "vitest";
import type { Claim } from "../domain/delivery.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { Route } from "../domain/route.ts";
import { Lane, Turns, type Moment } from "./lane.ts";
import { Slots, type Slot } from "./slots.ts";

function route(webhookId: string, changes: Partial<Route> = {}): Route {
  return {
    tenantId: "ten_1",
    webhookId,
    webhookName: webhookId,
    state: "ACTIVE",
    activeSinceMs: 0,
    url: `https://${webhookId}.example/`,
    origin: `https://${webhookId}.example`,
    format: "ENVELOPE",
    wants: () => true,
    customHeaders: [],
    secrets: [],
    retryDelaysMs: [],
    timeoutMs: 1000,
    maxInFlight: 10,
    isFailing: false,
    ...changes,
  };
}

const claim = { body: "" } as Claim;
/** Both clocks alike. */
const at = (ms: number): Moment => ({ wallMs: ms, leaseMs: ms });

/** A lane with `waiting` claims. */
function lane(webhookId: string, waiting = 1, changes: Partial<Route> = {}): Lane {
  const made = new Lane(route(webhookId, changes));
  made.queue.push(...Array<Claim>(waiting).fill(claim));
  return made;
}

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

function place(slots: Slots, ...lanes: Lane[]): void {
  for (const one of lanes) slots.place(one, one.canBegin(at(0)));
}

/** Begins what may begin; names the webhooks in their order. */
function begin(slots: Slots, slot: Slot[] = []): string[] {
  const begun: string[] = [];
  for (let next = slots.next(); next; next = slots.next()) {
    next.queue.shift();
    slot.push(slots.take(next));
    place(slots, next);
    begun.push(next.route.webhookId);
  }
  return begun;
}

test("lanes are served in turn, and tenants before lanes", () => {
  const slots = new Slots(100);
  place(slots, lane("a", 3), lane("b", 3), lane("x", 3, { tenantId: "ten_2" }));
  expect(begin(slots).join("")).toBe("axbxaxbab");
});

test("no lane passes its limit", () => {
  const slots = new Slots(100);
  place(slots, lane("a", 9, { maxInFlight: 2 }));
  const begun: Slot[] = [];
  expect(begin(slots, begun)).toHaveLength(2);
  slots.free(begun[0]!);
  place(slots, begun[0]!.lane);
  expect(begin(slots)).toHaveLength(1);
});

test("failing lanes share a quarter of the places, however many they are", () => {
  const slots = new Slots(16);
  const failing = Array.from({ length: 40 }, (_, i) => lane(`f${i}`, 1, { isFailing: true }));
  const working = Array.from({ length: 20 }, (_, i) => lane(`w${i}`, 1));
  place(slots, ...failing);
  const begun: Slot[] = [];
  expect(begin(slots, begun)).toHaveLength(4);
  place(slots, ...working);
  expect(begin(slots)).toHaveLength(12);
  slots.free(begun[0]!);
  expect(begin(slots)[0]).toMatch(/^w/);
});

test("one origin has half of the places, however many webhooks point to it", () => {
  const slots = new Slots(16);
  const origin = "https://shared.example";
  place(
    slots,
    ...Array.from({ length: 20 }, (_, i) => lane(`s${i}`, 1, { origin })),
    lane("other", 1),
  );
  const begun = begin(slots);
  expect(begun.filter((id) => id.startsWith("s"))).toHaveLength(8);
  expect(begun).toContain("other");
});

test("a turn that is given up is nobody's", () => {
  const turns = new Turns();
  const one = lane("a");
  turns.set(one, true);
  expect(turns.size).toBe(1);
  turns.set(one, false);
  expect([turns.size, turns.take(() => true)]).toEqual([0, undefined]);
});
