import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/** What tenants entrust to us, encrypted, and which of it a session gets. Secrets go with their tenant. */
export class CreateSecrets1796100400000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE secrets (
        id          uuid           PRIMARY KEY,
        tenant_id   text           NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
        kind        text           NOT NULL CHECK (kind IN ('environment', 'model_key', 'git_credential', 'webhook_secret')),
        name        text           NOT NULL,
        key_id      text           NOT NULL,
        wrapped_key bytea          NOT NULL,
        ciphertext  bytea          NOT NULL,
        created_by  text           NOT NULL,
        created_at  timestamptz(3) NOT NULL,
        updated_at  timestamptz(3) NOT NULL,
        UNIQUE (tenant_id, kind, name)
      )`);
    await addRowSecurity(db, 'secrets');
    await db.query(`ALTER TABLE sessions ADD COLUMN secrets text[] NOT NULL DEFAULT '{}'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions DROP COLUMN secrets');
    await db.query('DROP TABLE secrets');
  }
}
