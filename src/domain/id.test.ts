import { expect, test } from "vitest";
import { idBefore, newId, prefixOf } from "./id.ts";

test("ids have no dot, say what they are, and sort by time", () => {
  const ids = Array.from({ length: 1000 }, () => newId("evt"));
  expect(ids[0]).toMatch(/^evt_[0-9a-z]{26}$/);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(1000);
});

test("an id that stands before a moment divides those made earlier from those made later", () => {
  const before = newId("dlv");
  const cut = idBefore("dlv", new Date(Date.now() + 1));
  expect(before < cut).toBe(true);
  expect(idBefore("dlv", new Date(Date.now() - 60_000)) < before).toBe(true);
});

test.each([
  ["wh_01h455vb4pex5vsknk084sn02q", "wh"],
  ["typ_payment_received", "typ"],
  ["nope_1", undefined],
  ["", undefined],
  ["wh", undefined],
  ["toString_1", undefined],
])("%j has the prefix %s", (id, prefix) => expect(prefixOf(id)).toBe(prefix));
