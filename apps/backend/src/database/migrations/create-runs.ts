import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRuns1795474000001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE runs (
        id                  uuid           PRIMARY KEY,
        tenant_id           text           NOT NULL,
        session_id          uuid           NOT NULL,
        ordinal             integer        NOT NULL,
        created_by          text           NOT NULL,
        prompt              text           NOT NULL,
        status              text           NOT NULL
          CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted')),
        error               text,
        usage               jsonb,
        tree_before         text,
        tree_after          text,
        diff                jsonb,
        created_at          timestamptz(3) NOT NULL,
        dispatched_at       timestamptz(3),
        started_at          timestamptz(3),
        ended_at            timestamptz(3),
        cancel_requested_at timestamptz(3),
        UNIQUE (session_id, ordinal),
        FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
      )`);
    // The session's workspace belongs to one run at a time: from when the runner gets it until it has ended.
    await db.query(`
      CREATE UNIQUE INDEX runs_one_in_flight ON runs (session_id)
        WHERE status = 'running' OR (status = 'queued' AND dispatched_at IS NOT NULL)`);
    await db.query(`
      CREATE INDEX runs_open ON runs (session_id, ordinal)
        WHERE status IN ('queued', 'running')`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE runs');
  }
}
