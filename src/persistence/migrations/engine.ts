import { Migration } from "@mikro-orm/migrations";

/** A rate for each webhook, and indexes that keep lists quick however many deliveries are stored. */
export class Engine extends Migration {
  override up(): void {
    this.addSql("alter table `webhook` add column `rate_limit_per_second` integer null;");
    this.addSql("create index `event_tests` on `event` (`tenant_id`, `id`) where is_test = true;");
    this.addSql("drop index `delivery_tenant_id_status_id_index`;");
    this.addSql(
      "create index `delivery_status` on `delivery` (`tenant_id`, `status`, `id`, `webhook_id`, `is_test`);",
    );
    this.addSql("drop index `delivery_event_id_index`;");
    this.addSql("create index `delivery_event` on `delivery` (`event_id`, `id`);");
    this.addSql(
      "create index `delivery_tests` on `delivery` (`tenant_id`, `id`) where is_test = true;",
    );
    this.addSql(
      "create index `delivery_outcome` on `delivery` (`tenant_id`, `last_outcome`, `id`) where last_outcome <> 'SUCCEEDED';",
    );
    this.addSql("drop index `delivery_waiting`;");
    this.addSql(
      "create index `delivery_waiting` on `delivery` (`webhook_id`, `due_at`, `is_test`, `status`) where due_at is not null;",
    );
    this.addSql("drop index `delivery_failed`;");
    this.addSql(
      "create index `delivery_failed` on `delivery` (`webhook_id`, `finished_at`, `is_test`) where status = 'FAILED';",
    );
  }
}
