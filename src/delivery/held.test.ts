import { expect, test } from "vitest";
import type { Claim } from "../domain/delivery.ts";
import type { Route } from "../domain/route.ts";
import { Held } from "./held.ts";
import { Lane } from "./lane.ts";

const SLOTS = 10;
const MOST = 40;
const MEGABYTE = 1024 * 1024;

function laneOf(webhookId: string): Lane {
  return new Lane({ webhookId, rateLimitPerSecond: null, isFailing: false } as Route);
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
  for (let turn = 0; turn < 2 * MOST; turn++) {
    const room = held.roomFor(laneOf(`new ${turn}`));
    held.take(Math.max(0, room));
    taken += Math.max(0, room);
  }
  expect(taken).toBe(MOST);
  expect(held.roomFor(laneOf("late"))).toBeLessThanOrEqual(0);
  held.drop();
  expect(held.roomFor(laneOf("late"))).toBe(1);
});

test("lanes that hold something share half of the leases; the other half is for lanes that hold none, one each", () => {
  const held = new Held(SLOTS);
  expect(held.roomFor(holding("greedy"))).toBe(MOST / 2);
  held.take(MOST / 2 - 1);
  expect(held.roomFor(holding("greedy"))).toBe(1);
  held.take();
  expect(held.roomFor(holding("greedy"))).toBeLessThanOrEqual(0);
  expect(held.roomFor(laneOf("new"))).toBe(1);
  held.take(MOST / 2 - 1);
  expect(held.roomFor(holding("greedy"))).toBeLessThanOrEqual(0);
  expect(held.roomFor(laneOf("new"))).toBe(1);
  held.take();
  expect(held.roomFor(laneOf("new"))).toBeLessThanOrEqual(0);
});

test("a lane with claims in its queue counts as one that holds something", () => {
  const held = new Held(SLOTS);
  held.take(MOST / 2);
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
