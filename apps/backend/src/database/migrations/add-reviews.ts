import type { MigrationInterface, QueryRunner } from 'typeorm';

const KINDS = 'runs_kind_check';

/** Runs may be reviews and compactions, and say how full the conversation was at their end. */
export class AddReviews1796305000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE runs
        ADD COLUMN context jsonb,
        DROP CONSTRAINT ${KINDS},
        ADD CONSTRAINT ${KINDS} CHECK (kind IN ('prompt', 'setup', 'review', 'compact'))`);
  }

  /** Reviews and compactions that exist stay. */
  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE runs
        DROP COLUMN context,
        DROP CONSTRAINT ${KINDS},
        ADD CONSTRAINT ${KINDS} CHECK (kind IN ('prompt', 'setup')) NOT VALID`);
  }
}
