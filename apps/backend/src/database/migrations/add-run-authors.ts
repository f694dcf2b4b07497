import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who wrote a run's prompt and who stopped it, under the names of that time. Earlier runs get the names of today. */
export class AddRunAuthors1796100300000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE runs ADD COLUMN author jsonb, ADD COLUMN cancelled_by jsonb');
    await db.query(`
      UPDATE runs r SET author = jsonb_build_object('kind', 'person', 'id', u.id, 'name', u.name)
        FROM users u WHERE u.id = r.created_by`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE runs DROP COLUMN author, DROP COLUMN cancelled_by');
  }
}
