import { GraphQLError } from "graphql";
import { formatDuration } from "../domain/duration.ts";
import { Refusal, type Problem, type UserErrorCode } from "../domain/refusal.ts";
import { missingScopes, type Rights, type Scope } from "../domain/rights.ts";
import { builder, type RefOf } from "./builder.ts";
import { loadNode, Node } from "./node.ts";
import { ScopeEnum } from "./scope.ts";
import {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  LimitError,
  NotFoundError,
  userError,
  UserError,
} from "./user-error.ts";

/** For mutations: what the domain refuses becomes the typed error, its paths under `input`. */
export async function refusing<T>(command: () => Promise<T>): Promise<T> {
  try {
    return await command();
  } catch (error) {
    throw error instanceof Refusal ? userError(error, "input") : error;
  }
}

/** For queries and streams, which have no unions: a GraphQL error with the code. */
export function asGraphQLError(refusal: Refusal): GraphQLError {
  const { code, message, details } = refusal;
  return new GraphQLError(message, {
    extensions: {
      code,
      ...(details.path && { inputPath: details.path }),
      ...(details.requiredScopes && { requiredScopes: details.requiredScopes }),
    },
  });
}

const UserErrorCodeEnum = builder.enumType("UserErrorCode", {
  description: "What kind of refusal it is.",
  values: {
    INVALID_INPUT: { description: "The input has problems; `issues` lists them all." },
    NOT_FOUND: { description: "There is no such thing." },
    CONFLICT: { description: "Something stands in the way; `existing` shows it." },
    LIMIT_REACHED: { description: "Too much; `limit` says what is allowed." },
    UNSAFE_URL: { description: "The URL points to a place that webhooks may not reach." },
    NOT_RETRYABLE: { description: "This delivery can't be sent again now." },
    BREAKING_CHANGE: {
      description: "Receivers would break; `changes` says how and whose.",
    },
    FORBIDDEN: { description: "The key lacks a scope; `requiredScopes` names it." },
  } satisfies Record<UserErrorCode, object>,
});

export const UserErrorType = builder.interfaceRef<UserError>("UserError").implement({
  description:
    "Every expected failure implements this, so `... on UserError` keeps working when a new kind is added.",
  fields: (t) => ({
    message: t.exposeString("message", { description: "What was wrong, and what to do." }),
    code: t.field({
      type: UserErrorCodeEnum,
      description: "For programs.",
      resolve: ({ refusal }) => refusal.code,
    }),
    path: t.stringList({
      description: "Input path of the first problem, outermost first.",
      resolve: ({ refusal }) => [...(refusal.details.path ?? [])],
    }),
  }),
});

const InputIssue = builder.objectRef<Problem>("InputIssue").implement({
  description: "One problem of the input.",
  fields: (t) => ({
    path: t.stringList({
      description: "Where in the input, outermost first.",
      resolve: ({ path }) => [...path],
    }),
    pointer: t.field({
      type: "JSONPointer",
      nullable: true,
      description: "Where in a JSON value, such as the payload.",
      resolve: ({ pointer }) => pointer ?? null,
    }),
    message: t.exposeString("message", { description: "What is wrong, and what would be right." }),
  }),
});

builder.objectType(InvalidInputError, {
  name: "InvalidInputError",
  description: "The input has problems.",
  interfaces: [UserErrorType],
  fields: (t) => ({
    issues: t.field({
      type: [InputIssue],
      description: "All problems at once.",
      // Of the many results of one call few have any.
      extensions: { rows: 1 },
      resolve: ({ refusal, message }) =>
        refusal.details.problems ?? [{ path: refusal.details.path ?? [], message }],
    }),
  }),
});

builder.objectType(NotFoundError, {
  name: "NotFoundError",
  description: "There is no such thing; what belongs to somebody else is not there either.",
  interfaces: [UserErrorType],
});

builder.objectType(ConflictError, {
  name: "ConflictError",
  description: "Something stands in the way.",
  interfaces: [UserErrorType],
  fields: (t) => ({
    existing: t.field({
      type: Node,
      nullable: true,
      description: "What stands in the way.",
      resolve: ({ refusal }, _args, context) =>
        refusal.details.existingId === undefined
          ? null
          : loadNode(refusal.details.existingId, context),
    }),
    currentVersion: t.int({
      nullable: true,
      description: "The version that is there now.",
      resolve: ({ refusal }) => refusal.details.currentVersion ?? null,
    }),
  }),
});

builder.objectType(LimitError, {
  name: "LimitError",
  description: "Too much at once or in all.",
  interfaces: [UserErrorType],
  fields: (t) => ({
    limit: t.int({
      description: "What is allowed.",
      resolve: ({ refusal }) => refusal.details.limit ?? 0,
    }),
    retryAfter: t.field({
      type: "Duration",
      nullable: true,
      description: "When to try again, when that helps.",
      resolve: ({ refusal }) =>
        refusal.details.retryAfterMs === undefined
          ? null
          : formatDuration(refusal.details.retryAfterMs),
    }),
  }),
});

builder.objectType(ForbiddenError, {
  name: "ForbiddenError",
  description: "The key does not have the scopes for it.",
  interfaces: [UserErrorType],
  fields: (t) => ({
    requiredScopes: t.field({
      type: [ScopeEnum],
      description: "Those that are missing.",
      resolve: ({ refusal }) => [...(refusal.details.requiredScopes ?? [])],
    }),
  }),
});

/** For what a field's declared scopes can't say; refuses with those that are missing. */
export function requireScopes(
  rights: Rights,
  scopes: readonly Scope[],
  path: readonly string[],
): void {
  const requiredScopes = missingScopes(rights, scopes);
  if (requiredScopes.length > 0) throw new Refusal("FORBIDDEN", { path, requiredScopes });
}

/** The result of one mutation: its payload, or one of these errors. */
export function resultUnion<T extends object>(
  name: string,
  payload: RefOf<T>,
  errors: readonly (abstract new (...args: never[]) => UserError)[],
) {
  return builder.errorUnion(`${name}Result`, {
    description: `What ${name.charAt(0).toLowerCase()}${name.slice(1)} answers.`,
    types: [payload, ...([...errors, ForbiddenError] as never[])],
    resolveType: () => `${name}Payload`,
  });
}
