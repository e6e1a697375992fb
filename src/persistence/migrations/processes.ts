import { Migration } from "@mikro-orm/migrations";

/** What several processes agree on: where each log ends, and how often event types changed. */
export class Processes extends Migration {
  override up(): void {
    this.addSql(
      "create table `log_position` (`tenant_id` text not null primary key, `position` bigint not null) without rowid;",
    );
    this.addSql(
      "insert into `log_position` select `id`, max(`folded_position`, coalesce((select max(`position`) from `log` where `tenant_id` = t.`id`), 0)) from `tenant` t;",
    );
    this.addSql("alter table `tenant` add column `catalog_version` integer not null default 0;");
  }
}
