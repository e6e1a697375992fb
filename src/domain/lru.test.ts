import { expect, test } from "vitest";
import { Lru } from "./lru.ts";

test("what was used longest ago is forgotten first", () => {
  const cache = new Lru<string, number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  expect(cache.get("a")).toBe(1);
  cache.set("c", 3);
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([1, undefined, 3]);
  expect(cache.size).toBe(2);
});

test("setting a key again replaces its value and its weight, and makes it the newest", () => {
  const cache = new Lru<string, number>(10);
  cache.set("a", 1, 8);
  cache.set("b", 2, 2);
  cache.set("a", 3, 1);
  cache.set("c", 4, 8);
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([3, undefined, 4]);
});

test("entries go until the weight fits, and a value that is too heavy is kept alone", () => {
  const cache = new Lru<string, number>(10);
  for (const key of ["a", "b", "c"]) cache.set(key, 0, 3);
  cache.set("d", 1, 5);
  expect(cache.get("a")).toBeUndefined();
  expect(cache.get("b")).toBeUndefined();
  expect(cache.size).toBe(2);
  cache.set("heavy", 2, 11);
  expect([cache.size, cache.get("heavy")]).toEqual([1, 2]);
  cache.set("e", 3);
  expect([cache.size, cache.get("heavy"), cache.get("e")]).toEqual([1, undefined, 3]);
});

test("what is deleted or cleared weighs nothing", () => {
  const cache = new Lru<string, undefined>(2);
  cache.set("a", undefined, 2);
  expect([cache.delete("a"), cache.delete("a")]).toEqual([true, false]);
  cache.set("b", undefined);
  cache.set("c", undefined);
  expect(cache.size).toBe(2);
  cache.clear();
  cache.set("d", undefined, 2);
  cache.set("e", undefined, 0);
  expect(cache.size).toBe(2);
});
