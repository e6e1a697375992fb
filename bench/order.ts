import type { JsonObject } from "../src/domain/catalog/entry.ts";

/** A type of a user's own, with what its webhooks select and filter: as large as the payload that is asked for. */
export const SCHEMA: JsonObject = {
  type: "object",
  required: ["id", "number", "status", "currency", "total", "customer", "lines"],
  properties: {
    id: { type: "string", minLength: 1 },
    number: { type: "integer", minimum: 1 },
    status: { enum: ["open", "paid", "shipped"] },
    currency: { type: "string", pattern: "^[A-Z]{3}$" },
    total: { type: "number", minimum: 0 },
    tax: { type: "number", minimum: 0 },
    paid_at: { type: ["string", "null"], format: "date-time" },
    note: { type: ["string", "null"], maxLength: 500 },
    customer: {
      type: "object",
      required: ["id", "email"],
      properties: {
        id: { type: "string" },
        email: { type: "string", minLength: 3 },
        name: { type: "string" },
        phone: { type: ["string", "null"] },
        address: {
          type: "object",
          required: ["street", "city", "country"],
          properties: {
            street: { type: "string" },
            city: { type: "string" },
            postcode: { type: "string" },
            country: { type: "string", minLength: 2, maxLength: 2 },
          },
        },
      },
    },
    lines: {
      type: "array",
      items: {
        type: "object",
        required: ["sku", "quantity", "price"],
        properties: {
          sku: { type: "string" },
          title: { type: "string" },
          quantity: { type: "integer", minimum: 1 },
          price: { type: "number", minimum: 0 },
        },
      },
    },
  },
};

/** Three conditions, all of which every order keeps. */
export const FILTER = {
  all: [
    { field: { at: "/status", is: { in: ["paid", "shipped"] } } },
    { field: { at: "/total", is: { gte: 10 } } },
    { field: { at: "/customer/email", is: { contains: "@" } } },
  ],
} as const;

/** Together ten fields. */
const FIELDS = ["id", "number", "status", "currency", "total", "paid_at"];
const NESTED = [
  ["customer { id email }", "lines { sku price }"],
  ["customer { email id }", "lines { price sku }"],
] as const;

/** Ten fields in an order of their own, since bodies differ by it; there are 16. */
export function fieldsOf(number: number): string {
  const all = [...FIELDS, ...NESTED[Math.floor(number / 8) % 2]!];
  return all.map((_, index) => all[(index + number) % all.length]).join(" ");
}

/** An order of so many bytes: the larger, the more lines it has; less than a line is filled up by its note. */
export function orderOf(bytes: number, number = 1): Record<string, unknown> {
  const lines: object[] = [];
  const order = {
    id: `ord_${String(number).padStart(12, "0")}`,
    number: 1000 + number,
    status: "paid",
    currency: "EUR",
    total: 129.95,
    tax: 20.75,
    paid_at: "2026-03-01T12:34:56.789Z",
    note: "",
    customer: {
      id: `cus_${String(number).padStart(12, "0")}`,
      email: "ada.lovelace@example.com",
      name: "Ada Lovelace",
      phone: null,
      address: { street: "12 St James's Square", city: "London", postcode: "SW1Y", country: "GB" },
    },
    lines,
  };
  const room = () => bytes - JSON.stringify(order).length;
  const line = { sku: "SKU-00001234", title: "A notebook, ruled", quantity: 2, price: 12.5 };
  for (let left = room(); left > JSON.stringify(line).length; left = room())
    lines.push({ ...line });
  return { ...order, note: "x".repeat(Math.max(0, room())) };
}
