import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A connection may be a GitHub App, which belongs to the organisation. Its private key is the secret with the same id, where others have a token. */
export class AddGithubApps1796509000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE connected_forges
        ADD COLUMN github_app jsonb CHECK (github_app IS NULL OR (kind = 'github' AND owner_id IS NULL))`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DELETE FROM connected_forges WHERE github_app IS NOT NULL');
    await db.query('ALTER TABLE connected_forges DROP COLUMN github_app');
  }
}
