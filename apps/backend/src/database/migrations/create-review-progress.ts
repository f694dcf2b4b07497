import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/** How far each person has reviewed each session. */
export class CreateReviewProgress1796505000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE review_progress (
        tenant_id     text           NOT NULL,
        user_id       text           NOT NULL,
        session_id    uuid           NOT NULL,
        reviewed_tree text,
        reviewed_at   timestamptz(3),
        viewed        jsonb          NOT NULL,
        PRIMARY KEY (session_id, user_id),
        FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE,
        FOREIGN KEY (user_id, tenant_id) REFERENCES members (user_id, tenant_id) ON DELETE CASCADE
      )`);
    await db.query('CREATE INDEX review_progress_of_person ON review_progress (user_id, tenant_id)');
    await addRowSecurity(db, 'review_progress');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE review_progress');
  }
}
