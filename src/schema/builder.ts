import SchemaBuilder, { type ObjectRef } from "@pothos/core";
import ErrorsPlugin from "@pothos/plugin-errors";
import type { Json } from "../domain/event-type.ts";
import type { Context } from "./context.ts";

export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    Duration: { Input: string; Output: string };
    URL: { Input: string; Output: string };
    JSON: { Input: NonNullable<Json>; Output: unknown };
    JSONPointer: { Input: string; Output: string };
    StreamCursor: { Input: string; Output: string };
  };
}>({ defaultFieldNullability: false, plugins: [ErrorsPlugin] });

/** An object type of this schema whose values are `T`. */
export type RefOf<T> =
  typeof builder extends PothosSchemaTypes.SchemaBuilder<infer Types> ? ObjectRef<Types, T> : never;

builder.queryType({
  description:
    "Reads. A null at the top means that there is no such thing, or that reading it failed.",
});
builder.mutationType({
  description:
    "Commands. Each answers with its payload or with a typed error that says what to do.",
});
builder.subscriptionType({
  description:
    "Live streams. Each tells first what `start` asks for, then StreamCaughtUp, then what happens, in commit order and at least once.",
});
