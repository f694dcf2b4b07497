import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/** Commits of sessions, and their pushes. At most one push of a session is under way. */
export class CreateShipping1796501000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE session_commits (
        id         uuid           PRIMARY KEY,
        tenant_id  text           NOT NULL,
        session_id uuid           NOT NULL,
        oid        text           NOT NULL,
        parent     text,
        tree       text           NOT NULL,
        mode       text           NOT NULL,
        commits    integer        NOT NULL,
        message    text           NOT NULL,
        left_out   text[]         NOT NULL,
        created_by text           NOT NULL,
        author     jsonb          NOT NULL,
        created_at timestamptz(3) NOT NULL,
        UNIQUE (tenant_id, session_id, id),
        FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
      )`);
    await db.query('CREATE INDEX session_commits_of_session ON session_commits (session_id, created_at, id)');
    await addRowSecurity(db, 'session_commits');
    await db.query(`
      CREATE TABLE session_pushes (
        id             uuid           PRIMARY KEY,
        tenant_id      text           NOT NULL,
        session_id     uuid           NOT NULL,
        commit_id      uuid           NOT NULL,
        oid            text           NOT NULL,
        repo_url       text           NOT NULL,
        branch         text           NOT NULL,
        base_ref       text,
        status         text           NOT NULL CHECK (status IN ('pending', 'pushed', 'failed')),
        failure_code   text,
        failure_detail text,
        host_message   text,
        attempts       integer        NOT NULL DEFAULT 0,
        retry_at       timestamptz(3),
        created_by     text           NOT NULL,
        author         jsonb          NOT NULL,
        created_at     timestamptz(3) NOT NULL,
        pushed_at      timestamptz(3),
        CHECK ((status = 'pushed') = (pushed_at IS NOT NULL)),
        FOREIGN KEY (tenant_id, session_id, commit_id)
          REFERENCES session_commits (tenant_id, session_id, id) ON DELETE CASCADE
      )`);
    await db.query('CREATE INDEX session_pushes_of_session ON session_pushes (session_id, created_at, id)');
    await db.query(
      `CREATE UNIQUE INDEX session_pushes_pending ON session_pushes (session_id) WHERE status = 'pending'`,
    );
    await addRowSecurity(db, 'session_pushes');
    await db.query('ALTER TABLE sessions ADD COLUMN last_push jsonb');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions DROP COLUMN last_push');
    await db.query('DROP TABLE session_pushes');
    await db.query('DROP TABLE session_commits');
  }
}
