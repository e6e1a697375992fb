import { expect, test } from "vitest";
import type { Claim } from "../domain/delivery.ts";
import type { Route } from "../domain/route.ts";
import { Held } from "./held.ts";
import { Lane } from "./lane.ts";

const SLOTS = 10;
const MOST = 40;
const MEGABYTE = 1024 * 1024;

function laneOf(webhookId: string, origin = `https://${webhookId}.example`): Lane {
  return new Lane({ webhookId, origin, rateLimitPerSecond: null, isFailing: false } as Route);
}

/** Leases of as many webhooks, each on an origin of its own. */
function take(held: Held, count: number): Lane[] {
  return Array.from({ length: count }, (_, number) => {
    const lane = laneOf(`other ${number}`);
    held.take(lane);
    return lane;
  });
}

/** A lane that holds something already. */
function holding(webhookId: string): Lane {
  const lane = laneOf(webhookId);
  lane.promised = 1;
  return lane;
}

function body(characters: number): Claim {
  return { body: "x".repeat(characters) } as Claim;
}

test("at most four leases for each place are held, whoever asks", () => {
  const held = new Held(SLOTS);
  let taken = 0;
  // Each lane takes what it may, and one that is new comes after it.
  const lanes = Array.from({ length: 2 * MOST }, (_, turn) => laneOf(`new ${turn}`));
  for (const lane of lanes) {
    const room = Math.max(0, held.roomFor(lane));
    held.take(lane, room);
    taken += room;
  }
  expect(taken).toBe(MOST);
  expect(held.roomFor(laneOf("late"))).toBeLessThanOrEqual(0);
  held.drop(lanes[0]!);
  expect(held.roomFor(laneOf("late"))).toBe(1);
});

test("lanes that hold something share half of the leases; the other half is for lanes that hold none, one each", () => {
  const held = new Held(SLOTS);
  expect(held.roomFor(holding("greedy"))).toBe(MOST / 2);
  take(held, MOST / 2 - 1);
  expect(held.roomFor(holding("greedy"))).toBe(1);
  take(held, 1);
  expect(held.roomFor(holding("greedy"))).toBeLessThanOrEqual(0);
  expect(held.roomFor(laneOf("new"))).toBe(1);
  take(held, MOST / 2 - 1);
  expect(held.roomFor(holding("greedy"))).toBeLessThanOrEqual(0);
  expect(held.roomFor(laneOf("new"))).toBe(1);
  take(held, 1);
  expect(held.roomFor(laneOf("new"))).toBeLessThanOrEqual(0);
});

test("a lane with claims in its queue counts as one that holds something", () => {
  const held = new Held(SLOTS);
  take(held, MOST / 2);
  const lane = laneOf("queued");
  expect(held.roomFor(lane)).toBe(1);
  lane.queue.push(body(1));
  expect(held.roomFor(lane)).toBeLessThanOrEqual(0);
});

test("bodies that wait are bounded too: half of 64 MB for lanes that hold something, all of it for the others", () => {
  const held = new Held(SLOTS);
  const big = body(16 * MEGABYTE);
  const small = body(1);
  held.keep(big);
  held.keep(body(16 * MEGABYTE - 1));
  expect(held.roomFor(holding("greedy"))).toBeGreaterThan(0);
  held.keep(small);
  expect(held.roomFor(holding("greedy"))).toBe(0);
  expect(held.roomFor(laneOf("new"))).toBeGreaterThan(0);
  held.keep(big);
  held.keep(big);
  expect(held.roomFor(laneOf("new"))).toBe(0);
  held.letGo(small);
  expect(held.roomFor(laneOf("new"))).toBeGreaterThan(0);
  held.letGo(big);
  held.letGo(big);
  expect(held.roomFor(holding("greedy"))).toBeGreaterThan(0);
});

test("one origin has half of the leases at most, however many webhooks point to it", () => {
  const held = new Held(SLOTS);
  const shared = Array.from({ length: MOST }, (_, number) =>
    laneOf(`shared ${number}`, "https://shared.example"),
  );
  for (const lane of shared) if (held.roomFor(lane) > 0) held.take(lane);
  expect(shared.filter(({ held: count }) => count > 0)).toHaveLength(MOST / 2);
  expect(held.roomFor(laneOf("other"))).toBe(1);
  // A webhook that moves takes what is held for it along.
  const [first, last] = [shared[0]!, shared.at(-1)!];
  held.follow(first, { ...first.route, origin: "https://elsewhere.example" });
  expect(held.roomFor(last)).toBe(1);
});
