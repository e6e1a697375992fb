import { graphql } from "./generated/gql.ts";

export const AuditLog = graphql(`
  query AuditLog($filter: AuditFilter) {
    auditLog(first: 100, filter: $filter) {
      totalCount {
        value
      }
      nodes {
        id
        at
        tenant {
          key
        }
        actor
        action
        subject
        from
        before
        after
      }
    }
  }
`);

export const AuditUpdate = graphql(`
  mutation AuditUpdate($input: UpdateWebhookInput!) {
    updateWebhook(input: $input) {
      __typename
    }
  }
`);

export const AuditClear = graphql(`
  mutation AuditClear($id: ID!) {
    resumeWebhook(input: { webhook: { id: $id }, held: CANCEL }) {
      __typename
    }
  }
`);

export const AuditUpsert = graphql(`
  mutation AuditUpsert($input: UpsertWebhookInput!) {
    upsertWebhook(input: $input) {
      __typename
    }
  }
`);
