import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a pull request is kept green by itself, and what was done for it. */
export class AddKeepGreen1796513000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE pull_requests ADD COLUMN keep_green jsonb');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE pull_requests DROP COLUMN keep_green');
  }
}
