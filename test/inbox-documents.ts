import { graphql } from "./generated/gql.ts";

/** Documents of the tests about inboxes. */
export const InboxById = graphql(`
  query InboxById($id: ID!, $first: Int! = 25, $after: String) {
    inbox(id: $id) {
      name
      url
      expiresAt
      responseStatus
      responseDelay
      failNext
      requests(first: $first, after: $after) {
        totalCount {
          value
          exact
        }
        pageInfo {
          endCursor
          hasNextPage
        }
        nodes {
          id
          method
          path
          receivedAt
          headers {
            name
            value
          }
          body {
            ...WholeBody
          }
          signatureValid
          signatureProblem
          delivery {
            id
            eventId
          }
          inbox {
            id
          }
        }
      }
    }
  }
`);

export const InboxUpdate = graphql(`
  mutation InboxUpdate($input: UpdateInboxInput!) {
    updateInbox(input: $input) {
      __typename
      ... on UpdateInboxPayload {
        inbox {
          name
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

export const InboxDelete = graphql(`
  mutation InboxDelete($input: DeleteInboxInput!) {
    deleteInbox(input: $input) {
      __typename
      ... on DeleteInboxPayload {
        deletedId
      }
      ... on UserError {
        code
      }
    }
  }
`);

export const InboxNode = graphql(`
  query InboxNode($id: ID!) {
    node(id: $id) {
      id
    }
    inboxes {
      nodes {
        id
      }
    }
  }
`);
