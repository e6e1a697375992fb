import { expect, test } from "vitest";
import { Catalog } from "./catalog/catalog.ts";
import type { Json } from "./catalog/entry.ts";
import { entryOf } from "./catalog/own.ts";
import { shapingOf } from "./webhook-shape.ts";

/** A catalog as it is read from the database: all of its objects are new. */
function read(types: Readonly<Record<string, string>>): Catalog {
  const texts = { aliases: [], title: "T", description: "D", category: "C" };
  const rest = { deprecationReason: null, retiredAt: null, version: 1, samplePayload: {} };
  return new Catalog(
    Object.entries(types).map(([name, field]) => {
      const properties: Json = { [field]: { type: "string" } };
      const schema = { type: "object", properties };
      return entryOf({ ...texts, ...rest, id: `typ_${name}`, name, schema });
    }),
  );
}

test("a selection is read once for each schema: again when its type changed, and not when another one did", () => {
  const selection = { eventType: "order_sent", fields: "sku" };
  const before = shapingOf(selection, read({ order_sent: "sku", order_made: "sku_old" }));
  expect(before).toMatchObject({ selection: [{ name: "sku", key: "sku", part: "SCALARS" }] });
  const after = read({ order_sent: "sku", order_made: "sku_new" });
  expect(shapingOf(selection, after)).toBe(before);
  expect(shapingOf(selection, read({ order_sent: "other" }))).toBe("BROKEN");
  expect(shapingOf({ ...selection, fields: "skew" }, after)).toBe("BROKEN");
  expect(shapingOf(selection, after)).toBe(before);
});
