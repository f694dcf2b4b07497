import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys that sign commits, and with which one each commit was signed. */
export class AddSigningKeys1796510100000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(
      allowKinds(
        "'environment', 'model_key', 'git_credential', 'webhook_secret', 'forge_token', 'forge_webhook', 'signing_key'",
      ),
    );
    await db.query('ALTER TABLE session_commits ADD COLUMN signed_with text');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE session_commits DROP COLUMN signed_with');
    await db.query("DELETE FROM secrets WHERE kind = 'signing_key'");
    await db.query(
      allowKinds(
        "'environment', 'model_key', 'git_credential', 'webhook_secret', 'forge_token', 'forge_webhook'",
      ),
    );
  }
}

const allowKinds = (kinds: string) => `
  ALTER TABLE secrets
    DROP CONSTRAINT secrets_kind_check,
    ADD CONSTRAINT secrets_kind_check CHECK (kind IN (${kinds}))`;
