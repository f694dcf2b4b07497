import type { MigrationInterface, QueryRunner } from 'typeorm';

const KINDS = 'runs_kind_check';

/** Runs may be changes that people make by themselves. */
export class AddEdits1796506000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE runs
        DROP CONSTRAINT ${KINDS},
        ADD CONSTRAINT ${KINDS} CHECK (kind IN ('prompt', 'setup', 'review', 'compact', 'edit'))`);
  }

  /** Edits that exist stay. */
  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE runs
        DROP CONSTRAINT ${KINDS},
        ADD CONSTRAINT ${KINDS} CHECK (kind IN ('prompt', 'setup', 'review', 'compact')) NOT VALID`);
  }
}
