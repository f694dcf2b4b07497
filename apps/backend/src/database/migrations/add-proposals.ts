import type { MigrationInterface, QueryRunner } from 'typeorm';

const KINDS = 'runs_kind_check';

/** Runs may be proposals of a commit's message. */
export class AddProposals1796511000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE runs
        DROP CONSTRAINT ${KINDS},
        ADD CONSTRAINT ${KINDS} CHECK (kind IN ('prompt', 'setup', 'review', 'compact', 'edit', 'check', 'proposal'))`);
  }

  /** Proposals that exist stay. */
  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE runs
        DROP CONSTRAINT ${KINDS},
        ADD CONSTRAINT ${KINDS} CHECK (kind IN ('prompt', 'setup', 'review', 'compact', 'edit', 'check')) NOT VALID`);
  }
}
