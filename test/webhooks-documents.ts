import { graphql } from "./generated/gql.ts";

/** Documents of the webhooks-*.test.ts files. */
export const WebhooksFields = graphql(`
  fragment WebhooksFields on Webhook {
    id
    key
    name
    url
    eventTypes
    description
    integration
    format
    headers {
      name
      value
      isSecret
    }
    signature
    secrets {
      id
      scheme
      hint
      publicKey
      createdAt
      expiresAt
    }
    retryDelays
    timeout
    maxInFlight
    state
    stateReason
    version
    createdAt
    updatedAt
  }
`);

export const WebhooksProblem = graphql(`
  fragment WebhooksProblem on UserError {
    __typename
    code
    message
    path
    ... on InvalidInputError {
      issues {
        path
        pointer
        message
      }
    }
    ... on ConflictError {
      currentVersion
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
`);

export const WebhooksCreate = graphql(`
  mutation WebhooksCreate($input: CreateWebhookInput!) {
    createWebhook(input: $input) {
      __typename
      ... on CreateWebhookPayload {
        secret
        webhook {
          ...WebhooksFields
        }
      }
      ... on UserError {
        ...WebhooksProblem
      }
    }
  }
`);

export const WebhooksUpsert = graphql(`
  mutation WebhooksUpsert($input: UpsertWebhookInput!) {
    upsertWebhook(input: $input) {
      __typename
      ... on UpsertWebhookPayload {
        isNew
        secret
        webhook {
          ...WebhooksFields
        }
      }
      ... on UserError {
        ...WebhooksProblem
      }
    }
  }
`);

export const WebhooksUpdate = graphql(`
  mutation WebhooksUpdate($input: UpdateWebhookInput!) {
    updateWebhook(input: $input) {
      __typename
      ... on UpdateWebhookPayload {
        webhook {
          ...WebhooksFields
        }
      }
      ... on UserError {
        ...WebhooksProblem
      }
    }
  }
`);

export const WebhooksDelete = graphql(`
  mutation WebhooksDelete($input: DeleteWebhookInput!) {
    deleteWebhook(input: $input) {
      __typename
      ... on DeleteWebhookPayload {
        deletedId
      }
      ... on UserError {
        ...WebhooksProblem
      }
    }
  }
`);

export const WebhooksPause = graphql(`
  mutation WebhooksPause($input: PauseWebhookInput!) {
    pauseWebhook(input: $input) {
      __typename
      ... on PauseWebhookPayload {
        webhook {
          ...WebhooksFields
        }
      }
      ... on UserError {
        ...WebhooksProblem
      }
    }
  }
`);

export const WebhooksResume = graphql(`
  mutation WebhooksResume($input: ResumeWebhookInput!) {
    resumeWebhook(input: $input) {
      __typename
      ... on ResumeWebhookPayload {
        webhook {
          ...WebhooksFields
        }
      }
      ... on UserError {
        ...WebhooksProblem
      }
    }
  }
`);

export const WebhooksDisable = graphql(`
  mutation WebhooksDisable($input: DisableWebhookInput!) {
    disableWebhook(input: $input) {
      __typename
      ... on DisableWebhookPayload {
        webhook {
          ...WebhooksFields
        }
      }
      ... on UserError {
        ...WebhooksProblem
      }
    }
  }
`);

export const WebhooksOne = graphql(`
  query WebhooksOne($by: WebhookRef!) {
    webhook(by: $by) {
      ...WebhooksFields
    }
  }
`);

export const WebhooksDeliveries = graphql(`
  query WebhooksDeliveries($filter: DeliveryFilter) {
    deliveries(filter: $filter, first: 100) {
      nodes {
        id
        status
        nextAttemptAt
        attemptCount
        webhookId
        webhookName
        webhook {
          id
        }
      }
    }
  }
`);

export const WebhooksUpdates = graphql(`
  subscription WebhooksUpdates($filter: WebhookFilter, $start: StreamStart) {
    webhookUpdates(filter: $filter, start: $start) {
      __typename
      ... on StreamMessage {
        cursor
      }
      ... on WebhookUpdated {
        webhookId
        webhook {
          state
          stateReason
          version
        }
      }
      ... on WebhookDeleted {
        webhookId
      }
    }
  }
`);

export const WebhooksList = graphql(`
  query WebhooksList(
    $first: Int! = 25
    $after: String
    $filter: WebhookFilter
    $orderBy: WebhookOrder! = CREATED_AT
  ) {
    webhooks(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
      streamCursor
      totalCount {
        value
        exact
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
      edges {
        cursor
        node {
          id
        }
      }
      nodes {
        id
        name
        key
        lastFailedAt
      }
    }
  }
`);
