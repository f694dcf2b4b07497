import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who sees a session: its tenant, or only the person who created it. */
export class AddSessionVisibility1796000500000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE sessions ADD COLUMN visibility text NOT NULL DEFAULT 'tenant'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions DROP COLUMN visibility');
  }
}
