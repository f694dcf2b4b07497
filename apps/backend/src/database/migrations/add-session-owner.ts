import type { MigrationInterface, QueryRunner } from 'typeorm';

/** To whom a session was handed over; null: it still belongs to its creator. */
export class AddSessionOwner1796100200000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions ADD COLUMN owner_id text');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE sessions DROP COLUMN owner_id');
  }
}
