import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRunEvents1795486000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // `event` is text: clients get the very bytes that the writer made.
    await db.query(`
      CREATE TABLE run_events (
        tenant_id text    NOT NULL,
        run_id    uuid    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        seq       integer NOT NULL,
        type      text    NOT NULL,
        event     text    NOT NULL,
        PRIMARY KEY (run_id, seq)
      )`);
    await db.query('ALTER TABLE runs ADD COLUMN archived_at timestamptz(3)');
    await db.query(`
      CREATE INDEX runs_to_archive ON runs (ended_at) WHERE ended_at IS NOT NULL AND archived_at IS NULL`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE run_events');
    await db.query('ALTER TABLE runs DROP COLUMN archived_at');
  }
}
