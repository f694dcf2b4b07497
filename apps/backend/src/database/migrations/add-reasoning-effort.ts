import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How long the model of a session reasons. NULL: the model's own default. */
export class AddReasoningEffort1796206000001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions ADD COLUMN reasoning_effort text');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions DROP COLUMN reasoning_effort');
  }
}
