import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/** What the admins of an organisation decide for its repositories. */
export class CreateRepositoryRules1796510000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE repository_rules (
        id                   uuid           PRIMARY KEY,
        tenant_id            text           NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
        host                 text           NOT NULL,
        path                 text           NOT NULL,
        branch_pattern       text,
        allow_default_branch boolean        NOT NULL,
        created_by           text           NOT NULL,
        created_at           timestamptz(3) NOT NULL,
        updated_at           timestamptz(3) NOT NULL,
        UNIQUE (tenant_id, host, path)
      )`);
    await addRowSecurity(db, 'repository_rules');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE repository_rules');
  }
}
