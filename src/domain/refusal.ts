import type { EventTypeChange } from "./catalog/registration.ts";
import type { Scope } from "./rights.ts";

/** Codes that clients can act on, closed and shared with the API. */
export const USER_ERROR_CODES = [
  "INVALID_INPUT",
  "NOT_FOUND",
  "CONFLICT",
  "LIMIT_REACHED",
  "UNSAFE_URL",
  "NOT_RETRYABLE",
  "FORBIDDEN",
  "BREAKING_CHANGE",
] as const;
export type UserErrorCode = (typeof USER_ERROR_CODES)[number];

/** Every refusal: what the caller is told, and the code it can act on. A problem's own text wins over the table's. */
export const REFUSALS = {
  INPUT_INVALID: { code: "INVALID_INPUT", text: "The input has problems; see issues" },
  URL_UNSAFE: { code: "UNSAFE_URL", text: "The URL points to a place that webhooks may not reach" },
  WEBHOOK_NOT_FOUND: {
    code: "NOT_FOUND",
    text: "No webhook has this id or key; the webhooks query lists them all",
  },
  EVENT_NOT_FOUND: {
    code: "NOT_FOUND",
    text: "No event has this id; it may be older than the retention period",
  },
  EVENT_TYPE_NOT_FOUND: {
    code: "NOT_FOUND",
    text: "The catalog has no event type of this name; the events query lists them all",
  },
  EVENT_TYPE_RETIRED: {
    code: "NOT_FOUND",
    text: "This event type was retired; the events query lists those that can be published",
  },
  BREAKING_CHANGE: {
    code: "BREAKING_CHANGE",
    text: "The new schemas would break receivers; see changes, and repeat the call with allowBreaking when they are ready for it",
  },
  SELECTION_BROKEN: {
    code: "CONFLICT",
    text: "The webhook's select asks for fields that an event type has no more; update select first",
  },
  EVENT_TYPES_FULL: {
    code: "LIMIT_REACHED",
    text: "This is the largest number of event types of a tenant's own",
  },
  CHANGES_TOO_WIDE: {
    code: "LIMIT_REACHED",
    text: "These are the most rows of webhooks that one call tells beside its changes; ask for fewer with first, or register fewer types at once",
  },
  DELIVERY_NOT_FOUND: {
    code: "NOT_FOUND",
    text: "No delivery has this id; it may be older than the retention period",
  },
  INBOX_NOT_FOUND: {
    code: "NOT_FOUND",
    text: "No inbox has this id; it may have expired. createInbox makes a new one",
  },
  SECRET_NOT_FOUND: {
    code: "NOT_FOUND",
    text: "No signing secret has this id; it may have expired, or have been revoked",
  },
  TENANT_NOT_FOUND: {
    code: "NOT_FOUND",
    text: "No tenant has this id; the tenants query lists them all",
  },
  API_KEY_NOT_FOUND: {
    code: "NOT_FOUND",
    text: "No API key has this id; the apiKeys query lists them all",
  },
  FORBIDDEN: {
    code: "FORBIDDEN",
    text: "This key does not have the scopes for it; requiredScopes names those that are missing",
  },
  TOKEN_IS_NARROW: {
    code: "FORBIDDEN",
    text: "This token is for some webhooks only; use a key for what belongs to none of them",
  },
  TENANT_KEY_TAKEN: {
    code: "CONFLICT",
    text: "Another tenant has this key; choose another one",
  },
  KEY_TAKEN: {
    code: "CONFLICT",
    text: "Another webhook has this key; use upsertWebhook to change it, or choose another key",
  },
  VERSION_PASSED: {
    code: "CONFLICT",
    text: "The webhook was changed since you read it; read it again and repeat the change on top of it",
  },
  IDEMPOTENCY_KEY_REUSED: {
    code: "CONFLICT",
    text: "This idempotency key belongs to an event with another type, time or payload; use a new key for a new event",
  },
  DELIVERY_IN_FLIGHT: {
    code: "NOT_RETRYABLE",
    text: "An attempt is in flight; wait for its result, then redeliver",
  },
  DELIVERY_IS_TEST: {
    code: "NOT_RETRYABLE",
    text: "A test is one attempt and is never repeated; call testWebhook again",
  },
  DELIVERY_ORPHANED: {
    code: "NOT_RETRYABLE",
    text: "The webhook of this delivery was deleted; publish to a new webhook instead",
  },
  SECRET_IN_USE: {
    code: "CONFLICT",
    text: "The webhook signs with this secret until further notice, so it can't be revoked; call rotateWebhookSecret first, then revoke it",
  },
  DELIVERY_FINISHED: {
    code: "CONFLICT",
    text: "The delivery is finished, so there is nothing to cancel",
  },
  CALL_TOO_LARGE: {
    code: "LIMIT_REACHED",
    text: "This call would write too many deliveries at once; publish fewer events in each call",
  },
  PAYLOAD_TOO_LARGE: {
    code: "LIMIT_REACHED",
    text: "The payload is too large; publish a link to large content instead of the content",
  },
  PUBLISHES_WAITING: {
    code: "LIMIT_REACHED",
    text: "Too many publishes are waiting to be stored; try again after retryAfter",
  },
  TESTS_RUNNING: {
    code: "LIMIT_REACHED",
    text: "Too many tests are under way; try again when one has ended",
  },
  WEBHOOKS_FULL: {
    code: "LIMIT_REACHED",
    text: "This is the largest number of webhooks; delete some",
  },
  SECRETS_FULL: {
    code: "LIMIT_REACHED",
    text: "These are the most old secrets that may sign beside the new one; revoke one, or try again after retryAfter",
  },
  KEYS_FULL: {
    code: "LIMIT_REACHED",
    text: "This is the largest number of API keys in use; revoke some",
  },
  INBOXES_FULL: {
    code: "LIMIT_REACHED",
    text: "This is the largest number of inboxes; delete some",
  },
} as const satisfies Record<string, { code: UserErrorCode; text: string }>;
export type RefusalReason = keyof typeof REFUSALS;

