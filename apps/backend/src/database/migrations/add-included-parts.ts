import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a session fetches with its repository. */
export class AddIncludedParts1796800000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query("ALTER TABLE sessions ADD COLUMN include text[] NOT NULL DEFAULT '{}'");
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions DROP COLUMN include');
  }
}
