import type { App } from "./app.ts";
import { Register } from "./catalog-documents.ts";
import type { EventTypeInput, RegisterEventTypesInput } from "./generated/graphql.ts";

/** An order with a customer and lines. */
export const ORDER: EventTypeInput = {
  name: "order_created",
  title: "Order created",
  description: "An order was placed.",
  category: "Shop",
  schema: {
    type: "object",
    required: ["id", "total", "customer"],
    properties: {
      id: { type: "string" },
      total: { type: "number", minimum: 0 },
      status: { enum: ["open", "paid"] },
      customer: {
        type: "object",
        required: ["email"],
        properties: { email: { type: "string" }, name: { type: "string" } },
      },
      lines: {
        type: "array",
        items: {
          type: "object",
          properties: { sku: { type: "string" }, price: { type: "number" } },
        },
      },
    },
  },
  samplePayload: {
    id: "o1",
    total: 12.5,
    status: "open",
    customer: { email: "a@example.com", name: "A" },
    lines: [{ sku: "x", price: 12.5 }],
  },
};

type Schema = { properties: Record<string, unknown>; required: string[] };

/** ORDER with other properties; one that is undefined is left out, of the sample too. */
export function orderWith(
  properties: Record<string, unknown>,
  changes: Partial<EventTypeInput> = {},
): EventTypeInput {
  const schema = ORDER.schema as Schema;
  const sample = ORDER.samplePayload as Record<string, unknown>;
  const all = { ...schema.properties, ...properties };
  const kept = Object.keys(all).filter((name) => all[name] !== undefined);
  const only = (values: Record<string, unknown>) =>
    Object.fromEntries(kept.flatMap((name) => (name in values ? [[name, values[name]]] : [])));
  return {
    ...ORDER,
    schema: {
      type: "object",
      required: schema.required.filter((name) => kept.includes(name)),
      properties: only(all),
    },
    samplePayload: only(sample),
    ...changes,
  };
}

export async function register(
  app: App,
  types: readonly EventTypeInput[],
  input: Partial<RegisterEventTypesInput> = {},
) {
  const { registerEventTypes } = await app.run(Register, {
    input: { types: [...types], ...input },
  });
  if (!registerEventTypes) throw new Error("No answer");
  return registerEventTypes;
}

export async function registered(
  app: App,
  types: readonly EventTypeInput[] = [ORDER],
  input: Partial<RegisterEventTypesInput> = {},
) {
  const answer = await register(app, types, input);
  if (answer.__typename !== "RegisterEventTypesPayload") throw new Error(JSON.stringify(answer));
  return answer;
}
