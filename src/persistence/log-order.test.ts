import { expect, test } from "vitest";
import { LogEntry } from "../domain/log-entry.ts";
import { LogOrder } from "./log-order.ts";

function rows(tenantId: string, ...positions: number[]): LogEntry[] {
  return positions.map((position) => Object.assign(new LogEntry(), { tenantId, position }));
}

test("rows are handed on in their order, each once, and none before those that come first", () => {
  const order = new LogOrder(new Map([["a", 10]]));
  const received = (...entries: LogEntry[]) =>
    order.receive(entries).map(({ tenantId, position }) => `${tenantId}${position}`);
  expect(received(...rows("a", 13, 14))).toEqual([]);
  expect(order.hasGaps).toBe(true);
  expect(received(...rows("b", 1, 2), ...rows("a", 11))).toEqual(["b1", "b2", "a11"]);
  expect(order.position("a")).toBe(11);
  expect(received(...rows("a", 11, 12, 13))).toEqual(["a12", "a13", "a14"]);
  expect(order.hasGaps).toBe(false);
  expect(received(...rows("a", 12, 14))).toEqual([]);
  expect([order.position("a"), order.position("b"), order.tenantIds]).toEqual([14, 2, ["a", "b"]]);
});

test("what retention has removed is waited for no longer", () => {
  const order = new LogOrder(new Map([["a", 10]]));
  expect(order.receive(rows("a", 41))).toEqual([]);
  order.skip("a", 39);
  expect(order.receive(rows("a", 40)).map(({ position }) => position)).toEqual([40, 41]);
  order.skip("a", 20);
  expect(order.position("a")).toBe(41);
});
