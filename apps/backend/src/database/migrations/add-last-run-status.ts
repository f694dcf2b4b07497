import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How the last prompt of a session that has ended did, so that lists show what failed. */
export class AddLastRunStatus1796100700000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions ADD COLUMN last_run_status text');
    await db.query(`
      UPDATE sessions s SET last_run_status = r.status
        FROM (SELECT DISTINCT ON (session_id) session_id, status FROM runs
               WHERE kind = 'prompt' AND ended_at IS NOT NULL
               ORDER BY session_id, ended_at DESC, ordinal DESC) AS r
       WHERE r.session_id = s.id`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions DROP COLUMN last_run_status');
  }
}
