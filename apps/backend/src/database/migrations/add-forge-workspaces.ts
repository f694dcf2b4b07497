import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens of some forges are each for one workspace, so a person may connect one host once for each. */
export class AddForgeWorkspaces1796602000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE connected_forges
        ADD COLUMN workspace text,
        DROP CONSTRAINT connected_forges_tenant_id_owner_id_host_key,
        ADD UNIQUE NULLS NOT DISTINCT (tenant_id, owner_id, host, workspace)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DELETE FROM connected_forges WHERE workspace IS NOT NULL');
    await db.query(`
      ALTER TABLE connected_forges
        DROP COLUMN workspace,
        ADD UNIQUE NULLS NOT DISTINCT (tenant_id, owner_id, host)`);
  }
}
