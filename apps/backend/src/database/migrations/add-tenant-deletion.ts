import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tenants that can be deleted and restored, and invitations by link. */
export class AddTenantDeletion1796000300000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE tenants
        ADD COLUMN deleted_at         timestamptz(3),
        ADD COLUMN removal_started_at timestamptz(3)`);
    await db.query('CREATE INDEX tenants_deleted ON tenants (deleted_at) WHERE deleted_at IS NOT NULL');
    // No version before could create an invitation. better-auth refuses a required column that it does not know.
    await db.query(`
      ALTER TABLE invitations
        ALTER COLUMN email DROP NOT NULL,
        ALTER COLUMN role SET NOT NULL,
        ADD COLUMN token_hash text UNIQUE,
        ADD CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
        ADD CHECK (status IN ('pending', 'accepted', 'revoked'))`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DELETE FROM invitations');
    await db.query(`
      ALTER TABLE invitations
        DROP CONSTRAINT invitations_role_check, DROP CONSTRAINT invitations_status_check,
        DROP COLUMN token_hash, ALTER COLUMN role DROP NOT NULL, ALTER COLUMN email SET NOT NULL`);
    await db.query('DROP INDEX tenants_deleted');
    await db.query('ALTER TABLE tenants DROP COLUMN deleted_at, DROP COLUMN removal_started_at');
  }
}
