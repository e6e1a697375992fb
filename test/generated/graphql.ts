/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** What one attempt came to. */
export type AttemptOutcome =
  /** The address is one that webhooks may not reach. */
  | 'BLOCKED_ADDRESS'
  /** No connection, or one that broke before an answer. */
  | 'CONNECT'
  /** The host name could not be resolved. */
  | 'DNS'
  /** It answered another status. */
  | 'HTTP_STATUS'
  /** The service itself stopped or failed; it does not count against the receiver. */
  | 'INTERNAL'
  /** The answer was no valid HTTP. */
  | 'INVALID_RESPONSE'
  /** It answered a redirect, which is not followed. */
  | 'REDIRECT'
  /** The receiver answered 2xx. */
  | 'SUCCEEDED'
  /** The attempt's deadline passed. */
  | 'TIMEOUT'
  /** The encrypted connection failed, such as by a bad certificate. */
  | 'TLS';

/** Why an attempt was made. */
export type AttemptTrigger =
  /** By the service's own schedule. */
  | 'AUTOMATIC'
  /** Somebody asked for a redelivery. */
  | 'MANUAL'
  /** By testWebhook. */
  | 'TEST';

/** A new inbox. */
export type CreateInboxInput = {
  /** How long it lives, PT1M to P30D. */
  expiresIn?: string;
  /** Answer 503 to the next n requests. */
  failNext?: number;
  /** Its name for people. */
  name?: string | null | undefined;
  /** How long it waits before it answers, at most PT1M. */
  responseDelay?: string;
  /** What it answers, 200 to 599. */
  responseStatus?: number;
};

/** A new webhook. */
export type CreateWebhookInput = {
  /** What it is for. */
  description?: string | null | undefined;
  /** Names, aliases or patterns: payment_received, payment_*, *. */
  eventTypes: Array<string>;
  /** The shape of its bodies. */
  format?: PayloadFormat;
  /** Headers to send along. */
  headers?: Array<HeaderInput>;
  /** Service that makes it. */
  integration?: string;
  /** Your own stable key; unique per tenant. */
  key?: string | null | undefined;
  /** Attempts that may be in flight at once, 1 to 256. */
  maxInFlight?: number | null | undefined;
  /** Its name for people. */
  name: string;
  /** Begin PAUSED: deliveries are held. */
  paused?: boolean;
  /** Delays between attempts, at most 20 of up to 7 days. */
  retryDelays?: Array<string> | null | undefined;
  /** Bring your own (whsec_…); made for you when absent. */
  secret?: string | null | undefined;
  /** How its requests are signed. */
  signature?: SignatureScheme;
  /** Deadline of one attempt, 1 to 30 s. */
  timeout?: string | null | undefined;
  /** Where requests go. */
  url: string;
};

/** What happened to a delivery. Pausing a webhook changes none of its deliveries: watch webhookUpdates for that. */
export type DeliveryChange =
  /** An attempt ended: RETRYING, SUCCEEDED, FAILED (or CANCELLED, when it was cancelled meanwhile and did not succeed). */
  | 'ATTEMPTED'
  /** Ended by somebody: CANCELLED. */
  | 'CANCELLED'
  /** Its event was published: PENDING. */
  | 'CREATED'
  /** By redelivery: PENDING. */
  | 'REQUEUED';

/** Where a delivery stands. */
export type DeliveryStatus =
  /** Ended by somebody, or its webhook was deleted. */
  | 'CANCELLED'
  /** Given up: the retry schedule is used up. */
  | 'FAILED'
  /** Waits for its webhook, which is not active; read, not stored. */
  | 'HELD'
  /** Not tried yet. */
  | 'PENDING'
  /** Tried, and will be tried again. */
  | 'RETRYING'
  /** The receiver answered 2xx. */
  | 'SUCCEEDED';

/** Which updates; all when empty. */
export type DeliveryUpdateFilter = {
  /** Only these changes. */
  changes?: Array<DeliveryChange> | null | undefined;
  /** Of these deliveries. */
  deliveryIds?: Array<string> | null | undefined;
  /** Of these events. */
  eventIds?: Array<string> | null | undefined;
  /** Names or aliases of event types. */
  eventTypes?: Array<string> | null | undefined;
  /** Only tests, or only others; both when absent. */
  isTest?: boolean | null | undefined;
  /** To these webhooks, as they are when it begins. */
  webhooks?: Array<WebhookRef> | null | undefined;
};

/** A header to send along. An absent `value` keeps the stored one of the same name, so that a form can save what it read. */
export type HeaderInput = {
  /** Hides the value once saved. */
  isSecret?: boolean;
  /** Its name; those that the service sets itself are refused. */
  name: string;
  /** Its value. */
  value?: string | null | undefined;
};

/** The shape of a webhook's body. */
export type PayloadFormat =
  /** {id, type, timestamp, data}: the payload stands under data. */
  | 'ENVELOPE'
  /** The payload alone. */
  | 'FLAT';

