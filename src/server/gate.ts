import { GraphQLError } from "graphql";
import { Refusal } from "../domain/refusal.ts";
import { asGraphQLError } from "../schema/index.ts";

export interface GateOptions {
  /** Logs an error that nobody expected, with the id that the client is told. */
  readonly report: (error: unknown, errorId: string) => void;
  readonly newErrorId: () => string;
  /** What is wrong with the disk or the database, in words, when an error says so. */
  readonly storageProblem: (error: unknown) => string | undefined;
}

/** Where errors leave the service: what the caller can act on passes, everything else becomes an id that the log knows. */
export function createGate({ report, newErrorId, storageProblem }: GateOptions) {
  /** What many are told of is one error: a message that failed, for all its subscribers. */
  const ids = new WeakMap<object, string>();
  const idOf = (cause: unknown): string => {
    const known = isObject(cause) ? ids.get(cause) : undefined;
    if (known !== undefined) return known;
    const errorId = newErrorId();
    if (isObject(cause)) ids.set(cause, errorId);
    report(cause, errorId);
    return errorId;
  };
  return (error: unknown): Error => {
    if (error instanceof GraphQLError && error.originalError === undefined) return withCode(error);
    const cause = error instanceof GraphQLError ? error.originalError : error;
    const place = error instanceof GraphQLError ? { nodes: error.nodes, path: error.path } : {};
    if (cause instanceof GraphQLError) {
      const { message, extensions } = withCode(cause);
      return new GraphQLError(message, { ...place, extensions });
    }
    if (cause instanceof Refusal) {
      const { message, extensions } = asGraphQLError(cause);
      return new GraphQLError(message, { ...place, extensions });
    }
    const errorId = idOf(cause);
    const storage = storageProblem(cause);
    const message = storage
      ? `Nothing was changed, because ${storage}. Try again later (error ${errorId}).`
      : `Something went wrong on our side (error ${errorId}).`;
    const code = storage ? "UNAVAILABLE" : "INTERNAL_SERVER_ERROR";
    return new GraphQLError(message, { ...place, extensions: { code, errorId } });
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** What GraphQL itself refuses has a code too; a body that is no JSON is not sent back with the parser's words. */
function withCode(error: GraphQLError): GraphQLError {
  error.extensions.code ??= "BAD_USER_INPUT";
  // It holds the body itself. It can't be left out: by its presence Yoga answers with 400.
  if (error.extensions.originalError) error.extensions.originalError = { name: "SyntaxError" };
  return error;
}
