import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

const STATUSES = `'queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'`;

/** Questions of runs, and the status of a run that waits for an answer. */
export class CreateApprovals1796302000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE sessions ADD COLUMN approval_mode text NOT NULL DEFAULT 'never' CHECK (approval_mode IN ('never', 'ask'))`);
    await db.query(`
      ALTER TABLE runs
        ADD COLUMN approval_mode     text    NOT NULL DEFAULT 'never' CHECK (approval_mode IN ('never', 'ask')),
        ADD COLUMN approvals_read_to integer NOT NULL DEFAULT 0,
        DROP CONSTRAINT runs_status_check,
        ADD CONSTRAINT runs_status_check CHECK (status IN (${STATUSES}, 'waiting'))`);
    await db.query('DROP INDEX runs_one_in_flight');
    await db.query(`
      CREATE UNIQUE INDEX runs_one_in_flight ON runs (session_id)
        WHERE status IN ('running', 'waiting') OR (status = 'queued' AND dispatched_at IS NOT NULL)`);
    await db.query('DROP INDEX runs_open');
    await db.query(`
      CREATE INDEX runs_open ON runs (session_id, ordinal)
        WHERE status IN ('queued', 'running', 'waiting')`);
    await db.query(`
      CREATE TABLE approvals (
        id         uuid           PRIMARY KEY,
        tenant_id  text           NOT NULL,
        session_id uuid           NOT NULL,
        run_id     uuid           NOT NULL,
        request_id text           NOT NULL,
        kind       text           NOT NULL,
        item_id    text           NOT NULL,
        command    text,
        reason     text,
        decisions  text[]         NOT NULL,
        status     text           NOT NULL CHECK (status IN ('pending', 'resolved', 'expired')),
        decision   text           CHECK (decision IN ('accept', 'accept_for_session', 'decline', 'cancel')),
        decided_by jsonb,
        decided_at timestamptz(3),
        note       text,
        created_at timestamptz(3) NOT NULL,
        applied_at timestamptz(3),
        UNIQUE (run_id, request_id),
        CHECK ((status = 'resolved') = (decision IS NOT NULL)),
        FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE,
        FOREIGN KEY (tenant_id, run_id) REFERENCES runs (tenant_id, id) ON DELETE CASCADE
      )`);
    await db.query('CREATE INDEX approvals_of_tenant ON approvals (tenant_id, created_at, id)');
    await db.query('CREATE INDEX approvals_of_session ON approvals (session_id, created_at, id)');
    await db.query(
      `CREATE INDEX approvals_pending ON approvals (tenant_id, session_id) WHERE status = 'pending'`,
    );
    await addRowSecurity(db, 'approvals');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE approvals');
    await db.query('DROP INDEX runs_open');
    await db.query('DROP INDEX runs_one_in_flight');
    await db.query(`UPDATE runs SET status = 'running' WHERE status = 'waiting'`);
    await db.query(`
      ALTER TABLE runs
        DROP CONSTRAINT runs_status_check,
        ADD CONSTRAINT runs_status_check CHECK (status IN (${STATUSES})),
        DROP COLUMN approvals_read_to,
        DROP COLUMN approval_mode`);
    await db.query(`
      CREATE INDEX runs_open ON runs (session_id, ordinal) WHERE status IN ('queued', 'running')`);
    await db.query(`
      CREATE UNIQUE INDEX runs_one_in_flight ON runs (session_id)
        WHERE status = 'running' OR (status = 'queued' AND dispatched_at IS NOT NULL)`);
    await db.query('ALTER TABLE sessions DROP COLUMN approval_mode');
  }
}
