import { expect, test } from "vitest";
import { readCursor, writeCursor } from "./cursor.ts";

test("a cursor is read by its own stream and tenant alone", () => {
  const cursor = writeCursor("inbox inb_1", "ten_1", 42);
  expect(readCursor("inbox inb_1", "ten_1", cursor)).toBe(42);
  expect(readCursor("inbox inb_2", "ten_1", cursor)).toBeUndefined();
  expect(readCursor("deliveries", "ten_1", cursor)).toBeUndefined();
  expect(readCursor("inbox inb_1", "ten_2", cursor)).toBeUndefined();
});

test.each([
  "",
  "x",
  "bnVsbA",
  btoa("[]"),
  btoa('["deliveries","ten_1",-1]'),
  btoa('["deliveries","ten_1",1.5]'),
])("%j is no cursor", (text) => expect(readCursor("deliveries", "ten_1", text)).toBeUndefined());
