import { Migration } from "@mikro-orm/migrations";

/** Secrets that end, and ed25519 keys. */
export class Signing extends Migration {
  override up(): void {
    this.addSql("alter table `signing_secret` add column `expires_at` datetime null;");
    this.addSql("alter table `signing_secret` add column `public_key` text null;");
  }
}
