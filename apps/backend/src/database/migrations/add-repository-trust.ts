import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether Codex starts what the repository's `.codex` folder names. */
export class AddRepositoryTrust1795960100000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions ADD COLUMN trust_repository boolean NOT NULL DEFAULT false');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions DROP COLUMN trust_repository');
  }
}
