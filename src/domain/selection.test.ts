import { expect, test } from "vitest";
import {
  any,
  drawn,
  fittingPayload,
  list,
  map,
  type Node,
  nodesOf,
  nullable,
  object,
  payload as payloads,
  randomObject,
  randomSelection,
  text,
  union,
} from "../../test/payload-shapes.ts";
import type { Json, JsonObject } from "./catalog/entry.ts";
import { fieldName } from "./catalog/graphql-names.ts";
import type { ObjectShape } from "./catalog/shape.ts";
import { parseSelection } from "./selection-text.ts";
import { select, type Selection, shapeKey } from "./selection.ts";

const order = object({
  total: text,
  customer: nullable(object({ email: text, name: text, address: object({ city: text }) })),
  lines: list(nullable(object({ price: text, sku: text }))),
  grid: list(list(object({ x: text, y: text }))),
  tags: list(text),
  meta: map(text),
  extra: any,
  either: union(text, object({ secret: text })),
});

function selectionOf(fields: string, shape: ObjectShape = order): Selection {
  const parsed = parseSelection(fields, shape);
  if ("problems" in parsed) throw new Error(parsed.problems.join("; "));
  return parsed.selection;
}

/** As it is sent. */
function sent(fields: string, payload: JsonObject, shape?: ObjectShape): string {
  return JSON.stringify(select(selectionOf(fields, shape), payload));
}

test("exactly the selected fields are sent, in the order of the selection", () => {
  const payload = {
    total: "12",
    customer: { name: "Ann", email: "a@example.com", address: { city: "Rome", street: "Via" } },
    card: "4111",
  };
  expect(sent("customer { address { city } email } total", payload)).toBe(
    '{"customer":{"address":{"city":"Rome"},"email":"a@example.com"},"total":"12"}',
  );
});

test("of each object in a list, also of lists of lists, the selected fields are sent", () => {
  const payload: JsonObject = {
    lines: [{ price: "1", sku: "a" }, null, { sku: "b" }],
    grid: [[{ x: "1", y: "2" }], [], [{ y: "3" }]],
  };
  expect(sent("lines { price } grid { x }", payload)).toBe(
    '{"lines":[{"price":"1"},null,{}],"grid":[[{"x":"1"}],[],[{}]]}',
  );
});

test("null stays null, and what is not there stays absent", () => {
  expect(sent("customer { email } total meta", { customer: null, meta: {} })).toBe(
    '{"customer":null,"meta":{}}',
  );
});

test("maps, unknown values and choices between objects and others are sent whole", () => {
  const payload = { meta: { a: "1" }, extra: [{ b: 2 }], either: { secret: "s" }, tags: ["x"] };
  expect(JSON.parse(sent("meta extra either tags", payload))).toEqual(payload);
});

test.each<[string, Json, Json]>([
  ["a text that stands where an object was declared", "Ann, a@example.com, 4111", null],
  ["a number there", 4111, null],
  ["a list of texts there", ["4111", { email: "a", card: "4111" }], [null, { email: "a" }]],
])("%s is not sent, since nobody selected what it holds", (_, customer, expected) => {
  expect(JSON.parse(sent("customer { email }", { customer }))).toEqual({ customer: expected });
});

test.each<[string, Json, Json]>([
  ["an object that stands where text was declared", { card: "4111" }, null],
  ["a list of objects there", ["12", { card: "4111" }], ["12", null]],
  ["a number there", 12, 12],
])("%s is sent only as far as it is a plain value", (_, total, expected) => {
  expect(JSON.parse(sent("total", { total }))).toEqual({ total: expected });
});

test("a field named __proto__ is a field like any other, and changes no prototype", () => {
  const inner = object([["__proto__", text]]);
  const shape = object([["__proto__", inner]]);
  const payload = JSON.parse(
    '{"__proto__":{"__proto__":"x","polluted":"y"},"other":1}',
  ) as JsonObject;
  const name = fieldName("__proto__");
  const selected = select(selectionOf(`${name} { ${name} }`, shape), payload);
  expect(JSON.stringify(selected)).toBe('{"__proto__":{"__proto__":"x"}}');
  expect(Object.getPrototypeOf(selected)).toBe(Object.prototype);
  expect("polluted" in {}).toBe(false);
});

test("what an object inherits is no field of a payload", () => {
  const shape = object({ constructor: any, toString: any });
  expect(sent("constructor toString", {}, shape)).toBe("{}");
});

test("equal selections have one key, however they were written and stored", () => {
  const key = shapeKey(selectionOf("total customer { email name }"));
  expect(key).toMatch(/^[\w-]{16}$/);
  expect(shapeKey(selectionOf("{ total, customer { email } customer { name } }"))).toBe(key);
  const stored = selectionOf("total customer { email name }").map(({ part, key: at, name }) => ({
    part,
    key: at,
    name,
  }));
  expect(shapeKey(stored)).toBe(key);
});

test("selections that make other bodies have other keys", () => {
  const keys = [
    shapeKey(selectionOf("total customer { email name }")),
    shapeKey(selectionOf("customer { email name } total")),
    shapeKey(selectionOf("total customer { email }")),
    shapeKey(selectionOf("total tags")),
    shapeKey(selectionOf("a_b", object({ a_b: text }))),
    shapeKey(selectionOf("a_b", object({ "a-b": text }))),
    shapeKey(selectionOf("a_b", object({ a_b: any }))),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

function keysOf({ path }: Node): readonly string[] {
  return path.filter((step) => typeof step === "string");
}

function begins(path: readonly string[], start: readonly string[]): boolean {
  return start.every((key, index) => path[index] === key);
}

function sorted(nodes: readonly Node[]): string[] {
  return nodes.map((node) => JSON.stringify([node.path, node.value])).toSorted();
}

test("of any payload, exactly what the selection names is sent", () => {
  let compared = 0;
  drawn((draw) => {
    const shape = randomObject(draw);
    const picked = randomSelection(draw, shape);
    if (!picked) return;
    const payload = fittingPayload(draw, shape, 2);
    const expected = nodesOf(payload).filter((node) => {
      const keys = keysOf(node);
      return picked.leaves.some((leaf) => begins(keys, leaf) || begins(leaf, keys));
    });
    const found = JSON.parse(sent(picked.text, payload, shape)) as JsonObject;
    expect(sorted(nodesOf(found))).toEqual(sorted(expected));
    compared += expected.length;
  });
  expect(compared).toBeGreaterThan(1_000);
});

test("of a payload of any other shape, nothing is sent that the selection does not name", () => {
  drawn((draw) => {
    const shape = randomObject(draw);
    const picked = randomSelection(draw, shape);
    if (!picked) return;
    const payload = draw(payloads);
    const there = new Set(sorted(nodesOf(payload)));
    for (const node of nodesOf(JSON.parse(sent(picked.text, payload, shape)))) {
      const keys = keysOf(node);
      const isContent = node.value !== null && node.value !== "{}" && node.value !== "[]";
      if (isContent) expect(picked.leaves.some((leaf) => begins(keys, leaf))).toBe(true);
      if (node.value !== null) expect(there).toContain(sorted([node])[0]);
    }
  });
});
