import { graphql } from "./generated/gql.ts";

/** Documents of the signing-*.test.ts files. */
export const SigningRotate = graphql(`
  mutation SigningRotate($input: RotateWebhookSecretInput!) {
    rotateWebhookSecret(input: $input) {
      __typename
      ... on RotateWebhookSecretPayload {
        secret
        previousExpiresAt
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

export const SigningRevoke = graphql(`
  mutation SigningRevoke($input: RevokeSigningSecretInput!) {
    revokeSigningSecret(input: $input) {
      __typename
      ... on RevokeSigningSecretPayload {
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

export const SigningSample = graphql(`
  query SigningSample($webhook: WebhookRef) {
    eventType(name: "payment_received") {
      sampleRequest(webhook: $webhook) {
        signedContent
        headers {
          name
          value
        }
      }
    }
  }
`);

export const SigningVisits = graphql(`
  query SigningVisits($id: ID!) {
    inbox(id: $id) {
      requests {
        nodes {
          signatureValid
          signatureProblem
        }
      }
    }
  }
`);
