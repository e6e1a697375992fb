import { expect, test } from "vitest";
import {
  any,
  text,
  whole,
  number,
  flag,
  none,
  list,
  map,
  union,
  object,
} from "../../../test/shapes.ts";
import { fieldAt, shapeOf, withoutNull } from "./shape-of.ts";
import type { Shape } from "./shape.ts";

const order = object({
  "id!": whole,
  "customer!": union(object({ "name!": text }), none),
  "sure!": object({ "name!": text, maybe: text }),
  "lines!": list(object({ "sku!": text })),
  "names!": map(text),
  "loose!": any,
  "mixed!": union(text, object({ a: text }), object({ "a!": number, b: flag }), none),
  "a/b~c!": text,
});

test.each<[string, Shape, boolean]>([
  ["", order, true],
  ["/id", whole, true],
  ["/customer", union(object({ "name!": text }), none), true],
  ["/customer/name", text, false],
  ["/sure/name", text, true],
  ["/sure/maybe", text, false],
  ["/lines/0/sku", text, false],
  ["/lines/12", object({ "sku!": text }), false],
  ["/lines/-/sku", text, false],
  ["/names/what ever", text, false],
  ["/names/", text, false],
  ["/loose/a/0", any, false],
  ["/mixed/a", union(text, number), false],
  ["/mixed/b", flag, false],
  ["/a~1b~0c", text, true],
])("%j points to a value", (pointer, shape, isRequired) => {
  expect(fieldAt(order, pointer)).toEqual({ shape, isRequired, description: null });
});

test.each([
  "id",
  "/nope",
  "/id/x",
  "/customer/nope",
  "/lines/01",
  "/lines/x",
  "/lines/length",
  "/a~2",
  "/a/b~c",
  "/mixed/c",
  "/",
  "/__proto__",
  "/constructor",
])("%j points to nothing", (pointer) => {
  expect(fieldAt(order, pointer)).toBeUndefined();
});

test("any key of a payload without declared fields may be pointed to", () => {
  expect(fieldAt(shapeOf({ type: "object" }), "/a/b")?.shape).toEqual(any);
});

test("null is told apart", () => {
  expect(withoutNull(union(text, none))).toEqual(text);
  expect(withoutNull(union(text, flag, none))).toEqual(union(text, flag));
  expect([any, none, text].map(withoutNull)).toEqual([any, none, text]);
});
