import { Migration } from "@mikro-orm/migrations";

/** The first tables. Keys that are only ever read in order are clustered by them (without rowid). */
export class Initial extends Migration {
  override up(): void {
    this.addSql("create table `meta` (`name` text not null primary key, `value` text not null);");
    this.addSql(
      "create table `tenant` (`id` text not null primary key, `key` text not null, `name` text not null, `created_at` datetime not null, `webhooks_version` integer not null, `folded_position` bigint not null);",
    );
    this.addSql("create unique index `tenant_key_unique` on `tenant` (`key`);");
    this.addSql(
      "create table `webhook` (`id` text not null primary key, `tenant_id` text not null, `key` text null, `name` text collate nocase not null, `url` text not null, `event_types` json not null, `description` text null, `integration` text not null, `format` text not null, `headers` json not null, `signature` text not null, `retry_delays_ms` json null, `timeout_ms` integer null, `max_in_flight` integer null, `state` text not null, `state_reason` text null, `active_since` datetime not null, `created_at` datetime not null, `updated_at` datetime not null, `deleted_at` datetime null, `version` integer not null default 1, `health` text not null, `consecutive_failures` integer not null, `failures_since_success` integer not null, `delivery_count` bigint not null, `last_succeeded_at` datetime null, `last_failed_at` datetime null);",
    );
    this.addSql(
      "create unique index `webhook_tenant_id_key_unique` on `webhook` (`tenant_id`, `key`);",
    );
    this.addSql(
      "create table `signing_secret` (`id` text not null primary key, `tenant_id` text not null, `webhook_id` text not null, `scheme` text not null, `sealed` text not null, `hint` text not null, `created_at` datetime not null);",
    );
    this.addSql(
      "create index `signing_secret_webhook_id_index` on `signing_secret` (`webhook_id`);",
    );
    this.addSql(
      "create table `webhook_hour` (`webhook_id` text not null, `hour` bigint not null, `succeeded` integer not null, `failed` integer not null, `durations` json not null, primary key (`webhook_id`, `hour`)) without rowid;",
    );
    this.addSql(
      "create table `event` (`id` text not null primary key, `tenant_id` text not null, `type_name` text not null, `payload` text not null, `is_test` integer not null, `published_at` datetime not null, `occurred_at` datetime not null, `idempotency_key` text null, `matched_webhooks` integer not null);",
    );
    this.addSql("create index `event_tenant_id_id_index` on `event` (`tenant_id`, `id`);");
    this.addSql(
      "create index `event_tenant_id_type_name_id_index` on `event` (`tenant_id`, `type_name`, `id`);",
    );
    this.addSql(
      "create table `idempotency_key` (`tenant_id` text not null, `key` text not null, `event_id` text not null, `hash` text not null, `created_at` datetime not null, primary key (`tenant_id`, `key`)) without rowid;",
    );
    this.addSql("create index `idempotency_key_event_id_index` on `idempotency_key` (`event_id`);");
    this.addSql(
      "create table `delivery` (`id` text not null primary key, `tenant_id` text not null, `event_id` text not null, `event_type` text not null, `webhook_id` text not null, `webhook_name` text not null, `format` text not null, `is_test` integer not null, `status` text not null, `trigger` text not null, `attempts` integer not null, `failures` integer not null, `losses` integer not null, `created_at` datetime not null, `due_at` datetime null, `succeeded_at` datetime null, `finished_at` datetime null, `last_outcome` text null, `last_attempt_id` text null, `claim_owner` text null, `claim_number` integer not null, `claim_ends_at` bigint null);",
    );
    this.addSql("create index `delivery_tenant_id_id_index` on `delivery` (`tenant_id`, `id`);");
    this.addSql(
      "create index `delivery_tenant_id_status_id_index` on `delivery` (`tenant_id`, `status`, `id`);",
    );
    this.addSql(
      "create index `delivery_tenant_id_event_type_id_index` on `delivery` (`tenant_id`, `event_type`, `id`);",
    );
    this.addSql("create index `delivery_webhook_id_id_index` on `delivery` (`webhook_id`, `id`);");
    this.addSql("create index `delivery_event_id_index` on `delivery` (`event_id`);");
    this.addSql(
      "create index `delivery_waiting` on `delivery` (`webhook_id`, `due_at`) where due_at is not null;",
    );
    this.addSql(
      "create index `delivery_failed` on `delivery` (`webhook_id`, `finished_at`) where status = 'FAILED';",
    );
    this.addSql(
      "create index `delivery_leased` on `delivery` (`claim_owner`) where claim_owner is not null;",
    );
    this.addSql(
      "create table `delivery_attempt` (`id` text not null primary key, `tenant_id` text not null, `delivery_id` text not null, `number` integer not null, `trigger` text not null, `outcome` text not null, `message` text not null, `started_at` datetime not null, `duration_ms` double not null, `timings` json not null, `url` text not null, `remote_address` text null, `request_headers` json not null, `response_status` integer null, `response_headers` json not null, `response_body` blob null, `response_truncated` integer not null);",
    );
    this.addSql(
      "create index `delivery_attempt_delivery_id_id_index` on `delivery_attempt` (`delivery_id`, `id`);",
    );
    this.addSql(
      "create table `log` (`tenant_id` text not null, `position` bigint not null, `at` datetime not null, `change` text not null, `webhook_id` text null, `delivery_id` text null, `event_id` text null, `event_type` text null, `is_test` integer not null, `status` text null, `attempts` integer null, `due_at` datetime null, `attempt_id` text null, `outcome` text null, `response_status` integer null, `took_ms` double null, `inbox_id` text null, `request_id` text null, primary key (`tenant_id`, `position`)) without rowid;",
    );
    this.addSql(
      "create table `inbox` (`id` text not null primary key, `tenant_id` text not null, `name` text null, `created_at` datetime not null, `expires_at` datetime not null, `response_status` integer not null, `response_delay_ms` integer not null, `fail_next` integer not null);",
    );
    this.addSql("create index `inbox_tenant_id_id_index` on `inbox` (`tenant_id`, `id`);");
    this.addSql(
      "create table `inbox_request` (`id` text not null primary key, `tenant_id` text not null, `inbox_id` text not null, `received_at` datetime not null, `method` text not null, `path` text not null, `headers` json not null, `body` blob not null, `body_truncated` integer not null, `signature_valid` integer null, `signature_problem` text null, `delivery_id` text null);",
    );
    this.addSql(
      "create index `inbox_request_inbox_id_id_index` on `inbox_request` (`inbox_id`, `id`);",
    );
  }
}
