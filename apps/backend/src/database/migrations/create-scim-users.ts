import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/**
 * What a tenant's directory has said of people, and members alone do not show: what it calls them, whom it expects, and whom it
 * has removed, as they were then.
 */
export class CreateScimUsers1796202000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE scim_users (
        tenant_id   text        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
        id          text        NOT NULL,
        user_id     text        REFERENCES users (id) ON DELETE CASCADE,
        email       text        NOT NULL,
        name        text        NOT NULL,
        role        text        CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
        external_id text,
        active      boolean     NOT NULL,
        created_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, id)
      )`);
    await db.query('CREATE UNIQUE INDEX scim_users_user_id_key ON scim_users (tenant_id, user_id)');
    await db.query(
      'CREATE UNIQUE INDEX scim_users_expected_key ON scim_users (tenant_id, email) WHERE user_id IS NULL',
    );
    await db.query('CREATE INDEX scim_users_user_id_idx ON scim_users (user_id)');
    await addRowSecurity(db, 'scim_users');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE scim_users');
  }
}
