import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/**
 * What git uses to reach private repositories. A person's go when the person leaves the organisation. The secret part of each is
 * a secret with the same id: a computed column carries the foreign key, so that a secret never outlives what it belongs to.
 */
export class CreateGitCredentials1796400000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE git_credentials (
        id           uuid           PRIMARY KEY,
        tenant_id    text           NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
        kind         text           NOT NULL,
        owner_id     text,
        host         text           NOT NULL,
        path         text           NOT NULL,
        username     text,
        public_key   text,
        host_keys    text[],
        host_keys_confirmed_at timestamptz(3),
        created_by   text           NOT NULL,
        created_at   timestamptz(3) NOT NULL,
        last_used_at timestamptz(3),
        refused_at   timestamptz(3),
        FOREIGN KEY (owner_id, tenant_id) REFERENCES members (user_id, tenant_id) ON DELETE CASCADE,
        UNIQUE NULLS NOT DISTINCT (tenant_id, owner_id, kind, host, path)
      )`);
    await db.query('CREATE INDEX git_credentials_of_owner ON git_credentials (owner_id, tenant_id)');
    await addRowSecurity(db, 'git_credentials');
    await db.query(`
      ALTER TABLE secrets ADD COLUMN git_credential_id uuid
        GENERATED ALWAYS AS (CASE WHEN kind = 'git_credential' THEN id END) STORED
        REFERENCES git_credentials (id) ON DELETE CASCADE`);
    await db.query('CREATE INDEX secrets_of_git_credential ON secrets (git_credential_id)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE secrets DROP COLUMN git_credential_id');
    await db.query('DROP TABLE git_credentials');
  }
}
