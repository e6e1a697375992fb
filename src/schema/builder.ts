import SchemaBuilder, { type ObjectRef, type OutputType } from "@pothos/core";
import ErrorsPlugin from "@pothos/plugin-errors";
import ScopeAuthPlugin, { type AuthFailure } from "@pothos/plugin-scope-auth";
import type { Json } from "../domain/catalog/entry.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Scope } from "../domain/rights.ts";
import type { Context } from "./context.ts";
import ScopeWordsPlugin from "./scope-words.ts";
import { userError } from "./user-error.ts";

export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  AuthScopes: { needs: Scope };
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    Duration: { Input: string; Output: string };
    URL: { Input: string; Output: string };
    JSON: { Input: NonNullable<Json>; Output: unknown };
    JSONPointer: { Input: string; Output: string };
    StreamCursor: { Input: string; Output: string };
  };
}>({
  defaultFieldNullability: false,
  // In this order a missing scope is an error like others: in a mutation it becomes a member of its union.
  plugins: [ErrorsPlugin, ScopeAuthPlugin, ScopeWordsPlugin],
  scopeAuth: {
    authScopes: ({ caller: { rights } }) => ({ needs: (scope) => rights.scopes.has(scope) }),
    runScopesOnType: true,
    authorizeOnSubscribe: true,
    unauthorizedError(_parent, _context, { parentType }, { failure }) {
      const refusal = new Refusal("FORBIDDEN", { requiredScopes: scopesOf(failure) });
      return parentType.name === "Mutation" ? userError(refusal) : refusal;
    },
  },
});

function scopesOf(failure: AuthFailure): Scope[] {
  if ("failures" in failure) return failure.failures.flatMap(scopesOf);
  return "parameter" in failure ? [failure.parameter as Scope] : [];
}

type Types =
  typeof builder extends PothosSchemaTypes.SchemaBuilder<infer OfSchema> ? OfSchema : never;

/** An object type of this schema whose values are `T`. */
export type RefOf<T> = ObjectRef<Types, T>;

/** What makes the fields of an object type or of an interface whose values are `T`. */
export type Fields<T> = PothosSchemaTypes.FieldBuilder<Types, T, "Object" | "Interface">;

/** What a field can be of. */
export type TypeOf = OutputType<Types>;

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
