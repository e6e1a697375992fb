import { graphql } from "./generated/gql.ts";

export const CreateToken = graphql(`
  mutation CreateToken($input: CreateAccessTokenInput!) {
    createAccessToken(input: $input) {
      __typename
      ... on CreateAccessTokenPayload {
        token
        expiresAt
      }
      ... on UserError {
        code
        message
        path
      }
      ... on ForbiddenError {
        requiredScopes
      }
    }
  }
`);

/** All that a token could show, in one answer. */
export const Everything = graphql(`
  query Everything(
    $id: ID!
    $webhook: ID!
    $event: ID!
    $delivery: ID!
    $attempt: ID!
    $inbox: ID!
    $request: ID!
  ) {
    webhooks(first: 100) {
      totalCount {
        value
      }
      nodes {
        id
      }
    }
    named: webhooks(first: 100, filter: { search: "e" }) {
      nodes {
        id
      }
    }
    publishedEvents(first: 100) {
      totalCount {
        value
      }
      nodes {
        id
        deliveries(first: 100) {
          totalCount {
            value
          }
          nodes {
            id
          }
        }
      }
    }
    deliveries(first: 100) {
      totalCount {
        value
      }
      nodes {
        id
        webhookId
      }
    }
    ofWebhook: deliveries(first: 100, filter: { webhooks: [{ id: $webhook }] }) {
      nodes {
        id
      }
    }
    inboxes(first: 100) {
      nodes {
        id
      }
    }
    webhook(by: { id: $webhook }) {
      id
    }
    publishedEvent(by: { id: $event }) {
      id
    }
    delivery(id: $delivery) {
      id
    }
    inbox(id: $inbox) {
      id
    }
    node(id: $id) {
      id
    }
    nodes(ids: [$webhook, $event, $delivery, $attempt, $inbox, $request]) {
      id
    }
  }
`);
