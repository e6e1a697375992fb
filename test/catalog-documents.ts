import { graphql } from "./generated/gql.ts";

export const Register = graphql(`
  mutation Register($input: RegisterEventTypesInput!) {
    registerEventTypes(input: $input) {
      __typename
      ... on RegisterEventTypesPayload {
        eventTypes {
          id
          name
          version
          builtIn
          retiredAt
        }
        changes {
          eventType
          action
          kind
          pointer
          message
          affectedWebhooks {
            nodes {
              id
            }
          }
          brokenSelections {
            id
          }
          brokenFilters {
            id
          }
        }
      }
      ... on BreakingChangeError {
        changes {
          eventType
          action
          kind
          pointer
          message
          affectedWebhooks {
            nodes {
              id
            }
          }
          brokenSelections {
            id
          }
          brokenFilters {
            id
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
      ... on LimitError {
        limit
      }
    }
  }
`);

export const OneType = graphql(`
  query OneType($name: String!, $version: Int) {
    eventType(name: $name, version: $version) {
      id
      name
      version
      schema
      samplePayload
      retiredAt
      aliases {
        name
      }
      sdl
      typescript
    }
  }
`);

export const EventWithType = graphql(`
  query EventWithType($id: ID!) {
    publishedEvent(by: { id: $id }) {
      typeName
      typeVersion
      type {
        name
        version
        retiredAt
      }
    }
  }
`);

export const ShapedWebhook = graphql(`
  query ShapedWebhook($id: ID!) {
    webhook(by: { id: $id }) {
      id
      state
      stateReason
      filter
      keepFiltered
      filteredCount
      deliveryCount
      select {
        eventType
        fields
      }
    }
  }
`);

export const ShapedDeliveries = graphql(`
  query ShapedDeliveries($webhook: ID!, $statuses: [DeliveryStatus!]) {
    deliveries(filter: { webhooks: [{ id: $webhook }], statuses: $statuses }) {
      nodes {
        id
        status
        eventType
        attempts {
          nodes {
            requestBody {
              json
            }
          }
        }
      }
    }
  }
`);

export const Preview = graphql(`
  query Preview($input: WebhookPreviewInput!) {
    webhookPreview(input: $input) {
      __typename
      ... on WebhookPreview {
        wouldSend
        reason
        request {
          url
          headers {
            name
            value
          }
          body {
            json
          }
          signedContent
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
    }
  }
`);

export const ShapeWebhook = graphql(`
  mutation ShapeWebhook($input: UpdateWebhookInput!) {
    updateWebhook(input: $input) {
      __typename
      ... on UpdateWebhookPayload {
        webhook {
          id
          filter
          select {
            eventType
            fields
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
    }
  }
`);

export const ResumeShaped = graphql(`
  mutation ResumeShaped($id: ID!) {
    resumeWebhook(input: { webhook: { id: $id } }) {
      __typename
      ... on ResumeWebhookPayload {
        webhook {
          state
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

export const TestShaped = graphql(`
  mutation TestShaped($input: TestWebhookInput!) {
    testWebhook(input: $input) {
      __typename
      ... on TestWebhookPayload {
        succeeded
        attempt {
          requestBody {
            json
          }
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

export const ArrivedBodies = graphql(`
  query ArrivedBodies($id: ID!) {
    inbox(id: $id) {
      requests {
        nodes {
          body {
            json
          }
        }
      }
    }
  }
`);

export const DeclaredTypes = graphql(`
  query DeclaredTypes(
    $search: String
    $categories: [String!]
    $includeDeprecated: Boolean! = false
  ) {
    events(search: $search, categories: $categories, includeDeprecated: $includeDeprecated) {
      name
      title
      description
      category
      aliases {
        name
        note
      }
      deprecationReason
      builtIn
      schema
      samplePayload
    }
  }
`);
