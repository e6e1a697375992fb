import { graphql } from "./generated/gql.ts";

export const CreateKey = graphql(`
  mutation CreateKey($input: CreateApiKeyInput!) {
    createApiKey(input: $input) {
      __typename
      ... on CreateApiKeyPayload {
        secret
        apiKey {
          id
          hint
          scopes
          expiresAt
        }
      }
      ... on UserError {
        code
        message
        path
      }
      ... on ForbiddenError {
        requiredScopes
      }
      ... on LimitError {
        limit
      }
    }
  }
`);

export const RevokeKey = graphql(`
  mutation RevokeKey($id: ID!) {
    revokeApiKey(input: { apiKeyId: $id }) {
      __typename
      ... on RevokeApiKeyPayload {
        apiKey {
          id
          revokedAt
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

export const ListKeys = graphql(`
  query ListKeys {
    apiKeys(first: 100) {
      totalCount {
        value
      }
      nodes {
        id
        name
        hint
        scopes
        createdAt
        expiresAt
        lastUsedAt
        revokedAt
      }
    }
  }
`);

export const MakeTenant = graphql(`
  mutation MakeTenant($input: CreateTenantInput!) {
    createTenant(input: $input) {
      __typename
      ... on CreateTenantPayload {
        tenant {
          id
          key
          name
          createdAt
        }
      }
      ... on UserError {
        code
        message
        path
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

export const ListTenants = graphql(`
  query ListTenants {
    tenants(first: 100) {
      nodes {
        id
        key
      }
    }
  }
`);

export const Who = graphql(`
  query Who {
    viewer {
      tenant {
        id
        key
      }
      scopes
      keyName
      expiresAt
    }
  }
`);
