import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/** Messages for runs that work. */
export class CreateRunSteers1796301000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE run_steers (
        id            uuid           PRIMARY KEY,
        tenant_id     text           NOT NULL,
        session_id    uuid           NOT NULL,
        run_id        uuid           NOT NULL,
        ordinal       integer        NOT NULL,
        prompt        text           NOT NULL,
        status        text           NOT NULL CHECK (status IN ('pending', 'delivered', 'queued')),
        queued_run_id uuid,
        created_by    text           NOT NULL,
        author        jsonb          NOT NULL,
        created_at    timestamptz(3) NOT NULL,
        sent_at       timestamptz(3),
        delivered_at  timestamptz(3),
        UNIQUE (run_id, ordinal),
        CHECK ((status = 'queued') = (queued_run_id IS NOT NULL)),
        FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
      )`);
    await db.query('CREATE INDEX run_steers_of_session ON run_steers (session_id)');
    await db.query(`CREATE INDEX run_steers_pending ON run_steers (run_id) WHERE status = 'pending'`);
    await addRowSecurity(db, 'run_steers');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE run_steers');
  }
}
