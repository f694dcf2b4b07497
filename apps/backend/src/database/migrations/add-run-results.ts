import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A run's final message, and the order of the list of all runs of a tenant. */
export class AddRunResults1795931000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE runs ADD COLUMN final_message text');
    await db.query('CREATE INDEX runs_by_tenant ON runs (tenant_id, created_at DESC, id DESC)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX runs_by_tenant');
    await db.query('ALTER TABLE runs DROP COLUMN final_message');
  }
}
