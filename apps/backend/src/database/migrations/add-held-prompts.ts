import type { MigrationInterface, QueryRunner } from 'typeorm';

/** After a person has stopped a prompt, the prompts behind it wait until the person resumes the queue. */
export class AddHeldPrompts1795930000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE runs ADD COLUMN held boolean NOT NULL DEFAULT false');
    await db.query('ALTER TABLE sessions ADD COLUMN queue_held boolean NOT NULL DEFAULT false');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions DROP COLUMN queue_held');
    await db.query('ALTER TABLE runs DROP COLUMN held');
  }
}
