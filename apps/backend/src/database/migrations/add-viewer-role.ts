import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddViewerRole1795960300000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE members
        DROP CONSTRAINT members_role_check,
        ADD CONSTRAINT members_role_check CHECK (role IN ('owner', 'admin', 'member', 'viewer'))`);
  }

  /** The version before gives members no permission, so a viewer who becomes one gains nothing. */
  async down(db: QueryRunner): Promise<void> {
    await db.query(`UPDATE members SET role = 'member' WHERE role = 'viewer'`);
    await db.query(`
      ALTER TABLE members
        DROP CONSTRAINT members_role_check,
        ADD CONSTRAINT members_role_check CHECK (role IN ('owner', 'admin', 'member'))`);
  }
}
