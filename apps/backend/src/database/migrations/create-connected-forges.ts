import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/**
 * Forges that people and organisations have connected. A person's go when the person leaves the organisation. The token of each is
 * a secret with the same id: a computed column carries the foreign key, so that a token never outlives its connection.
 */
export class CreateConnectedForges1796502000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE connected_forges (
        id           uuid           PRIMARY KEY,
        tenant_id    text           NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
        kind         text           NOT NULL,
        owner_id     text,
        url          text           NOT NULL,
        host         text           NOT NULL,
        login        text,
        created_by   text           NOT NULL,
        created_at   timestamptz(3) NOT NULL,
        last_used_at timestamptz(3),
        refused_at   timestamptz(3),
        FOREIGN KEY (owner_id, tenant_id) REFERENCES members (user_id, tenant_id) ON DELETE CASCADE,
        UNIQUE NULLS NOT DISTINCT (tenant_id, owner_id, host)
      )`);
    await db.query('CREATE INDEX connected_forges_of_owner ON connected_forges (owner_id, tenant_id)');
    await addRowSecurity(db, 'connected_forges');
    await db.query(
      allowKinds("'environment', 'model_key', 'git_credential', 'webhook_secret', 'forge_token'"),
    );
    await db.query(`
      ALTER TABLE secrets ADD COLUMN connected_forge_id uuid
        GENERATED ALWAYS AS (CASE WHEN kind = 'forge_token' THEN id END) STORED
        REFERENCES connected_forges (id) ON DELETE CASCADE`);
    await db.query('CREATE INDEX secrets_of_connected_forge ON secrets (connected_forge_id)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE secrets DROP COLUMN connected_forge_id');
    await db.query("DELETE FROM secrets WHERE kind = 'forge_token'");
    await db.query(allowKinds("'environment', 'model_key', 'git_credential', 'webhook_secret'"));
    await db.query('DROP TABLE connected_forges');
  }
}

const allowKinds = (kinds: string) => `
  ALTER TABLE secrets
    DROP CONSTRAINT secrets_kind_check,
    ADD CONSTRAINT secrets_kind_check CHECK (kind IN (${kinds}))`;
