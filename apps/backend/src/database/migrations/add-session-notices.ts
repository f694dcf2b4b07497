import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a session's clone lacks, although the repository has it: LFS files, submodules. Earlier sessions say nothing. */
export class AddSessionNotices1795945000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query("ALTER TABLE sessions ADD COLUMN notices jsonb NOT NULL DEFAULT '[]'");
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions DROP COLUMN notices');
  }
}
