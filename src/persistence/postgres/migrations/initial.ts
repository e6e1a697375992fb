import { Migration } from "@mikro-orm/migrations";

/** Text is compared by bytes, so that ids sort by time, as SQLite does. */
const TEXT = 'text collate "C"';
/** Half of a page is left free: rows that are changed soon after they were made stay where they are. */
const HOT =
  "with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0)";

/** All tables, as the migrations of SQLite leave them. JSON is kept as it was written: the order of keys is shown. */
export class Initial extends Migration {
  override up(): void {
    for (const sql of STATEMENTS) this.addSql(sql.replaceAll(/\btext\b/g, TEXT));
  }
}

const STATEMENTS = [
  `create table meta (name text primary key, value text not null)`,
  `create table tenant (
     id text primary key, key text not null unique, name text not null, created_at timestamptz(3) not null,
     webhooks_version integer not null, folded_position bigint not null, catalog_version integer not null default 0)`,
  `create table api_key (
     id text primary key, tenant_id text not null, name text not null, hash text not null unique, hint text not null,
     scopes json not null, created_at timestamptz(3) not null, expires_at timestamptz(3), revoked_at timestamptz(3),
     last_used_at timestamptz(3))`,
  `create index api_key_tenant_id_id_index on api_key (tenant_id, id)`,
  `create table audit_entry (
     id text primary key, tenant_id text not null, at timestamptz(3) not null, actor text not null, "from" text,
     action text not null, subject text not null, before json, after json)`,
  `create index audit_entry_tenant_id_id_index on audit_entry (tenant_id, id)`,
  `create index audit_entry_subject_id_index on audit_entry (subject, id)`,
  `create table event_type (
     id text primary key, tenant_id text not null, name text not null, title text not null, description text not null,
     category text not null, aliases json not null, deprecation_reason text, retired_at timestamptz(3),
     version integer not null, schema json not null, sample_payload json not null, created_at timestamptz(3) not null,
     updated_at timestamptz(3) not null, unique (tenant_id, name))`,
  `create table event_type_version (
     event_type_id text not null, version integer not null, tenant_id text not null, schema json not null,
     sample_payload json not null, created_at timestamptz(3) not null, primary key (event_type_id, version))`,
  `create table webhook (
     id text primary key, tenant_id text not null, key text, name text not null, url text not null,
     event_types json not null, description text, integration text not null, format text not null, headers json not null,
     signature text not null, retry_delays_ms json, timeout_ms integer, max_in_flight integer, state text not null,
     state_reason text, active_since timestamptz(3) not null, created_at timestamptz(3) not null,
     updated_at timestamptz(3) not null, deleted_at timestamptz(3), version integer not null default 1,
     health text not null, consecutive_failures integer not null, failures_since_success integer not null,
     delivery_count bigint not null, last_succeeded_at timestamptz(3), last_failed_at timestamptz(3),
     rate_limit_per_second integer, filter json, keep_filtered boolean not null default false,
     filtered_count bigint not null default 0, selections json not null default '[]', unique (tenant_id, key))`,
  `create table signing_secret (
     id text primary key, tenant_id text not null, webhook_id text not null, scheme text not null, sealed text not null,
     hint text not null, created_at timestamptz(3) not null, expires_at timestamptz(3), public_key text)`,
  `create index signing_secret_webhook_id_index on signing_secret (webhook_id)`,
  `create index signing_secret_tenant_id_index on signing_secret (tenant_id)`,
  `create table webhook_hour (
     webhook_id text not null, hour bigint not null, succeeded integer not null, failed integer not null,
     durations json not null, primary key (webhook_id, hour))`,
  `create table event (
     id text primary key, tenant_id text not null, type_name text not null, payload text not null,
     is_test boolean not null, published_at timestamptz(3) not null, occurred_at timestamptz(3) not null,
     idempotency_key text, matched_webhooks integer not null, type_version integer not null)`,
  `create index event_tenant_id_id_index on event (tenant_id, id)`,
  `create index event_tenant_id_type_name_id_index on event (tenant_id, type_name, id)`,
  `create index event_tests on event (tenant_id, id) where is_test = true`,
  `create table body (
     event_id text not null, shape text not null, payload text not null, primary key (event_id, shape))`,
  `create table idempotency_key (
     tenant_id text not null, key text not null, event_id text not null, hash text not null,
     created_at timestamptz(3) not null, primary key (tenant_id, key))`,
  `create index idempotency_key_event_id_index on idempotency_key (event_id)`,
  `create table delivery (
     id text primary key, tenant_id text not null, event_id text not null, event_type text not null,
     webhook_id text not null, webhook_name text not null, format text not null, is_test boolean not null,
     status text not null, trigger text not null, attempts integer not null, failures integer not null,
     losses integer not null, created_at timestamptz(3) not null, due_at timestamptz(3), succeeded_at timestamptz(3),
     finished_at timestamptz(3), last_outcome text, last_attempt_id text, claim_owner text,
     claim_number integer not null, claim_ends_at bigint, shape text) ${HOT}`,
  `create index delivery_tenant_id_id_index on delivery (tenant_id, id)`,
  `create index delivery_status on delivery (tenant_id, status, id, webhook_id, is_test)`,
  `create index delivery_tenant_id_event_type_id_index on delivery (tenant_id, event_type, id)`,
  `create index delivery_webhook_id_id_index on delivery (webhook_id, id)`,
  `create index delivery_event on delivery (event_id, id)`,
  `create index delivery_tests on delivery (tenant_id, id) where is_test = true`,
  `create index delivery_outcome on delivery (tenant_id, last_outcome, id) where last_outcome <> 'SUCCEEDED'`,
  `create index delivery_waiting on delivery (webhook_id, due_at, is_test, status) where due_at is not null`,
  `create index delivery_failed on delivery (webhook_id, finished_at, is_test) where status = 'FAILED'`,
  `create index delivery_leased on delivery (webhook_id, claim_owner) where claim_owner is not null`,
  `create table delivery_attempt (
     id text primary key, tenant_id text not null, delivery_id text not null, number integer not null,
     trigger text not null, outcome text not null, message text not null, started_at timestamptz(3) not null,
     duration_ms double precision not null, timings json not null, url text not null, remote_address text,
     request_headers json not null, response_status integer, response_headers json not null, response_body bytea,
     response_truncated boolean not null)`,
  `create index delivery_attempt_delivery_id_id_index on delivery_attempt (delivery_id, id)`,
  `create table log (
     tenant_id text not null, position bigint not null, at timestamptz(3) not null, change text not null,
     webhook_id text, delivery_id text, event_id text, event_type text, is_test boolean not null, status text,
     attempts integer, due_at timestamptz(3), attempt_id text, outcome text, response_status integer,
     took_ms double precision, inbox_id text, request_id text, primary key (tenant_id, position))`,
  `create table log_position (tenant_id text primary key, position bigint not null) ${HOT}`,
  `create table lane (webhook_id text primary key, next_send_at timestamptz(3)) ${HOT}`,
  `create table process (
     owner text primary key, role text not null, started_at timestamptz(3) not null,
     seen_at timestamptz(3) not null) ${HOT}`,
  `create table inbox (
     id text primary key, tenant_id text not null, name text, created_at timestamptz(3) not null,
     expires_at timestamptz(3) not null, response_status integer not null, response_delay_ms integer not null,
     fail_next integer not null)`,
  `create index inbox_tenant_id_id_index on inbox (tenant_id, id)`,
  `create table inbox_request (
     id text primary key, tenant_id text not null, inbox_id text not null, received_at timestamptz(3) not null,
     method text not null, path text not null, headers json not null, body bytea not null,
     body_truncated boolean not null, signature_valid boolean, signature_problem text, delivery_id text)`,
  `create index inbox_request_inbox_id_id_index on inbox_request (inbox_id, id)`,
];