/** An event to publish. */
export type PublishEventInput = {
  /** Unique per tenant for as long as the event is kept, at least 24 h; a repeat returns the first event. */
  idempotencyKey?: string | null | undefined;
  /** When it happened; now when absent. */
  occurredAt?: string | null | undefined;
  /** Checked against the type's schema; further keys are allowed. */
  payload: unknown;
  /** Name or alias of its type. */
  type: string;
};

/** How requests are signed (Standard Webhooks). */
export type SignatureScheme =
  /** v1: a shared secret, whsec_… */
  | 'HMAC_SHA256';

/** Where a stream begins. */
export type StreamStart =
  {   /** Everything after a cursor of this stream. */
  after: string; last?: never; }
  |  { after?: never;   /** The last n that match, up to 500. */
  last: number; };

/** What kind of refusal it is. */
export type UserErrorCode =
  /** Something stands in the way; `existing` shows it. */
  | 'CONFLICT'
  /** The input has problems; `issues` lists them all. */
  | 'INVALID_INPUT'
  /** Too much; `limit` says what is allowed. */
  | 'LIMIT_REACHED'
  /** There is no such thing. */
  | 'NOT_FOUND'
  /** This delivery can't be sent again now. */
  | 'NOT_RETRYABLE'
  /** The URL points to a place that webhooks may not reach. */
  | 'UNSAFE_URL';

/** A webhook by its id or by its own key. */
export type WebhookRef =
  {   /** Its id. */
  id: string; key?: never; }
  |  { id?: never;   /** The key that its maker gave it. */
  key: string; };

/** Whether a webhook gets its deliveries. No state ever deletes it. */
export type WebhookState =
  /** Deliveries are sent. */
  | 'ACTIVE'
  /** Paused by the service after lasting failure or HTTP 410, with a reason: deliveries are held. */
  | 'AUTO_PAUSED'
  /** Off: events are not kept for it. */
  | 'DISABLED'
  /** Paused by somebody: deliveries are held. */
  | 'PAUSED';

export type CreateInboxMutationVariables = Exact<{
  input: CreateInboxInput;
}>;


export type CreateInboxMutation = { createInbox:
    | { __typename: 'CreateInboxPayload', inbox: { id: string, url: string, name: string | null, expiresAt: string, responseStatus: number, responseDelay: string, failNext: number } | null }
    | { __typename: 'InvalidInputError', code: UserErrorCode, message: string, path: Array<string>, issues: Array<{ path: Array<string>, message: string }> }
    | { __typename: 'LimitError', code: UserErrorCode, message: string, path: Array<string> }
   | null };

export type CreateWebhookMutationVariables = Exact<{
  input: CreateWebhookInput;
}>;


export type CreateWebhookMutation = { createWebhook:
    | { __typename: 'ConflictError', code: UserErrorCode, message: string, path: Array<string>, existing:
        | { __typename: 'Delivery', id: string }
        | { __typename: 'DeliveryAttempt', id: string }
        | { __typename: 'Event', id: string }
        | { __typename: 'EventType', id: string }
        | { __typename: 'Inbox', id: string }
        | { __typename: 'InboxRequest', id: string }
        | { __typename: 'Webhook', id: string }
       | null }
    | { __typename: 'CreateWebhookPayload', secret: string | null, webhook: { id: string, key: string | null, name: string, url: string, eventTypes: Array<string>, state: WebhookState, version: number, headers: Array<{ name: string, value: string | null, isSecret: boolean }> } | null }
    | { __typename: 'InvalidInputError', code: UserErrorCode, message: string, path: Array<string>, issues: Array<{ path: Array<string>, pointer: string | null, message: string }> }
    | { __typename: 'LimitError', code: UserErrorCode, message: string, path: Array<string> }
   | null };

export type SampleQueryVariables = Exact<{
  type: string;
}>;


export type SampleQuery = { eventType: { samplePayload: unknown } | null };

export type PublishEventMutationVariables = Exact<{
  input: PublishEventInput;
}>;


export type PublishEventMutation = { publishEvent:
    | { __typename: 'ConflictError', code: UserErrorCode, message: string, path: Array<string>, existing:
        | { __typename: 'Delivery', id: string }
        | { __typename: 'DeliveryAttempt', id: string }
        | { __typename: 'Event', id: string }
        | { __typename: 'EventType', id: string }
        | { __typename: 'Inbox', id: string }
        | { __typename: 'InboxRequest', id: string }
        | { __typename: 'Webhook', id: string }
       | null }
    | { __typename: 'InvalidInputError', code: UserErrorCode, message: string, path: Array<string>, issues: Array<{ path: Array<string>, pointer: string | null, message: string }> }
    | { __typename: 'LimitError', code: UserErrorCode, message: string, path: Array<string>, limit: number, retryAfter: string | null }
    | { __typename: 'NotFoundError', code: UserErrorCode, message: string, path: Array<string> }
    | { __typename: 'PublishEventPayload', eventId: string, isNew: boolean, matchedWebhooks: number, streamCursor: string }
   | null };

