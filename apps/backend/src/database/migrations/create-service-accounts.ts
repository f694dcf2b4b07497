import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/**
 * Service accounts, and keys of theirs. `reference_id` of a key names a person or a service account, as `config_id` says. Two
 * computed columns carry its foreign keys, so that a key never outlives whom it stands for.
 */
export class CreateServiceAccounts1796000600000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE service_accounts (
        id         text        PRIMARY KEY,
        tenant_id  text        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
        name       text        NOT NULL,
        role       text        NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
        created_by text        NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await db.query('CREATE INDEX service_accounts_tenant_id_idx ON service_accounts (tenant_id)');
    await addRowSecurity(db, 'service_accounts');
    await db.query(`
      ALTER TABLE api_keys
        DROP CONSTRAINT api_keys_reference_id_fkey,
        ADD COLUMN user_id text
          GENERATED ALWAYS AS (CASE WHEN config_id <> 'service_account' THEN reference_id END) STORED
          REFERENCES users (id) ON DELETE CASCADE,
        ADD COLUMN service_account_id text
          GENERATED ALWAYS AS (CASE WHEN config_id = 'service_account' THEN reference_id END) STORED
          REFERENCES service_accounts (id) ON DELETE CASCADE`);
    await db.query('CREATE INDEX api_keys_user_id_idx ON api_keys (user_id)');
    await db.query('CREATE INDEX api_keys_service_account_id_idx ON api_keys (service_account_id)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DELETE FROM api_keys WHERE config_id = 'service_account'`);
    await db.query(`
      ALTER TABLE api_keys
        DROP COLUMN user_id,
        DROP COLUMN service_account_id,
        ADD FOREIGN KEY (reference_id) REFERENCES users (id) ON DELETE CASCADE`);
    await db.query('DROP TABLE service_accounts');
  }
}
