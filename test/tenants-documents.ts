/** Everything that can be asked; as plain text, since the tests compare whole answers. */
const WEBHOOK = `id key name url eventTypes description state stateReason deliveryCount version lastSucceededAt lastFailedAt
  secrets { id hint } health { state consecutiveFailures successRate24h } lastDelivery { id webhook { id } }
  waiting { pending { value } retrying { value } failed24h { value } nextAttemptAt }`;
const DELIVERY = `id eventId webhookId webhookName status attemptCount webhook { id } event { id payload } lastAttempt { id }`;
const EVENT = `id typeName payload idempotencyKey isTest`;
const REQUEST = `id method path headers { name value } body { text } delivery { id } inbox { id }`;
const PAGE = `totalCount { value } pageInfo { hasNextPage endCursor }`;

const webhooks = (args: string) =>
  `query { webhooks(first: 100, ${args}) { ${PAGE} streamCursor nodes { ${WEBHOOK} } } }`;
const deliveries = (args: string) =>
  `query { deliveries(first: 100, ${args}) { ${PAGE} streamCursor nodes { ${DELIVERY} } } }`;
const events = (args: string) =>
  `query { publishedEvents(first: 100, ${args}) { ${PAGE} nodes { ${EVENT} } } }`;
const ANY_TIME = `{ from: "2000-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z" }`;

export const QUERIES: readonly string[] = [
  ...["orderBy: CREATED_AT", "orderBy: NAME", "orderBy: LAST_FAILED_AT"].map(webhooks),
  ...[
    `search: "http"`,
    `states: [PAUSED]`,
    `states: [ACTIVE, DISABLED, AUTO_PAUSED]`,
    `health: [HEALTHY, DEGRADED, FAILING, UNKNOWN]`,
    `eventTypes: ["payment_received", "domain_created"]`,
    `integration: "manual"`,
  ].map((filter) => webhooks(`filter: { ${filter} }`)),
  ...[
    "",
    ...["CANCELLED", "FAILED", "HELD", "PENDING", "RETRYING", "SUCCEEDED"].map(
      (status) => `statuses: [${status}]`,
    ),
    `lastOutcomes: [SUCCEEDED, HTTP_STATUS]`,
    `eventTypes: ["payment_received", "payment_created"]`,
    `webhooks: [{ key: "shared" }, { key: "key-OURS" }]`,
    `isTest: true`,
    `isTest: false`,
    `createdAt: ${ANY_TIME}`,
  ].map((filter) => deliveries(`filter: { ${filter} }`)),
  ...[
    `isTest: false`,
    `isTest: true`,
    `types: ["payment_received"]`,
    `publishedAt: ${ANY_TIME}`,
  ].map((filter) => events(`filter: { ${filter} }`)),
  `query { inboxes(first: 100) { ${PAGE} nodes { id name requests(first: 100) { ${PAGE} streamCursor nodes { ${REQUEST} } } } } }`,
  `query { webhooks(first: 100) { nodes { deliveries(first: 100) { ${PAGE} nodes { ${DELIVERY} } } } } }`,
  `query { webhooks(first: 100) { nodes { deliveries(first: 5, filter: { statuses: [HELD, SUCCEEDED, FAILED] }) { ${PAGE} nodes { id } } } } }`,
  `query { publishedEvents(first: 100) { nodes { deliveries(first: 100) { ${PAGE} nodes { ${DELIVERY} } } } } }`,
  `query { deliveries(first: 100) { nodes { attempts(first: 100) { ${PAGE} nodes { id number delivery { id } requestBody { text } responseBody { text } } } } } }`,
  `query ($webhookId: ID!) { webhook(by: { id: $webhookId }) { ${WEBHOOK} } byKey: webhook(by: { key: "shared" }) { ${WEBHOOK} } }`,
  `query { publishedEvent(by: { idempotencyKey: "shared" }) { ${EVENT} } }`,
  `query ($inboxId: ID!) { inbox(id: $inboxId) { name requests(first: 100) { ${PAGE} nodes { ${REQUEST} } } } }`,
];

/** One thing by its id or key, in all ways, and the lists that name it in a filter. */
export const ONE = `query ($id: ID!, $key: String!) {
  node(id: $id) { __typename id } nodes(ids: [$id]) { id } delivery(id: $id) { id } inbox(id: $id) { id name }
  webhook(by: { id: $id }) { id name } webhookByKey: webhook(by: { key: $key }) { id name }
  publishedEvent(by: { id: $id }) { id } eventByKey: publishedEvent(by: { idempotencyKey: $key }) { id payload }
  ids: deliveries(filter: { ids: [$id] }) { totalCount { value } nodes { id } }
  eventIds: deliveries(filter: { eventIds: [$id] }) { totalCount { value } nodes { id } }
  webhooks: deliveries(filter: { webhooks: [{ id: $id }] }) { totalCount { value } nodes { id } }
}`;

export const INBOX_STREAM = `subscription ($inboxId: ID!, $start: StreamStart) {
  inboxRequests(inboxId: $inboxId, start: $start) {
    __typename ... on StreamMessage { cursor at } ... on InboxRequestReceived { request { ${REQUEST} } }
  }
}`;

export const STREAMS: readonly string[] = [
  `subscription ($start: StreamStart) { deliveryUpdates(start: $start) {
    __typename ... on StreamMessage { cursor at }
    ... on DeliveryUpdate { change status deliveryId eventId webhookId attempt { id } delivery { ${DELIVERY} } }
  } }`,
  `subscription ($start: StreamStart) { webhookUpdates(start: $start) {
    __typename ... on StreamMessage { cursor at }
    ... on WebhookUpdated { webhookId webhook { ${WEBHOOK} } } ... on WebhookDeleted { webhookId }
  } }`,
  INBOX_STREAM,
];

const ERROR = `{ __typename ... on UserError { code message path } }`;
const ofWebhook = (name: string, rest = "") =>
  `mutation ($id: ID!) { ${name}(input: { webhook: { id: $id }${rest} }) ${ERROR} }`;

/** Each with an id that may be of anything. */
export const MUTATIONS: readonly string[] = [
  ofWebhook("updateWebhook", `, name: "Mine now"`),
  ofWebhook("pauseWebhook"),
  ofWebhook("resumeWebhook"),
  ofWebhook("disableWebhook"),
  ofWebhook("deleteWebhook"),
  ofWebhook("testWebhook"),
  ofWebhook("rotateWebhookSecret"),
  `mutation ($id: ID!) { revokeSigningSecret(input: { secretId: $id }) ${ERROR} }`,
  `mutation ($id: ID!, $mine: ID!) { testWebhook(input: { webhook: { id: $mine }, event: { eventId: $id } }) ${ERROR} }`,
  `mutation ($id: ID!) { redeliverDelivery(input: { deliveryId: $id }) ${ERROR} }`,
  `mutation ($id: ID!) { cancelDelivery(input: { deliveryId: $id }) ${ERROR} }`,
  `mutation ($id: ID!) { updateInbox(input: { inboxId: $id, name: "Mine now" }) ${ERROR} }`,
  `mutation ($id: ID!) { deleteInbox(input: { inboxId: $id }) ${ERROR} }`,
];

/** What the last visit of an inbox came to. */
export const NEWEST_VISIT = `query ($inboxId: ID!) {
  inbox(id: $inboxId) { requests(first: 1) { nodes { signatureValid signatureProblem delivery { id } } } }
}`;
