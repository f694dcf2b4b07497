import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

const KINDS = 'runs_kind_check';

/**
 * Runs may be checks, and what they have shown is kept with a signature. The keys that sign belong to the installation; their
 * private halves are sealed as secrets are.
 */
export class CreateEvidence1796507000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE runs
        DROP CONSTRAINT ${KINDS},
        ADD CONSTRAINT ${KINDS} CHECK (kind IN ('prompt', 'setup', 'review', 'compact', 'edit', 'check'))`);
    await db.query(`
      CREATE TABLE evidence (
        id         uuid           PRIMARY KEY,
        tenant_id  text           NOT NULL,
        session_id uuid           NOT NULL,
        run_id     uuid           NOT NULL UNIQUE,
        tree       text           NOT NULL,
        result     text           NOT NULL,
        checks     jsonb          NOT NULL,
        logs       jsonb          NOT NULL,
        envelope   jsonb          NOT NULL,
        created_at timestamptz(3) NOT NULL,
        FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
      )`);
    await db.query('CREATE INDEX evidence_of_tree ON evidence (session_id, tree, created_at)');
    await addRowSecurity(db, 'evidence');
    await db.query(`
      CREATE TABLE evidence_keys (
        id          uuid           PRIMARY KEY,
        fingerprint text           NOT NULL UNIQUE,
        public_key  text           NOT NULL,
        key_id      text           NOT NULL,
        wrapped_key bytea          NOT NULL,
        ciphertext  bytea          NOT NULL,
        created_at  timestamptz(3) NOT NULL
      )`);
  }

  /** Runs of checks that exist stay. */
  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE evidence_keys');
    await db.query('DROP TABLE evidence');
    await db.query(`
      ALTER TABLE runs
        DROP CONSTRAINT ${KINDS},
        ADD CONSTRAINT ${KINDS} CHECK (kind IN ('prompt', 'setup', 'review', 'compact', 'edit')) NOT VALID`);
  }
}
