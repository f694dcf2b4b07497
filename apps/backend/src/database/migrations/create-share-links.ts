import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/** Links that show a session to people outside. Of their secrets only hashes are kept. */
export class CreateShareLinks1796100700001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE share_links (
        id             uuid           PRIMARY KEY,
        tenant_id      text           NOT NULL,
        session_id     uuid           NOT NULL,
        token_hash     text           NOT NULL UNIQUE,
        created_by     text           NOT NULL,
        created_at     timestamptz(3) NOT NULL,
        expires_at     timestamptz(3),
        revoked_at     timestamptz(3),
        last_opened_at timestamptz(3),
        FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
      )`);
    await db.query('CREATE INDEX share_links_of_session ON share_links (session_id, created_at, id)');
    await addRowSecurity(db, 'share_links');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE share_links');
  }
}