export type DeliveryUpdatesSubscriptionVariables = Exact<{
  filter?: DeliveryUpdateFilter | null | undefined;
  start?: StreamStart | null | undefined;
}>;


export type DeliveryUpdatesSubscription = { deliveryUpdates:
    | { __typename: 'DeliveryUpdate', cursor: string, at: string, change: DeliveryChange, deliveryId: string, eventId: string, webhookId: string, eventType: string, status: DeliveryStatus, attemptCount: number, nextAttemptAt: string | null, isTest: boolean, attempt: { number: number, outcome: AttemptOutcome, trigger: AttemptTrigger, responseStatus: number | null } | null }
    | { __typename: 'StreamCaughtUp', cursor: string, at: string, replayed: number }
    | { __typename: 'StreamGap', cursor: string, at: string }
    | { __typename: 'StreamProgress', cursor: string, at: string }
   };

export type DeliveryByIdQueryVariables = Exact<{
  id: string;
}>;


export type DeliveryByIdQuery = { delivery: { id: string, status: DeliveryStatus, attemptCount: number, nextAttemptAt: string | null, succeededAt: string | null, finishedAt: string | null, isTest: boolean, eventId: string, webhookId: string, webhookName: string, attempts: { nodes: Array<{ number: number, trigger: AttemptTrigger, outcome: AttemptOutcome, message: string, responseStatus: number | null, durationMs: number, requestHeaders: Array<{ name: string, value: string }>, requestBody: { text: string | null } | null, responseBody: { text: string | null, bytes: number, truncated: boolean } | null }> } | null } | null };


export const CreateInboxDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateInbox"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateInboxInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createInbox"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CreateInboxPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"inbox"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"responseStatus"}},{"kind":"Field","name":{"kind":"Name","value":"responseDelay"}},{"kind":"Field","name":{"kind":"Name","value":"failNext"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"InvalidInputError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]}}]} as unknown as DocumentNode<CreateInboxMutation, CreateInboxMutationVariables>;
export const CreateWebhookDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateWebhook"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateWebhookInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createWebhook"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CreateWebhookPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"secret"}},{"kind":"Field","name":{"kind":"Name","value":"webhook"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"key"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"eventTypes"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"headers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"isSecret"}}]}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"InvalidInputError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"pointer"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConflictError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"existing"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]}}]} as unknown as DocumentNode<CreateWebhookMutation, CreateWebhookMutationVariables>;
export const SampleDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Sample"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"type"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"eventType"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"name"},"value":{"kind":"Variable","name":{"kind":"Name","value":"type"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"samplePayload"}}]}}]}}]} as unknown as DocumentNode<SampleQuery, SampleQueryVariables>;
export const PublishEventDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"PublishEvent"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"PublishEventInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"publishEvent"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"PublishEventPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"eventId"}},{"kind":"Field","name":{"kind":"Name","value":"isNew"}},{"kind":"Field","name":{"kind":"Name","value":"matchedWebhooks"}},{"kind":"Field","name":{"kind":"Name","value":"streamCursor"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"InvalidInputError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"pointer"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ConflictError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"existing"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"LimitError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"limit"}},{"kind":"Field","name":{"kind":"Name","value":"retryAfter"}}]}}]}}]}}]} as unknown as DocumentNode<PublishEventMutation, PublishEventMutationVariables>;
export const DeliveryUpdatesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"DeliveryUpdates"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"DeliveryUpdateFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"start"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"StreamStart"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deliveryUpdates"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"start"},"value":{"kind":"Variable","name":{"kind":"Name","value":"start"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"StreamMessage"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"at"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DeliveryUpdate"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"change"}},{"kind":"Field","name":{"kind":"Name","value":"deliveryId"}},{"kind":"Field","name":{"kind":"Name","value":"eventId"}},{"kind":"Field","name":{"kind":"Name","value":"webhookId"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"isTest"}},{"kind":"Field","name":{"kind":"Name","value":"attempt"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"trigger"}},{"kind":"Field","name":{"kind":"Name","value":"responseStatus"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"StreamCaughtUp"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"replayed"}}]}}]}}]}}]} as unknown as DocumentNode<DeliveryUpdatesSubscription, DeliveryUpdatesSubscriptionVariables>;
export const DeliveryByIdDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"DeliveryById"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"delivery"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"succeededAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"isTest"}},{"kind":"Field","name":{"kind":"Name","value":"eventId"}},{"kind":"Field","name":{"kind":"Name","value":"webhookId"}},{"kind":"Field","name":{"kind":"Name","value":"webhookName"}},{"kind":"Field","name":{"kind":"Name","value":"attempts"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"trigger"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"responseStatus"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}},{"kind":"Field","name":{"kind":"Name","value":"requestHeaders"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}}]}},{"kind":"Field","name":{"kind":"Name","value":"requestBody"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}}]}},{"kind":"Field","name":{"kind":"Name","value":"responseBody"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"truncated"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<DeliveryByIdQuery, DeliveryByIdQueryVariables>;