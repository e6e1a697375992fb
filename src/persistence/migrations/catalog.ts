import { Migration } from "@mikro-orm/migrations";

/** Event types of a tenant's own; filters and selections of webhooks. */
export class OwnCatalog extends Migration {
  override up(): void {
    this.addSql(
      "create table `event_type` (`id` text not null primary key, `tenant_id` text not null, `name` text not null, `title` text not null, `description` text not null, `category` text not null, `aliases` json not null, `deprecation_reason` text null, `retired_at` datetime null, `version` integer not null, `schema` json not null, `sample_payload` json not null, `created_at` datetime not null, `updated_at` datetime not null);",
    );
    this.addSql(
      "create unique index `event_type_tenant_id_name_unique` on `event_type` (`tenant_id`, `name`);",
    );
    this.addSql(
      "create table `event_type_version` (`event_type_id` text not null, `version` integer not null, `tenant_id` text not null, `schema` json not null, `sample_payload` json not null, `created_at` datetime not null, primary key (`event_type_id`, `version`)) without rowid;",
    );
    this.addSql("alter table `event` add column `type_version` integer not null default 1;");
    this.addSql("alter table `webhook` add column `filter` json null;");
    this.addSql("alter table `webhook` add column `keep_filtered` integer not null default 0;");
    this.addSql("alter table `webhook` add column `filtered_count` bigint not null default 0;");
    this.addSql("alter table `webhook` add column `selections` json not null default '[]';");
    this.addSql("alter table `delivery` add column `shape` text null;");
    this.addSql(
      "create table `body` (`event_id` text not null, `shape` text not null, `payload` text not null, primary key (`event_id`, `shape`)) without rowid;",
    );
  }
}
