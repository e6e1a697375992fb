import { Migration } from "@mikro-orm/migrations";

/** API keys of tenants, and who did what. */
export class Keys extends Migration {
  override up(): void {
    this.addSql(
      "create table `api_key` (`id` text not null primary key, `tenant_id` text not null, `name` text not null, `hash` text not null, `hint` text not null, `scopes` json not null, `created_at` datetime not null, `expires_at` datetime null, `revoked_at` datetime null, `last_used_at` datetime null);",
    );
    this.addSql("create unique index `api_key_hash_unique` on `api_key` (`hash`);");
    this.addSql("create index `api_key_tenant_id_id_index` on `api_key` (`tenant_id`, `id`);");
    this.addSql(
      "create table `audit_entry` (`id` text not null primary key, `tenant_id` text not null, `at` datetime not null, `actor` text not null, `from` text null, `action` text not null, `subject` text not null, `before` json null, `after` json null);",
    );
    this.addSql(
      "create index `audit_entry_tenant_id_id_index` on `audit_entry` (`tenant_id`, `id`);",
    );
    this.addSql("create index `audit_entry_subject_id_index` on `audit_entry` (`subject`, `id`);");
  }
}
