import { graphql } from "./generated/gql.ts";

/** Documents of the tests of publishing, delivering, testing and redelivering. */
export const DeliverPublishMany = graphql(`
  mutation DeliverPublishMany($input: PublishEventsInput!) {
    publishEvents(input: $input) {
      __typename
      ... on PublishEventsPayload {
        streamCursor
        results {
          __typename
          ... on PublishEventPayload {
            eventId
            isNew
            matchedWebhooks
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
              id
            }
          }
          ... on LimitError {
            limit
          }
        }
      }
      ... on UserError {
        code
        message
        path
      }
      ... on LimitError {
        limit
        retryAfter
      }
    }
  }
`);

export const DeliverEvent = graphql(`
  query DeliverEvent($by: PublishedEventRef!) {
    publishedEvent(by: $by) {
      id
      typeName
      payload
      occurredAt
      idempotencyKey
      isTest
      deliveries {
        nodes {
          id
          status
          webhookId
          attemptCount
        }
      }
    }
  }
`);

export const DeliverWebhook = graphql(`
  query DeliverWebhook($id: ID!) {
    webhook(by: { id: $id }) {
      state
      stateReason
      deliveryCount
      lastFailedAt
      lastSucceededAt
      health {
        state
        consecutiveFailures
        successRate24h
        autoPauseAt
      }
      deliveries(first: 100) {
        nodes {
          id
          status
          attemptCount
          nextAttemptAt
        }
      }
    }
  }
`);

export const DeliverPause = graphql(`
  mutation DeliverPause($id: ID!) {
    pauseWebhook(input: { webhook: { id: $id } }) {
      __typename
    }
  }
`);

export const DeliverResume = graphql(`
  mutation DeliverResume($id: ID!) {
    resumeWebhook(input: { webhook: { id: $id } }) {
      __typename
    }
  }
`);

export const DeliverDisable = graphql(`
  mutation DeliverDisable($id: ID!) {
    disableWebhook(input: { webhook: { id: $id } }) {
      __typename
    }
  }
`);

export const DeliverDelete = graphql(`
  mutation DeliverDelete($id: ID!) {
    deleteWebhook(input: { webhook: { id: $id } }) {
      __typename
    }
  }
`);

export const DeliverAgain = graphql(`
  mutation DeliverAgain($deliveryId: ID!) {
    redeliverDelivery(input: { deliveryId: $deliveryId }) {
      __typename
      ... on RedeliverDeliveryPayload {
        streamCursor
        delivery {
          status
          attemptCount
          succeededAt
          finishedAt
        }
      }
      ... on UserError {
        code
        message
        path
      }
    }
  }
`);

export const DeliverCancel = graphql(`
  mutation DeliverCancel($deliveryId: ID!) {
    cancelDelivery(input: { deliveryId: $deliveryId }) {
      __typename
      ... on CancelDeliveryPayload {
        delivery {
          status
          nextAttemptAt
          finishedAt
        }
      }
      ... on UserError {
        code
        message
        path
      }
    }
  }
`);

export const DeliverTest = graphql(`
  mutation DeliverTest($input: TestWebhookInput!) {
    testWebhook(input: $input) {
      __typename
      ... on TestWebhookPayload {
        succeeded
        streamCursor
        delivery {
          id
          status
          isTest
          attemptCount
          eventId
          eventType
          nextAttemptAt
        }
        attempt {
          number
          trigger
          outcome
          message
          responseStatus
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
      ... on LimitError {
        limit
      }
    }
  }
`);
