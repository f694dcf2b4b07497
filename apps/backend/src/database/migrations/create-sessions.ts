import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSessions1795474000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE sessions (
        id             uuid           PRIMARY KEY,
        tenant_id      text           NOT NULL,
        created_by     text           NOT NULL,
        title          text           NOT NULL,
        title_given    boolean        NOT NULL,
        repo_url       text,
        ref            text,
        model          text,
        status         text           NOT NULL
          CHECK (status IN ('provisioning', 'ready', 'failed', 'archived')),
        failure_code   text,
        failure_detail text,
        base_commit    text,
        base_tree      text,
        thread_id      text,
        diff           jsonb,
        active_run_id  uuid,
        queued_runs    integer        NOT NULL DEFAULT 0,
        created_at     timestamptz(3) NOT NULL,
        updated_at     timestamptz(3) NOT NULL,
        deleted_at     timestamptz(3),
        UNIQUE (tenant_id, id)
      )`);
    await db.query(`
      CREATE INDEX sessions_by_activity ON sessions (tenant_id, updated_at DESC, id DESC)
        WHERE deleted_at IS NULL`);
    await db.query(`
      CREATE INDEX sessions_to_attend ON sessions (id)
        WHERE status = 'provisioning' OR deleted_at IS NOT NULL`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE sessions');
  }
}
