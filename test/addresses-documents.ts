import { graphql } from "./generated/gql.ts";

export const AddressesUpdate = graphql(`
  mutation AddressesUpdate($input: UpdateWebhookInput!) {
    updateWebhook(input: $input) {
      __typename
      ... on UpdateWebhookPayload {
        webhook {
          url
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

export const AddressesUpsert = graphql(`
  mutation AddressesUpsert($input: UpsertWebhookInput!) {
    upsertWebhook(input: $input) {
      __typename
      ... on UserError {
        code
        message
        path
      }
    }
  }
`);

export const AddressesTest = graphql(`
  mutation AddressesTest($id: ID!) {
    testWebhook(input: { webhook: { id: $id } }) {
      __typename
      ... on TestWebhookPayload {
        succeeded
        attempt {
          outcome
          message
          remoteAddress
          responseStatus
        }
      }
    }
  }
`);

/** Of an event, all of them. */
export const AddressesAttempts = graphql(`
  query AddressesAttempts($eventId: ID!) {
    publishedEvent(by: { id: $eventId }) {
      deliveries(first: 100) {
        nodes {
          webhookId
          status
          attempts {
            nodes {
              outcome
              message
              remoteAddress
              responseStatus
            }
          }
        }
      }
    }
  }
`);
