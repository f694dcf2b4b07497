import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/** The one pull request of a session, and where forges report what happens to pull requests. */
export class CreatePullRequests1796503000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE pull_requests (
        session_id       uuid           PRIMARY KEY,
        tenant_id        text           NOT NULL,
        repo_url         text           NOT NULL,
        repository       text,
        head             text           NOT NULL,
        head_commit      text           NOT NULL,
        wanted           jsonb          NOT NULL,
        wanted_version   integer        NOT NULL,
        applied_version  integer        NOT NULL,
        opened_at        timestamptz(3) NOT NULL,
        replaces         integer,
        number           integer,
        url              text,
        state            text,
        seen             jsonb,
        failure          jsonb,
        failures         integer        NOT NULL DEFAULT 0,
        next_at          timestamptz(3),
        read_at          timestamptz(3),
        changed_at       timestamptz(3) NOT NULL,
        created_by       text           NOT NULL,
        created_at       timestamptz(3) NOT NULL,
        updated_at       timestamptz(3) NOT NULL,
        CHECK ((number IS NULL) = (state IS NULL)),
        CHECK (applied_version <= wanted_version),
        FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
      )`);
    await db.query('CREATE INDEX pull_requests_due ON pull_requests (next_at) WHERE next_at IS NOT NULL');
    await db.query('CREATE INDEX pull_requests_of_repository ON pull_requests (tenant_id, repository)');
    await addRowSecurity(db, 'pull_requests');
    await db.query('ALTER TABLE sessions ADD COLUMN pull_request jsonb');
    await db.query(`
      CREATE TABLE forge_webhooks (
        id         uuid           PRIMARY KEY,
        tenant_id  text           NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
        forge_id   uuid           NOT NULL UNIQUE REFERENCES connected_forges (id) ON DELETE CASCADE,
        created_by text           NOT NULL,
        created_at timestamptz(3) NOT NULL
      )`);
    await addRowSecurity(db, 'forge_webhooks');
    await db.query(
      allowKinds(
        "'environment', 'model_key', 'git_credential', 'webhook_secret', 'forge_token', 'forge_webhook'",
      ),
    );
    await db.query(`
      ALTER TABLE secrets ADD COLUMN forge_webhook_id uuid
        GENERATED ALWAYS AS (CASE WHEN kind = 'forge_webhook' THEN id END) STORED
        REFERENCES forge_webhooks (id) ON DELETE CASCADE`);
    await db.query('CREATE INDEX secrets_of_forge_webhook ON secrets (forge_webhook_id)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE secrets DROP COLUMN forge_webhook_id');
    await db.query("DELETE FROM secrets WHERE kind = 'forge_webhook'");
    await db.query(
      allowKinds("'environment', 'model_key', 'git_credential', 'webhook_secret', 'forge_token'"),
    );
    await db.query('DROP TABLE forge_webhooks');
    await db.query('ALTER TABLE sessions DROP COLUMN pull_request');
    await db.query('DROP TABLE pull_requests');
  }
}

const allowKinds = (kinds: string) => `
  ALTER TABLE secrets
    DROP CONSTRAINT secrets_kind_check,
    ADD CONSTRAINT secrets_kind_check CHECK (kind IN (${kinds}))`;
