import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/** Which sessions wait for a person, and how far each person has read each session. What was there before counts as read. */
export class AddNeedsYou1796207000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE runs ADD COLUMN limit_reached_at timestamptz(3)');
    await db.query(`
      ALTER TABLE sessions
        ADD COLUMN last_run_by text,
        ADD COLUMN needs_you   jsonb,
        ADD COLUMN news_at     timestamptz(3)`);
    await db.query(`
      UPDATE sessions s SET
        last_run_by = (SELECT created_by FROM runs r WHERE r.session_id = s.id AND r.kind = 'prompt' AND r.ended_at IS NOT NULL
                        ORDER BY r.ended_at DESC, r.ordinal DESC LIMIT 1),
        news_at = coalesce((SELECT max(r.ended_at) FROM runs r WHERE r.session_id = s.id), s.created_at),
        needs_you = CASE
          WHEN s.status = 'ready' AND s.deleted_at IS NULL AND (s.queue_held OR s.setup_status IN ('failed', 'cancelled', 'interrupted'))
          THEN jsonb_build_object(
            'reason', CASE WHEN s.queue_held THEN 'queue_held' ELSE 'setup_failed' END,
            'since', to_char(s.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'user_ids', jsonb_build_array(coalesce(s.owner_id, s.created_by))) END`);
    await db.query(
      'ALTER TABLE sessions ALTER COLUMN news_at SET NOT NULL, ALTER COLUMN news_at SET DEFAULT now()',
    );
    await db.query(
      'CREATE INDEX sessions_that_need_somebody ON sessions (tenant_id) WHERE needs_you IS NOT NULL',
    );
    await db.query(`
      CREATE TABLE session_reads (
        tenant_id  text           NOT NULL,
        user_id    text           NOT NULL,
        session_id uuid           NOT NULL,
        read_at    timestamptz(3) NOT NULL,
        PRIMARY KEY (session_id, user_id),
        FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE,
        FOREIGN KEY (user_id, tenant_id) REFERENCES members (user_id, tenant_id) ON DELETE CASCADE
      )`);
    await db.query('CREATE INDEX session_reads_of_person ON session_reads (user_id, tenant_id)');
    await addRowSecurity(db, 'session_reads');
    await db.query(`
      INSERT INTO session_reads (tenant_id, user_id, session_id, read_at)
      SELECT s.tenant_id, m.user_id, s.id, now()
        FROM sessions s JOIN members m ON m.tenant_id = s.tenant_id AND m.user_id = coalesce(s.owner_id, s.created_by)
       WHERE s.deleted_at IS NULL`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE session_reads');
    await db.query('DROP INDEX sessions_that_need_somebody');
    await db.query(
      'ALTER TABLE sessions DROP COLUMN news_at, DROP COLUMN needs_you, DROP COLUMN last_run_by',
    );
    await db.query('ALTER TABLE runs DROP COLUMN limit_reached_at');
  }
}
