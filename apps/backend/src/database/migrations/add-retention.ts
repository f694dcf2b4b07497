import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddRetention1795488000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE sessions
        ADD COLUMN archived_at          timestamptz(3),
        ADD COLUMN workspace_removed_at timestamptz(3),
        ADD COLUMN disk_bytes           bigint NOT NULL DEFAULT 0,
        ADD COLUMN disk_measured_at     timestamptz(3)`);
    // Their time starts now, since nothing announced the retention before.
    await db.query(`UPDATE sessions SET archived_at = now() WHERE status = 'archived'`);
    await db.query(`
      CREATE INDEX sessions_idle ON sessions (updated_at)
        WHERE status IN ('ready', 'failed') AND deleted_at IS NULL`);
    await db.query(`
      CREATE INDEX sessions_to_clear ON sessions (archived_at)
        WHERE status = 'archived' AND workspace_removed_at IS NULL AND deleted_at IS NULL`);
    await db.query(`
      CREATE TABLE mirror_usage (
        tenant_id   text           PRIMARY KEY,
        bytes       bigint         NOT NULL,
        measured_at timestamptz(3) NOT NULL
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE mirror_usage');
    await db.query('DROP INDEX sessions_idle, sessions_to_clear');
    await db.query(`
      ALTER TABLE sessions DROP COLUMN archived_at, DROP COLUMN workspace_removed_at,
        DROP COLUMN disk_bytes, DROP COLUMN disk_measured_at`);
  }
}
