import { graphql } from "./generated/gql.ts";

/** Documents that more than one test sends. */
export const CreateInbox = graphql(`
  mutation CreateInbox($input: CreateInboxInput!) {
    createInbox(input: $input) {
      __typename
      ... on CreateInboxPayload {
        inbox {
          id
          url
          name
          expiresAt
          responseStatus
          responseDelay
          failNext
        }
      }
      ... on UserError {
        code
        message
        path
      }
      ... on InvalidInputError {
        issues {
          path
          message
        }
      }
    }
  }
`);

export const CreateWebhook = graphql(`
  mutation CreateWebhook($input: CreateWebhookInput!) {
    createWebhook(input: $input) {
      __typename
      ... on CreateWebhookPayload {
        secret
        webhook {
          id
          key
          name
          url
          eventTypes
          state
          version
          headers {
            name
            value
            isSecret
          }
        }
      }
      ... on UserError {
        code
        message
        path
      }
      ... on InvalidInputError {
        issues {
          path
          pointer
          message
        }
      }
      ... on ConflictError {
        existing {
          __typename
          id
        }
      }
    }
  }
`);

export const Sample = graphql(`
  query Sample($type: String!) {
    eventType(name: $type) {
      samplePayload
    }
  }
`);

export const PublishEvent = graphql(`
  mutation PublishEvent($input: PublishEventInput!) {
    publishEvent(input: $input) {
      __typename
      ... on PublishEventPayload {
        eventId
        isNew
        matchedWebhooks
        streamCursor
      }
      ... on UserError {
        code
        message
        path
      }
      ... on InvalidInputError {
        issues {
          path
          pointer
          message
        }
      }
      ... on ConflictError {
        existing {
          __typename
          id
        }
      }
      ... on LimitError {
        limit
        retryAfter
      }
    }
  }
`);

export const DeliveryUpdates = graphql(`
  subscription DeliveryUpdates($filter: DeliveryUpdateFilter, $start: StreamStart) {
    deliveryUpdates(filter: $filter, start: $start) {
      __typename
      ... on StreamMessage {
        cursor
        at
      }
      ... on DeliveryUpdate {
        change
        deliveryId
        eventId
        webhookId
        eventType
        status
        attemptCount
        nextAttemptAt
        isTest
        attempt {
          number
          outcome
          trigger
          responseStatus
        }
      }
      ... on StreamCaughtUp {
        replayed
      }
    }
  }
`);

export const DeliveryById = graphql(`
  query DeliveryById($id: ID!) {
    delivery(id: $id) {
      id
      status
      attemptCount
      nextAttemptAt
      succeededAt
      finishedAt
      isTest
      eventId
      webhookId
      webhookName
      attempts {
        nodes {
          number
          trigger
          outcome
          message
          responseStatus
          durationMs
          requestHeaders {
            name
            value
          }
          requestBody {
            text
          }
          responseBody {
            text
            bytes
            truncated
          }
        }
      }
    }
  }
`);

/** All that is shown of a body; others take it in by its name. */
export const WholeBody = graphql(`
  fragment WholeBody on HttpBody {
    text
    json
    base64
    bytes
    truncated
    contentType
  }
`);
