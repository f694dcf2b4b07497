import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddNetworkAndSetup1795485000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE sessions
        ADD COLUMN network      jsonb NOT NULL DEFAULT '{"mode":"off"}',
        ADD COLUMN setup        jsonb,
        ADD COLUMN setup_status text
          CHECK (setup_status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'))`);
    await db.query(`
      ALTER TABLE runs
        ADD COLUMN kind text NOT NULL DEFAULT 'prompt' CHECK (kind IN ('prompt', 'setup'))`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE runs DROP COLUMN kind');
    await db.query('ALTER TABLE sessions DROP COLUMN network, DROP COLUMN setup, DROP COLUMN setup_status');
  }
}
