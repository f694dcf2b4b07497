import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Questions about connections, and which runs may have some. */
export class AddNetworkQuestions1796508000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE approvals ADD COLUMN destination jsonb');
    await db.query('ALTER TABLE runs ADD COLUMN asks_for_hosts boolean NOT NULL DEFAULT false');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE runs DROP COLUMN asks_for_hosts');
    await db.query('ALTER TABLE approvals DROP COLUMN destination');
  }
}
