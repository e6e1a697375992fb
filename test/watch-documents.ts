import { graphql } from "./generated/gql.ts";

/** Documents of the tests about streams. */
export const WebhookUpdates = graphql(`
  subscription WatchWebhookUpdates($filter: WebhookFilter, $start: StreamStart) {
    webhookUpdates(filter: $filter, start: $start) {
      __typename
      ... on StreamMessage {
        cursor
        at
      }
      ... on WebhookUpdated {
        webhookId
        webhook {
          id
          name
          state
        }
      }
      ... on WebhookDeleted {
        webhookId
      }
      ... on StreamCaughtUp {
        replayed
      }
    }
  }
`);

export const InboxRequests = graphql(`
  subscription WatchInboxRequests($inboxId: ID!, $start: StreamStart) {
    inboxRequests(inboxId: $inboxId, start: $start) {
      __typename
      ... on StreamMessage {
        cursor
        at
      }
      ... on InboxRequestReceived {
        request {
          id
          method
          path
          body {
            text
          }
        }
      }
      ... on StreamCaughtUp {
        replayed
      }
    }
  }
`);

export const PauseWebhook = graphql(`
  mutation WatchPause($input: PauseWebhookInput!) {
    pauseWebhook(input: $input) {
      __typename
      ... on UserError {
        message
      }
    }
  }
`);

export const ResumeWebhook = graphql(`
  mutation WatchResume($input: ResumeWebhookInput!) {
    resumeWebhook(input: $input) {
      __typename
      ... on UserError {
        message
      }
    }
  }
`);

export const DeleteWebhook = graphql(`
  mutation WatchDelete($input: DeleteWebhookInput!) {
    deleteWebhook(input: $input) {
      __typename
      ... on UserError {
        message
      }
    }
  }
`);

export const TestWebhook = graphql(`
  mutation WatchTest($input: TestWebhookInput!) {
    testWebhook(input: $input) {
      __typename
      ... on TestWebhookPayload {
        succeeded
        streamCursor
        delivery {
          id
        }
        attempt {
          outcome
          message
        }
      }
      ... on UserError {
        code
        message
      }
    }
  }
`);

export const Redeliver = graphql(`
  mutation WatchRedeliver($input: RedeliverDeliveryInput!) {
    redeliverDelivery(input: $input) {
      __typename
      ... on RedeliverDeliveryPayload {
        streamCursor
      }
      ... on UserError {
        code
        message
      }
    }
  }
`);

export const Cancel = graphql(`
  mutation WatchCancel($input: CancelDeliveryInput!) {
    cancelDelivery(input: $input) {
      __typename
      ... on UserError {
        code
        message
      }
    }
  }
`);

export const PublishMany = graphql(`
  mutation WatchPublishMany($input: PublishEventsInput!) {
    publishEvents(input: $input) {
      __typename
      ... on PublishEventsPayload {
        streamCursor
        results {
          __typename
          ... on PublishEventPayload {
            eventId
          }
        }
      }
      ... on UserError {
        code
        message
      }
    }
  }
`);

/** The cursors that lists give. */
export const ListCursors = graphql(`
  query WatchListCursors($inboxId: ID!) {
    deliveries {
      streamCursor
      nodes {
        id
      }
    }
    webhooks {
      streamCursor
    }
    inbox(id: $inboxId) {
      requests {
        streamCursor
        nodes {
          id
        }
      }
    }
  }
`);

/** An update, and the delivery as it is when the update is read. */
export const UpdatesWithDelivery = graphql(`
  subscription WatchUpdatesWithDelivery($start: StreamStart) {
    deliveryUpdates(start: $start) {
      __typename
      ... on StreamMessage {
        cursor
      }
      ... on DeliveryUpdate {
        change
        status
        attemptCount
        delivery {
          status
          attemptCount
        }
        attempt {
          number
        }
      }
    }
  }
`);

/** Updates that carry what was published, four times over. */
export const UpdatesWithBody = graphql(`
  subscription WatchUpdatesWithBody {
    deliveryUpdates {
      __typename
      ... on StreamMessage {
        cursor
      }
      ... on DeliveryUpdate {
        delivery {
          event {
            payload
            b: payload
            c: payload
            d: payload
          }
        }
      }
    }
  }
`);