/** One problem of an input: `path` from the field's argument inwards, `pointer` (RFC 6901) inside a JSON value. */
export interface Problem {
  readonly path: readonly string[];
  readonly pointer?: string;
  readonly message: string;
}

export interface RefusalDetails {
  readonly path?: readonly string[];
  readonly problems?: readonly Problem[];
  /** Id of what stands in the way. */
  readonly existingId?: string;
  readonly currentVersion?: number;
  readonly limit?: number;
  readonly retryAfterMs?: number;
  readonly requiredScopes?: readonly Scope[];
  readonly changes?: readonly EventTypeChange[];
}

/** A command turned down for a reason that the caller can act on. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly reason: RefusalReason;
  readonly details: RefusalDetails;

  constructor(reason: RefusalReason, details: RefusalDetails = {}) {
    super(details.problems?.[0] ? headline(details.problems[0]) : REFUSALS[reason].text);
    this.reason = reason;
    this.details = details;
  }

  get code(): UserErrorCode {
    return REFUSALS[this.reason].code;
  }

  /** The same refusal for an input that stands deeper in the call. */
  under(...outer: string[]): Refusal {
    return this.at((path) => [...outer, ...path]);
  }

  /** The same refusal with its paths as they are in the call. */
  at(place: (path: readonly string[]) => readonly string[]): Refusal {
    const { path = [], problems } = this.details;
    return new Refusal(this.reason, {
      ...this.details,
      path: place(path),
      problems: problems?.map((problem) => ({ ...problem, path: place(problem.path) })),
    });
  }
}

/** A refusal as a value. */
export function refusalOr<T>(decide: () => T): T | Refusal {
  try {
    return decide();
  } catch (refusal) {
    if (refusal instanceof Refusal) return refusal;
    throw refusal;
  }
}

/** One problem of one field; `path` from the field's argument inwards. */
export function invalidInput(path: readonly string[], message: string): Refusal {
  return new Refusal("INPUT_INVALID", { path, problems: [{ path, message }] });
}

/** A problem alone, with the name of its field where it speaks of that: "input.name must not be empty". */
function headline({ path, message }: Problem): string {
  return /^[a-z/]/.test(message) ? `${path.join(".")} ${message}` : message;
}

/** Throws INPUT_INVALID when there are problems. */
export function refuseIf(problems: readonly Problem[]): void {
  if (problems[0]) throw new Refusal("INPUT_INVALID", { path: problems[0].path, problems });
}
