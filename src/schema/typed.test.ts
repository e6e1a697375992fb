import { expect, test } from "vitest";
import { Catalog } from "../domain/catalog/catalog.ts";
import { entryOf } from "../domain/catalog/own.ts";
import { schema as main, TypedSchemas } from "./index.ts";

/** A catalog as it is read from the database: all of its objects are new. */
function read(fields: Readonly<Record<string, string>>): Catalog {
  const texts = { aliases: [], title: "T", description: "D", category: "C" };
  const rest = { deprecationReason: null, retiredAt: null, version: 1, samplePayload: {} };
  return new Catalog(
    Object.entries(fields).map(([name, field]) => {
      const inner = { type: "object", properties: { [field]: { type: "string" } } };
      const schema = { type: "object", properties: { inner } };
      return entryOf({ ...texts, ...rest, id: `typ_${name}`, name, schema });
    }),
  );
}

test("after a change only the types that changed are made again, and what can't lead to them never", () => {
  const typed = new TypedSchemas(main);
  const before = typed.of("ten_1", read({ order_made: "sku", order_sent: "sku" }));
  const after = typed.of("ten_1", read({ order_made: "number", order_sent: "sku" }));
  for (const name of ["OrderSentData", "OrderSentData_Inner"]) {
    expect(after.getType(name)).toBeDefined();
    expect(after.getType(name)).toBe(before.getType(name));
  }
  expect(after.getType("OrderMadeData_Inner")).not.toBe(before.getType("OrderMadeData_Inner"));
  expect(after.getType("CreateWebhookInput")).toBe(main.getType("CreateWebhookInput"));
  expect(after.getType("Event")).not.toBe(main.getType("Event"));
});

test("what was prepared is there, made once for all who wait for it, with rests in between", async () => {
  const typed = new TypedSchemas(main);
  const catalog = read(
    Object.fromEntries(
      Array.from({ length: 26 * 26 }, (_, index) => {
        const word = [Math.floor(index / 26), index % 26].map((n) => String.fromCharCode(97 + n));
        return [`order_${word.join("")}`, "sku"];
      }),
    ),
  );
  let rests = 0;
  const rest = () => Promise.resolve(void rests++);
  const [one, other] = [1, 2].map(() => typed.prepare("ten_1", catalog, rest));
  expect(other).toBe(one);
  await one;
  expect(rests).toBeGreaterThan(3);
  await typed.prepare("ten_1", catalog, () => Promise.reject(new Error("There was nothing to do")));
  expect(typed.of("ten_1", catalog).getType("OrderZzData")).toBeDefined();
});
