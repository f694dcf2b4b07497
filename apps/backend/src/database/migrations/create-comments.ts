import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/** Remarks of people on lines of changes. */
export class CreateComments1796504000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE comments (
        id          uuid           PRIMARY KEY,
        tenant_id   text           NOT NULL,
        session_id  uuid           NOT NULL,
        text        text           NOT NULL,
        side        text           NOT NULL CHECK (side IN ('old', 'new')),
        tree        text           NOT NULL,
        path        text           NOT NULL,
        first_line  integer        NOT NULL,
        code        jsonb          NOT NULL,
        before      jsonb          NOT NULL,
        after       jsonb          NOT NULL,
        created_by  text           NOT NULL,
        author      jsonb          NOT NULL,
        created_at  timestamptz(3) NOT NULL,
        edited_at   timestamptz(3),
        run_id      uuid,
        sent_at     timestamptz(3),
        resolved_by jsonb,
        resolved_at timestamptz(3),
        CHECK ((run_id IS NULL) = (sent_at IS NULL)),
        FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
      )`);
    await db.query('CREATE INDEX comments_of_session ON comments (session_id, created_at, id)');
    await addRowSecurity(db, 'comments');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE comments');
  }
}
