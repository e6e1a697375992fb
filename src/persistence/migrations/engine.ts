import { Migration } from "@mikro-orm/migrations";

/** A rate for each webhook. */
export class Engine extends Migration {
  override up(): void {
    this.addSql("alter table `webhook` add column `rate_limit_per_second` integer null;");
  }
}
