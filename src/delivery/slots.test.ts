import { expect, test } from "vitest";
import { at, lane } from "../../test/lanes.ts";
import type { Lane } from "./lane.ts";
import { SLOW_MS, Slots, type Slot } from "./slots.ts";

function place(slots: Slots, ...lanes: Lane[]): void {
  for (const one of lanes) slots.place(one, one.canBegin(at(0)));
}

/** Begins what may begin; names the webhooks in their order. */
function begin(slots: Slots, slot: Slot[] = [], atMs = 0): string[] {
  const begun: string[] = [];
  for (let next = slots.next(); next; next = slots.next()) {
    next.queue.shift();
    slot.push(slots.take(next, atMs));
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
  expect(begin(slots)).toHaveLength(1);
});

test("a failing lane has its turn while working ones always wait, so that a receiver that is back is seen", () => {
  const slots = new Slots(4);
  place(slots, lane("failing", 1, { isFailing: true }), lane("working", 20));
  const begun: Slot[] = [];
  const names = begin(slots, begun);
  for (let turn = 0; turn < 4; turn++) {
    slots.free(begun.shift()!);
    names.push(...begin(slots, begun));
  }
  expect(names).toContain("failing");
});

test("a place of an origin that the next lane can't take goes on to one that can", () => {
  const slots = new Slots(4);
  const origin = "https://shared.example";
  const begun: Slot[] = [];
  place(slots, lane("dead", 1, { isFailing: true }), lane("a", 2, { origin, maxInFlight: 2 }));
  expect(begin(slots, begun).toSorted()).toEqual(["a", "a", "dead"]);
  // The one place of failing lanes is taken elsewhere.
  place(slots, lane("careful", 1, { origin, isFailing: true }), lane("b", 1, { origin }));
  expect(begin(slots, begun)).toEqual([]);
  slots.free(begun.find((slot) => slot.origin === origin)!);
  expect(begin(slots, begun)).toEqual(["b"]);
});

test("a place of an origin whose lane stopped waiting goes on to the next one", () => {
  const slots = new Slots(4);
  const origin = "https://shared.example";
  const begun: Slot[] = [];
  const [first, second, third] = ["a", "b", "c"].map((id) => lane(id, 2, { origin }));
  place(slots, first!);
  expect(begin(slots, begun)).toEqual(["a", "a"]);
  place(slots, second!, third!);
  slots.free(begun[0]!);
  slots.place(second!, false);
  expect(begin(slots, begun)).toEqual(["c"]);
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

test("lanes of a full origin wait aside, and each place that is freed goes to the next of them", () => {
  const slots = new Slots(4);
  const origin = "https://shared.example";
  place(slots, ...["a", "b", "c", "d"].map((id) => lane(id, 2, { origin, maxInFlight: 1 })));
  const begun: Slot[] = [];
  expect(begin(slots, begun)).toEqual(["a", "b"]);
  slots.free(begun[0]!);
  place(slots, begun[0]!.lane);
  expect(begin(slots, begun)).toEqual(["c"]);
  slots.free(begun[1]!);
  place(slots, begun[1]!.lane);
  expect(begin(slots, begun)).toEqual(["d"]);
});

test("a lane that stops waiting while its origin is full is not called later", () => {
  const slots = new Slots(2);
  const origin = "https://shared.example";
  const [first, second] = [lane("a", 1, { origin }), lane("b", 1, { origin })];
  place(slots, first, second);
  const begun: Slot[] = [];
  expect(begin(slots, begun)).toEqual(["a"]);
  slots.place(second, false);
  slots.free(begun[0]!);
  expect(begin(slots)).toEqual([]);
});

test("attempts that are slow to be answered step aside after a second, as many again as there are places", () => {
  const slots = new Slots(4);
  const many = (name: string) => Array.from({ length: 6 }, (_, i) => lane(`${name}${i}`, 1));
  place(slots, ...many("hanging"));
  const begun: Slot[] = [];
  expect(begin(slots, begun)).toHaveLength(4);
  expect(slots.nextAsideMs).toBe(SLOW_MS);
  expect(slots.stepAside(SLOW_MS - 1)).toEqual([]);
  expect(slots.stepAside(SLOW_MS)).toHaveLength(4);
  expect(begin(slots, begun, SLOW_MS)).toEqual(["hanging4", "hanging5"]);
  place(slots, ...many("late"));
  expect(begin(slots, begun, SLOW_MS)).toHaveLength(2);
  // There is no more room aside until one of those there ends.
  expect(slots.stepAside(9 * SLOW_MS)).toEqual([]);
  expect([begin(slots), slots.nextAsideMs]).toEqual([[], Infinity]);
  slots.free(begun[0]!);
  expect(slots.stepAside(9 * SLOW_MS)).toHaveLength(1);
  expect(begin(slots)).toHaveLength(1);
});

test("a lane with slow attempts waits for room aside, and quick lanes do not wait for it", () => {
  const slots = new Slots(4);
  const begun: Slot[] = [];
  const hanging = ["a", "b", "c"].map((id) => lane(id, 9, { maxInFlight: 2 }));
  place(slots, ...hanging);
  expect(begin(slots, begun)).toEqual(["a", "b", "c", "a"]);
  for (const each of slots.stepAside(SLOW_MS)) place(slots, each);
  place(slots, lane("quick", 1));
  expect(begin(slots, begun, SLOW_MS)).toEqual(["quick"]);
  const [first] = begun;
  slots.free(first!);
  place(slots, first!.lane);
  // Room for one is aside: one that is slow begins in turn with one that is quick.
  place(slots, lane("quicker", 2));
  expect(begin(slots, begun, SLOW_MS).filter((id) => id !== "quicker")).toHaveLength(1);
});
