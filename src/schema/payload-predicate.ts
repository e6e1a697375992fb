import type { Json } from "../domain/catalog/entry.ts";
import { builder } from "./builder.ts";

interface Predicate {
  all?: Predicate[] | null;
  any?: Predicate[] | null;
  not?: Predicate | null;
  field?: { at: string; is: ValueTest } | null;
}
interface ValueTest {
  eq?: Json | null;
  in?: Json[] | null;
  gt?: number | null;
  gte?: number | null;
  lt?: number | null;
  lte?: number | null;
  startsWith?: string | null;
  contains?: string | null;
  exists?: boolean | null;
  isNull?: boolean | null;
}

const ValueTestInput = builder.inputRef<ValueTest>("ValueTest").implement({
  description: "One test of a value. On an event without the field it is false.",
  isOneOf: true,
  fields: (t) => ({
    eq: t.field({ type: "JSON", description: "Is exactly this." }),
    in: t.field({ type: ["JSON"], description: "Is one of these." }),
    gt: t.float({ description: "Is more than this." }),
    gte: t.float({ description: "Is this or more." }),
    lt: t.float({ description: "Is less than this." }),
    lte: t.float({ description: "Is this or less." }),
    startsWith: t.string({ description: "Is a text that starts so." }),
    contains: t.string({ description: "Is a text with this in it, or a list with this text." }),
    exists: t.boolean({ description: "Whether the field is there; null counts as there." }),
    isNull: t.boolean({ description: "Is there, and null or not." }),
  }),
});

const FieldPredicateInput = builder.inputType("FieldPredicate", {
  description: "A test of one field.",
  fields: (t) => ({
    at: t.field({
      type: "JSONPointer",
      required: true,
      description: "Where it stands in the payload, such as /payment_total_raw.",
    }),
    is: t.field({ type: ValueTestInput, required: true, description: "What must hold there." }),
  }),
});

export const PayloadPredicateInput = builder.inputRef<Predicate>("PayloadPredicate");
PayloadPredicateInput.implement({
  description:
    "A tree of conditions on the payload. When it is saved, each pointer must exist in at least one of the webhook's event types and the tests must fit its type; on an event without the field a test is false.",
  isOneOf: true,
  fields: (t) => ({
    all: t.field({ type: [PayloadPredicateInput], description: "All of these hold." }),
    any: t.field({ type: [PayloadPredicateInput], description: "One of these holds." }),
    not: t.field({ type: PayloadPredicateInput, description: "This does not hold." }),
    field: t.field({ type: FieldPredicateInput, description: "This field passes." }),
  }),
});
