import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/** Images of prompts. Their bytes are files (`Storage.imagePath`). */
export class CreateSessionImages1796208000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE session_images (
        id         uuid           PRIMARY KEY,
        tenant_id  text           NOT NULL,
        session_id uuid           NOT NULL,
        media_type text           NOT NULL,
        bytes      integer        NOT NULL,
        width      integer        NOT NULL,
        height     integer        NOT NULL,
        created_by text           NOT NULL,
        created_at timestamptz(3) NOT NULL,
        used_at    timestamptz(3),
        FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
      )`);
    await db.query('CREATE INDEX session_images_of_session ON session_images (session_id)');
    await db.query('CREATE INDEX session_images_of_tenant ON session_images (tenant_id) INCLUDE (bytes)');
    await db.query(
      'CREATE INDEX session_images_unused ON session_images (tenant_id, created_at) WHERE used_at IS NULL',
    );
    await addRowSecurity(db, 'session_images');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE session_images');
  }
}
