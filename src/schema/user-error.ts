import type { Refusal } from "../domain/refusal.ts";

/** What a client sees of a Refusal. `path` is exposed from `inputPath`: graphql-js takes an error with a path as located. */
export abstract class UserError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}
export class InvalidInputError extends UserError {}
export class NotFoundError extends UserError {}
export class ConflictError extends UserError {}
export class LimitError extends UserError {}
export class ForbiddenError extends UserError {}
export class BreakingChangeError extends UserError {}

const CLASSES = {
  INVALID_INPUT: InvalidInputError,
  UNSAFE_URL: InvalidInputError,
  NOT_FOUND: NotFoundError,
  CONFLICT: ConflictError,
  NOT_RETRYABLE: ConflictError,
  LIMIT_REACHED: LimitError,
  FORBIDDEN: ForbiddenError,
  BREAKING_CHANGE: BreakingChangeError,
} as const;

/** The typed error of a refusal that stands under these names in the call. */
export function userError(refusal: Refusal, ...outer: string[]): UserError {
  return new CLASSES[refusal.code](outer.length > 0 ? refusal.under(...outer) : refusal);
}
